#include <gtest/gtest.h>

#include "reports/tables.h"

namespace seqbench::reports {
namespace {

Row row_of(const std::string& variant, double validation, double test) {
  Row row;
  row.kind = "fit";
  row.model = "ridge";
  row.view = "one_hot";
  row.variant = variant;
  for (const auto& [split, mean] : {std::pair{"validation", validation}, std::pair{"test", test}}) {
    Row::Cell cell;
    cell.metric = "mse";
    cell.split = split;
    cell.slice = "all";
    cell.summary.mean = mean;
    row.cells.push_back(cell);
  }
  return row;
}

TEST(Choice, ShowsWhatValidationChoosesBesideWhatTestWouldHaveChosen) {
  const std::vector<Row> rows = {row_of("a=1", 0.14, 1.2), row_of("a=2", 0.15, 0.9), row_of("a=3", 0.20, 1.0)};
  const auto found = diagnose_choice(rows, {"mse"});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].label, "ridge on one_hot, best of 3 settings chosen on validation");
  EXPECT_DOUBLE_EQ(found[0].value, 1.2);
  EXPECT_EQ(found[1].label, "ridge on one_hot, best of 3 settings chosen on test (no one may use it)");
  EXPECT_DOUBLE_EQ(found[1].value, 0.9);
  EXPECT_EQ(found[1].note, "a=2");
}

TEST(Choice, SaysNothingOfASingleSettingOrAControl) {
  std::vector<Row> rows = {row_of("a=1", 0.14, 1.2), row_of("a=2", 0.15, 0.9)};
  rows[1].kind = "control";
  EXPECT_TRUE(diagnose_choice(rows, {"mse"}).empty());
}

TEST(Choice, SettingsOfOtherSplitsAreOthers) {
  std::vector<Row> rows = {row_of("a=1", 0.14, 1.2), row_of("a=2", 0.15, 0.9), row_of("a=1", 0.3, 2.2), row_of("a=2", 0.2, 2.5)};
  for (Row& row : rows) row.split_kind = &row < &rows[2] ? "kfold" : "grouped";
  const auto found = diagnose_choice(rows, {"mse"});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_DOUBLE_EQ(found[0].value, 2.5);
  EXPECT_NE(found[0].label.find("split grouped), best of 2 settings chosen on validation"), std::string::npos) << found[0].label;
  EXPECT_DOUBLE_EQ(found[2].value, 1.2);
  EXPECT_NE(found[2].label.find("split kfold)"), std::string::npos) << found[2].label;
}

TEST(Diagnostics, OfOtherSplitsStandApart) {
  const auto labels = [](const std::vector<Part>& parts) {
    std::vector<std::string> out;
    for (const auto& d : diagnose(parts, {"mse"})) out.push_back(d.label);
    return out;
  };
  EXPECT_EQ(labels({{"a", "test", {1, 2}}, {"a", "test", {3, 5}}}),
            (std::vector<std::string>{"label variance", "best constant on test (no one may use it)"}));
  EXPECT_EQ(labels({{"a", "test", {1, 2}}, {"b", "test", {3, 5}}}),
            (std::vector<std::string>{"label variance (a)", "best constant on test (no one may use it) (a)", "label variance (b)",
                                      "best constant on test (no one may use it) (b)"}));
}

}  // namespace
}  // namespace seqbench::reports
