#include "harness/data/splits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "harness/base/error.h"

namespace seqbench::data {
namespace {

using Rows = std::vector<std::int64_t>;

Stream split_stream(std::uint64_t seed) { return Streams(seed).open("split"); }

std::vector<std::string> ids_of(std::size_t n) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < n; ++i) ids.push_back(std::to_string(i));
  return ids;
}

Rows sorted(Rows rows) {
  std::ranges::sort(rows);
  return rows;
}

Rows all_of(const SplitRows& split) {
  Rows rows = split.train;
  rows.insert(rows.end(), split.validation.begin(), split.validation.end());
  rows.insert(rows.end(), split.test.begin(), split.test.end());
  return rows;
}

Rows iota(std::int64_t n) {
  Rows rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

std::set<std::string> names(const std::vector<std::string>& ids, const Rows& rows) {
  std::set<std::string> result;
  for (const std::int64_t row : rows) result.insert(ids[static_cast<std::size_t>(row)]);
  return result;
}

TEST(Splits, ShuffleOfTheSpecification) {
  EXPECT_EQ(shuffled(ids_of(10), split_stream(42), 0), (Rows{7, 1, 0, 6, 8, 3, 9, 2, 4, 5}));
}

TEST(Splits, FoldsOfTheSpecification) {
  const Rows expected[] = {{0, 1, 7}, {3, 6, 8}, {2, 4, 5, 9}};
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    EXPECT_EQ(sorted(k_fold(ids_of(10), split_stream(42), 0, 3, fold, 0).test), expected[fold]);
  }
}

TEST(Splits, FoldsPartitionForManySizes) {
  for (const std::size_t n : {5u, 6u, 17u, 100u}) {
    const auto ids = ids_of(n);
    for (std::uint32_t repeat = 0; repeat < 3; ++repeat) {
      Rows tests;
      for (std::uint32_t fold = 0; fold < 5; ++fold) {
        const SplitRows split = k_fold(ids, split_stream(n), repeat, 5, fold, 0.25);
        EXPECT_EQ(sorted(all_of(split)), iota(static_cast<std::int64_t>(n)));
        EXPECT_EQ(static_cast<long>(split.validation.size()),
                  std::lround(0.25 * static_cast<double>(n - split.test.size())));
        tests.insert(tests.end(), split.test.begin(), split.test.end());
      }
      EXPECT_EQ(sorted(tests), iota(static_cast<std::int64_t>(n)));
    }
  }
}

TEST(Splits, HoldoutHasItsSizesAndPartitions) {
  const SplitRows split = holdout(ids_of(101), split_stream(3), 0, 0.2, 0.1);
  EXPECT_EQ(split.test.size(), 20u);
  EXPECT_EQ(split.validation.size(), 8u);  // a tenth of 81
  EXPECT_EQ(sorted(all_of(split)), iota(101));
}

TEST(Splits, OrderOfTheIdsDoesNotMatter) {
  auto ids = ids_of(40);
  const SplitRows folds = k_fold(ids, split_stream(9), 1, 4, 2, 0.2);
  const SplitRows parts = holdout(ids, split_stream(9), 1, 0.3, 0.2);
  const auto few = names(ids, subsample(ids, Streams(9).open("subsample"), 11));
  auto turned = ids;
  std::ranges::reverse(turned);
  std::swap(turned[3], turned[30]);
  const SplitRows folds_turned = k_fold(turned, split_stream(9), 1, 4, 2, 0.2);
  const SplitRows parts_turned = holdout(turned, split_stream(9), 1, 0.3, 0.2);
  EXPECT_EQ(names(ids, folds.test), names(turned, folds_turned.test));
  EXPECT_EQ(names(ids, folds.validation), names(turned, folds_turned.validation));
  EXPECT_EQ(names(ids, parts.test), names(turned, parts_turned.test));
  EXPECT_EQ(names(ids, parts.validation), names(turned, parts_turned.validation));
  EXPECT_EQ(few, names(turned, subsample(turned, Streams(9).open("subsample"), 11)));
}

TEST(Splits, SeedsAndRepeatsDiffer) {
  const auto ids = ids_of(50);
  const Rows first = shuffled(ids, split_stream(1), 0);
  EXPECT_NE(first, shuffled(ids, split_stream(2), 0));
  EXPECT_NE(first, shuffled(ids, split_stream(1), 1));
}

TEST(Splits, ValidationIsDrawnAnewInEachFold) {
  const auto ids = ids_of(60);
  const auto first = k_fold(ids, split_stream(1), 0, 3, 0, 0.5).validation;
  const auto second = k_fold(ids, split_stream(1), 0, 3, 1, 0.5).validation;
  Rows both;
  std::ranges::set_intersection(sorted(first), sorted(second), std::back_inserter(both));
  EXPECT_LT(both.size(), first.size());
  EXPECT_GT(both.size(), 0u);
}

TEST(Splits, SubsamplesNest) {
  const auto ids = ids_of(200);
  const Stream stream = Streams(5).open("subsample");
  for (const std::int64_t m : {0, 1, 50, 120, 200}) {
    const Rows small = subsample(ids, stream, m);
    EXPECT_EQ(static_cast<std::int64_t>(small.size()), m);
    EXPECT_TRUE(std::ranges::is_sorted(small));
    EXPECT_TRUE(std::ranges::includes(subsample(ids, stream, std::min<std::int64_t>(200, m + 30)), small));
  }
  EXPECT_NE(subsample(ids, stream, 50), iota(50));
}

TEST(Splits, EveryRowIsTestAboutEquallyOften) {
  std::map<std::int64_t, int> times;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    for (const std::int64_t row : holdout(ids_of(10), split_stream(seed), 0, 0.3, 0).test) ++times[row];
  }
  ASSERT_EQ(times.size(), 10u);
  for (const auto& [row, count] : times) EXPECT_NEAR(count, 600, 103) << row;  // 5 standard deviations
}

TEST(Splits, RefusesWhatCannotBeCut) {
  EXPECT_THROW((void)k_fold(ids_of(3), split_stream(1), 0, 5, 0, 0), InputError);
  EXPECT_THROW((void)k_fold(ids_of(4), split_stream(1), 0, 2, 0, 1.0), InputError);
  EXPECT_THROW((void)k_fold(ids_of(2), split_stream(1), 0, 2, 0, 0.9), InputError);  // nothing left to train on
  EXPECT_THROW((void)holdout(ids_of(4), split_stream(1), 0, -0.1, 0), InputError);
  EXPECT_THROW((void)holdout(ids_of(1), split_stream(1), 0, 0.6, 0), InputError);
  EXPECT_THROW((void)subsample(ids_of(4), split_stream(1), 5), InputError);
}

TEST(SplitsDeathTest, EqualIdsAreAnAssertion) {
  EXPECT_DEATH((void)shuffled(std::vector<std::string>{"a", "b", "a"}, split_stream(1), 0), "unique");
}

}  // namespace
}  // namespace seqbench::data
