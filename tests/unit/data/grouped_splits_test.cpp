// Splits that balance classes and keep groups whole. Golden rows are of a second implementation of the text, in Python.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "harness/base/error.h"
#include "harness/data/splits.h"

namespace seqbench::data {
namespace {

using Rows = std::vector<std::int64_t>;

Stream split_stream(std::uint64_t seed) { return Streams(seed).open("split"); }

/// n draws below `most`, skewed to the low numbers.
Rows numbers(std::size_t n, std::int64_t most, std::uint64_t seed) {
  const Stream stream = Streams(seed).open("test");
  Rows out;
  for (std::size_t i = 0; i < n; ++i) {
    Draws draws = stream.at({.item = static_cast<std::uint32_t>(i)});
    out.push_back(std::min(static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(most))),
                           static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(most)))));
  }
  return out;
}

Rows sorted(Rows rows) {
  std::ranges::sort(rows);
  return rows;
}

void expect_partition(const SplitRows& split, std::size_t n) {
  Rows rows = split.train;
  rows.insert(rows.end(), split.validation.begin(), split.validation.end());
  rows.insert(rows.end(), split.test.begin(), split.test.end());
  Rows all(n);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted(rows), all);
}

std::map<std::int64_t, std::int64_t> counts(const Rows& rows, const Rows& of) {
  std::map<std::int64_t, std::int64_t> out;
  for (const std::int64_t row : rows) ++out[of[static_cast<std::size_t>(row)]];
  return out;
}

std::set<std::int64_t> values(const Rows& rows, const Rows& of) {
  std::set<std::int64_t> out;
  for (const std::int64_t row : rows) out.insert(of[static_cast<std::size_t>(row)]);
  return out;
}

void expect_apart(const Rows& a, const Rows& b, const Rows& groups) {
  const auto in_a = values(a, groups), in_b = values(b, groups);
  Rows both;
  std::ranges::set_intersection(in_a, in_b, std::back_inserter(both));
  EXPECT_TRUE(both.empty()) << both.size() << " groups on two sides";
}

TEST(StratifiedFolds, CountsOfClassesAndSizesDifferByOneAtMost) {
  for (const auto& [n, classes, folds] : {std::tuple(100u, 2, 5u), std::tuple(53u, 3, 4u), std::tuple(200u, 12, 7u)}) {
    const Rows of = numbers(n, classes, n);
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> range;  // of class -1: sizes
    Rows tested;
    for (std::uint32_t fold = 0; fold < folds; ++fold) {
      const SplitRows split = stratified_k_fold(of, split_stream(3), 1, folds, fold, 0.3);
      expect_partition(split, n);
      tested.insert(tested.end(), split.test.begin(), split.test.end());
      auto seen = counts(split.test, of);
      seen[-1] = std::ssize(split.test);
      for (std::int64_t c = -1; c < classes; ++c) {
        auto& [low, high] = range.try_emplace(c, seen[c], seen[c]).first->second;
        low = std::min(low, seen[c]);
        high = std::max(high, seen[c]);
      }
    }
    EXPECT_EQ(tested.size(), n);
    EXPECT_EQ(std::set(tested.begin(), tested.end()).size(), n);
    for (const auto& [c, ends] : range) EXPECT_LE(ends.second - ends.first, 1) << "class " << c;
  }
}

TEST(StratifiedFolds, ValidationKeepsTheSharesOfClasses) {
  const Rows of = numbers(300, 4, 8);
  const SplitRows split = stratified_k_fold(of, split_stream(3), 0, 5, 2, 0.25);
  EXPECT_EQ(split.validation.size(), 60u);  // a quarter of 240
  auto held = counts(split.validation, of), left = counts(split.train, of);
  for (std::int64_t c = 0; c < 4; ++c) EXPECT_LE(std::abs(4 * held[c] - (held[c] + left[c])), 4) << c;
}

TEST(StratifiedFolds, AreGolden) {
  const Rows of = {0, 1, 0, 1, 0, 1, 0, 0, 1, 0};
  std::vector<Rows> tests;
  for (std::uint32_t fold = 0; fold < 3; ++fold) tests.push_back(sorted(stratified_k_fold(of, split_stream(42), 0, 3, fold, 0).test));
  EXPECT_EQ(tests, (std::vector<Rows>{{0, 1, 2, 5}, {3, 4, 9}, {6, 7, 8}}));
  EXPECT_EQ(sorted(stratified_k_fold(of, split_stream(42), 0, 3, 0, 0.3).validation), (Rows{3, 6}));
}

TEST(GroupedFolds, NoGroupIsOnTwoSides) {
  for (const std::int64_t most : {6, 25, 180}) {
    const Rows groups = numbers(200, most, 5), classes = numbers(200, 2, 6);
    for (const Rows& strata : {Rows(), classes}) {
      Rows tested;
      for (std::uint32_t fold = 0; fold < 5; ++fold) {
        const SplitRows split = grouped_k_fold(groups, strata, split_stream(1), 0, 5, fold, 0.2);
        expect_partition(split, 200);
        expect_apart(split.test, split.train, groups);
        expect_apart(split.test, split.validation, groups);
        expect_apart(split.validation, split.train, groups);
        EXPECT_FALSE(split.validation.empty());
        tested.insert(tested.end(), split.test.begin(), split.test.end());
      }
      EXPECT_EQ(sorted(tested).size(), 200u);
      EXPECT_EQ(std::set(tested.begin(), tested.end()).size(), 200u);
    }
  }
}

TEST(GroupedFolds, LargestGroupsGoToTheEmptiestFolds) {
  // Sizes 5 4 3 3 2 2 1, three folds: {5, 2} {4, 2, 1} {3, 3}.
  const Rows groups = {0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6};
  std::multiset<std::size_t> sizes;
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    const SplitRows split = grouped_k_fold(groups, {}, split_stream(9), 0, 3, fold, 0);
    sizes.insert(split.test.size());
    EXPECT_EQ(fold == 0, values(split.test, groups).contains(0));
    EXPECT_EQ(fold == 1, values(split.test, groups).contains(1));
  }
  EXPECT_EQ(sizes, (std::multiset<std::size_t>{6, 7, 7}));
}

TEST(GroupedFolds, StrataSpreadTheClassesWhereGroupsAloneDoNot) {
  // 24 groups of 4 rows; the first 6 are all of class 1.
  Rows groups, classes;
  for (std::int64_t g = 0; g < 24; ++g) {
    for (int i = 0; i < 4; ++i) {
      groups.push_back(g);
      classes.push_back(g < 6 ? 1 : 0);
    }
  }
  std::set<std::int64_t> blind;
  for (std::uint32_t fold = 0; fold < 6; ++fold) {
    EXPECT_EQ(counts(grouped_k_fold(groups, classes, split_stream(2), 0, 6, fold, 0).test, classes)[1], 4) << fold;
    blind.insert(counts(grouped_k_fold(groups, {}, split_stream(2), 0, 6, fold, 0).test, classes)[1]);
  }
  EXPECT_GT(blind.size(), 1u);
}

TEST(GroupedFolds, PartsComeNearTheirShares) {
  const Rows groups = numbers(2000, 150, 11), classes = numbers(2000, 2, 12);
  const double rate = static_cast<double>(std::ranges::count(classes, 1)) / 2000;
  for (std::uint32_t fold = 0; fold < 4; ++fold) {
    const SplitRows split = grouped_k_fold(groups, classes, split_stream(4), 0, 4, fold, 0.2);
    EXPECT_NEAR(static_cast<double>(split.test.size()), 500, 15);
    EXPECT_NEAR(static_cast<double>(split.validation.size()), 300, 30);
    EXPECT_NEAR(static_cast<double>(counts(split.validation, classes)[1]), rate * 300, 20);
  }
}

TEST(GroupedFolds, AreGolden) {
  const Rows groups = {0, 1, 1, 2, 0, 3, 3, 4, 4, 2, 5, 0, 6, 6, 5}, classes = {0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0};
  std::vector<Rows> alone, both;
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    alone.push_back(sorted(grouped_k_fold(groups, {}, split_stream(42), 0, 3, fold, 0).test));
    both.push_back(sorted(grouped_k_fold(groups, classes, split_stream(42), 0, 3, fold, 0).test));
  }
  EXPECT_EQ(alone, (std::vector<Rows>{{0, 4, 5, 6, 11}, {3, 7, 8, 9, 10, 14}, {1, 2, 12, 13}}));
  EXPECT_EQ(both, (std::vector<Rows>{{0, 4, 5, 6, 11}, {1, 2, 7, 8, 10, 14}, {3, 9, 12, 13}}));
  const SplitRows held = grouped_holdout(groups, split_stream(42), 0, 0.25, 0.25);
  EXPECT_EQ(sorted(held.test), (Rows{5, 6, 10, 14}));
  EXPECT_EQ(sorted(held.validation), (Rows{12, 13}));
}

TEST(GroupedHoldout, KeepsGroupsWholeAndDrawsAnewEachRepeat) {
  const Rows groups = numbers(1000, 90, 21);
  std::set<Rows> tests;
  for (std::uint32_t repeat = 0; repeat < 4; ++repeat) {
    const SplitRows split = grouped_holdout(groups, split_stream(1), repeat, 0.2, 0.1);
    expect_partition(split, 1000);
    expect_apart(split.test, split.train, groups);
    expect_apart(split.test, split.validation, groups);
    expect_apart(split.validation, split.train, groups);
    EXPECT_NEAR(static_cast<double>(split.test.size()), 200, 30);
    EXPECT_NEAR(static_cast<double>(split.validation.size()), 80, 20);
    tests.insert(sorted(split.test));
  }
  EXPECT_EQ(tests.size(), 4u);
}

TEST(GroupedHoldout, AskedForPartsAreNeverEmpty) {
  const Rows groups = {0, 0, 0, 1, 1, 2};
  const SplitRows split = grouped_holdout(groups, split_stream(1), 0, 0.01, 0.01);
  EXPECT_EQ(split.test, (Rows{5}));  // the smallest group
  EXPECT_EQ(sorted(split.validation), (Rows{3, 4}));
}

TEST(QuantileBins, AreOfEqualCountWithTiesByPosition) {
  EXPECT_EQ(quantile_bins(std::vector<double>{5, 1, 5, -2, 0.5, 5}, 3), (Rows{1, 1, 2, 0, 0, 2}));
  const Rows bins = quantile_bins(std::vector<double>(103, 1.0), 10);
  EXPECT_TRUE(std::ranges::is_sorted(bins));
  for (std::int64_t b = 0; b < 10; ++b) EXPECT_NEAR(static_cast<double>(std::ranges::count(bins, b)), 10.3, 1);
}

TEST(Smallest, NestAndRestOnTheRowAlone) {
  const Stream stream = Streams(5).open("subsample");
  Rows all(300), even;
  std::iota(all.begin(), all.end(), 0);
  std::ranges::copy_if(all, std::back_inserter(even), [](std::int64_t row) { return row % 2 == 0; });
  Rows smaller;
  for (const std::int64_t m : {0, 1, 40, 90, 300}) {
    const Rows kept = smallest(all, stream, 0, m);
    EXPECT_EQ(std::ssize(kept), m);
    EXPECT_TRUE(std::ranges::includes(kept, smaller));
    smaller = kept;
  }
  // What is kept of the even rows is kept whether or not there are odd ones.
  const Rows of_all = smallest(all, stream, 0, 100);
  Rows kept_even;
  std::ranges::copy_if(of_all, std::back_inserter(kept_even), [](std::int64_t row) { return row % 2 == 0; });
  EXPECT_EQ(smallest(even, stream, 0, std::ssize(kept_even)), kept_even);
  Rows turned = all;
  std::ranges::reverse(turned);
  EXPECT_EQ(smallest(turned, stream, 0, 100), of_all);
  EXPECT_NE(smallest(all, stream, 1, 100), of_all);
  EXPECT_EQ(smallest(all, stream, 0, 5), (Rows{20, 43, 197, 240, 288}));
  EXPECT_THROW((void)smallest(even, stream, 0, 151), InputError);
}

TEST(GroupedSplits, RefuseWhatCannotBeCut) {
  EXPECT_THROW((void)grouped_k_fold(Rows{0, 1, 1, 1}, {}, split_stream(1), 0, 3, 0, 0), InputError);
  EXPECT_THROW((void)grouped_k_fold(Rows{0, 1, 1, 1}, {}, split_stream(1), 0, 2, 0, 0.1), InputError);  // one group is left
  EXPECT_THROW((void)grouped_holdout(Rows{0, 0, 0}, split_stream(1), 0, 0.3, 0), InputError);
  EXPECT_THROW((void)stratified_k_fold(Rows{0, 1}, split_stream(1), 0, 3, 0, 0), InputError);
  EXPECT_THROW((void)stratified_k_fold(Rows{0, 1, 1}, split_stream(1), 0, 3, 0, 1.0), InputError);
}

}  // namespace
}  // namespace seqbench::data
