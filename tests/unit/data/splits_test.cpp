#include "harness/data/splits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::data {
namespace {

using Rows = std::vector<std::int64_t>;

Stream split_stream(std::uint64_t seed) { return Streams(seed).open("split"); }

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

TEST(Splits, ShuffleOfTheSpecification) {
  EXPECT_EQ(shuffled(10, split_stream(42), 0), (Rows{7, 1, 0, 6, 8, 3, 9, 2, 4, 5}));
}

TEST(Splits, FoldsOfTheSpecification) {
  const Rows expected[] = {{0, 1, 7}, {3, 6, 8}, {2, 4, 5, 9}};
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    EXPECT_EQ(sorted(k_fold(10, split_stream(42), 0, 3, fold, 0).test), expected[fold]);
  }
}

TEST(Splits, FoldsPartitionForManySizes) {
  for (const std::int64_t n : {5, 6, 17, 100}) {
    for (std::uint32_t repeat = 0; repeat < 3; ++repeat) {
      Rows tests;
      for (std::uint32_t fold = 0; fold < 5; ++fold) {
        const SplitRows split = k_fold(n, split_stream(7), repeat, 5, fold, 0.25);
        EXPECT_EQ(sorted(all_of(split)), iota(n));
        EXPECT_EQ(std::ssize(split.validation), std::lround(0.25 * static_cast<double>(n - std::ssize(split.test))));
        tests.insert(tests.end(), split.test.begin(), split.test.end());
      }
      EXPECT_EQ(sorted(tests), iota(n));
    }
  }
}

TEST(Splits, HoldoutHasItsSizesAndPartitions) {
  const SplitRows split = holdout(101, split_stream(3), 0, 0.2, 0.1);
  EXPECT_EQ(split.test.size(), 20u);
  EXPECT_EQ(split.validation.size(), 8u);  // a tenth of 81
  EXPECT_EQ(sorted(all_of(split)), iota(101));
}

TEST(Splits, PositionsAreOfTheSortedIds) {
  EXPECT_EQ(order_of_ids(std::vector<std::string>{"a", "b", "ba", "c"}), iota(4));
  EXPECT_EQ(order_of_ids(std::vector<std::string>{"10", "9", "1", "\xc3\xa9", "z"}), (Rows{2, 0, 1, 4, 3}));
  EXPECT_EQ(order_of_ids({}), Rows{});
}

TEST(Splits, NamesAreNumberedInByteOrder) {
  EXPECT_EQ(numbered(std::vector<std::string>{"chr2", "chr10", "chr10", "X", "chr2"}), (Rows{2, 1, 1, 0, 2}));
}

TEST(Splits, SeedsAndRepeatsDiffer) {
  const Rows first = shuffled(50, split_stream(1), 0);
  EXPECT_NE(first, shuffled(50, split_stream(2), 0));
  EXPECT_NE(first, shuffled(50, split_stream(1), 1));
}

TEST(Splits, ValidationIsDrawnAnewInEachFold) {
  const auto first = k_fold(60, split_stream(1), 0, 3, 0, 0.5).validation;
  const auto second = k_fold(60, split_stream(1), 0, 3, 1, 0.5).validation;
  Rows both;
  std::ranges::set_intersection(sorted(first), sorted(second), std::back_inserter(both));
  EXPECT_LT(both.size(), first.size());
  EXPECT_GT(both.size(), 0u);
}

TEST(Splits, SubsamplesNest) {
  const Stream stream = Streams(5).open("subsample");
  for (const std::int64_t m : {0, 1, 50, 120, 200}) {
    const Rows small = subsample(200, stream, m);
    EXPECT_EQ(static_cast<std::int64_t>(small.size()), m);
    EXPECT_TRUE(std::ranges::is_sorted(small));
    EXPECT_TRUE(std::ranges::includes(subsample(200, stream, std::min<std::int64_t>(200, m + 30)), small));
  }
  EXPECT_NE(subsample(200, stream, 50), iota(50));
  const std::vector<std::string> ids = {"d", "a", "c", "b"};  // drawn by id: their order does not matter
  const Rows of_sorted = subsample(4, stream, 2);
  Rows wanted = {order_of_ids(ids)[static_cast<std::size_t>(of_sorted[0])], order_of_ids(ids)[static_cast<std::size_t>(of_sorted[1])]};
  std::ranges::sort(wanted);
  EXPECT_EQ(subsample(ids, stream, 2), wanted);
}

TEST(Splits, EveryRowIsTestAboutEquallyOften) {
  std::map<std::int64_t, int> times;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    for (const std::int64_t row : holdout(10, split_stream(seed), 0, 0.3, 0).test) ++times[row];
  }
  ASSERT_EQ(times.size(), 10u);
  for (const auto& [row, count] : times) EXPECT_NEAR(count, 600, 103) << row;  // 5 standard deviations
}

TEST(Splits, RefusesWhatCannotBeCut) {
  EXPECT_THROW((void)k_fold(3, split_stream(1), 0, 5, 0, 0), InputError);
  EXPECT_THROW((void)k_fold(4, split_stream(1), 0, 2, 0, 1.0), InputError);
  EXPECT_THROW((void)k_fold(2, split_stream(1), 0, 2, 0, 0.9), InputError);  // nothing left to train on
  EXPECT_THROW((void)holdout(4, split_stream(1), 0, -0.1, 0), InputError);
  EXPECT_THROW((void)holdout(1, split_stream(1), 0, 0.6, 0), InputError);
  EXPECT_THROW((void)subsample(4, split_stream(1), 5), InputError);
}

TEST(SplitsDeathTest, EqualIdsAreAnAssertion) {
  EXPECT_DEATH((void)order_of_ids(std::vector<std::string>{"a", "b", "a"}), "unique");
}

}  // namespace
}  // namespace seqbench::data
