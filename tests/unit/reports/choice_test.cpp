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

}  // namespace
}  // namespace seqbench::reports
