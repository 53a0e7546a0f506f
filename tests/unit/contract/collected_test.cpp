#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/contract/collected.h"

namespace seqbench {
namespace {

const std::vector<std::string> kNames = {"d", "b", "c", "a"};

void add(CollectedPredictions& predictions, std::string_view name, std::vector<std::string_view> cells) { predictions.add(name, cells); }

TEST(CollectedPredictions, ComeInAnyOrderAndGoInTheOrderAskedFor) {
  CollectedPredictions predictions(kNames, {0, 3, 1}, 2, TaskKind::kRegression);
  add(predictions, "b", {"1", "-2e-3"});
  add(predictions, "d", {"3", "4"});
  EXPECT_THROW(predictions.check_complete(), InputError);
  add(predictions, "a", {"5", "6"});
  predictions.check_complete();
  const std::vector<std::int64_t> rows = {1, 3, 0};
  EXPECT_EQ(predictions.of(rows), (std::vector<double>{1, -2e-3, 5, 6, 3, 4}));
  EXPECT_TRUE(predictions.knows("a"));
  EXPECT_FALSE(predictions.knows("c")) << "a row of the data that is not to be predicted";
}

TEST(CollectedPredictions, RefusesWhatIsNotOneFiniteValueATarget) {
  CollectedPredictions predictions(kNames, {0, 1, 2, 3}, 1, TaskKind::kBinary);
  add(predictions, "a", {"1"});
  for (const auto& [name, cell] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"a", "1"}, {"e", "1"}, {"", "1"}, {"b", "nan"}, {"b", ""}, {"b", "x"}, {"b", "1.01"}, {"b", "-0.1"}, {"b", "1e999"}}) {
    EXPECT_THROW(add(predictions, name, {cell}), InputError) << name << " " << cell;
  }
  EXPECT_THROW(add(predictions, "b", {}), InputError);
  EXPECT_THROW(add(predictions, "b", {"0", "0"}), InputError);
  add(predictions, "b", {"0"});
}

TEST(CollectedPredictions, NamesTheFirstFiveThatAreMissing) {
  std::vector<std::string> names;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 8; ++i) names.push_back("n" + std::to_string(i)), rows.push_back(i);
  CollectedPredictions predictions(names, rows, 1, TaskKind::kRegression);
  add(predictions, "n1", {"0"});
  try {
    predictions.check_complete();
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "7 of 8 ids are missing: n0, n2, n3, n4, n5, ...");
  }
  names[3] = "n4";
  EXPECT_THROW(CollectedPredictions(names, rows, 1, TaskKind::kRegression), InputError);
}

}  // namespace
}  // namespace seqbench
