// Which rows are trained on, validated on and tested on.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/run/split.h"
#include "harness/spec/experiment.h"

namespace seqbench::run {
namespace {

using Rows = std::vector<std::int64_t>;

/// Ids whose order is not that of the rows; two targets a row.
Examples examples(int n) {
  Examples e;
  for (int i = 0; i < n; ++i) {
    e.ids.push_back(fmt::format("id{:05}", i * 7919 % n));  // n is no multiple of 7919: ids are unique
    e.targets.push_back(i);
    e.targets.push_back(-i);
    e.published_split.push_back(i % 5 == 0 ? Part::kTest : i % 5 == 1 ? Part::kValidation : Part::kTrain);
  }
  return e;
}

TrialConfig config_of(const std::string& kind) {
  TrialConfig config;
  config.split = Params(spec::split_keys());
  config.split.set("kind", kind);
  return config;
}

std::set<std::int64_t> set_of(const Rows& rows) { return {rows.begin(), rows.end()}; }

void expect_sorted_and_disjoint(const Examples& e, const data::SplitRows& rows, std::size_t all) {
  std::set<std::int64_t> seen;
  for (const Rows* part : {&rows.train, &rows.validation, &rows.test}) {
    EXPECT_TRUE(std::is_sorted(part->begin(), part->end(), [&](std::int64_t a, std::int64_t b) {
      return e.ids[static_cast<std::size_t>(a)] < e.ids[static_cast<std::size_t>(b)];
    }));
    seen.insert(part->begin(), part->end());
  }
  EXPECT_EQ(rows.train.size() + rows.validation.size() + rows.test.size(), all);
  EXPECT_EQ(seen.size(), all);
}

TEST(SplitRows, PublishedAreTheTasksOwn) {
  const Examples e = examples(500);
  const data::SplitRows rows = split_rows(e, config_of("published"));
  expect_sorted_and_disjoint(e, rows, 500);
  for (const std::int64_t row : rows.test) EXPECT_EQ(row % 5, 0);
  for (const std::int64_t row : rows.validation) EXPECT_EQ(row % 5, 1);
  EXPECT_EQ(rows.train.size(), 300u);
}

TEST(SplitRows, ADataSetMayOfferLessThanItsTask) {
  Examples e = examples(500);
  e.only_published_split = true;
  EXPECT_EQ(split_rows(e, config_of("published")).train.size(), 300u);
  EXPECT_THROW((void)split_rows(e, config_of("holdout")), InputError);
  e.only_published_split = false;
  e.published_split.clear();
  EXPECT_THROW((void)split_rows(e, config_of("published")), InputError);
  EXPECT_FALSE(split_rows(e, config_of("holdout")).train.empty());
}

TEST(SplitRows, HoldoutHasItsShares) {
  const Examples e = examples(1000);
  TrialConfig config = config_of("holdout");
  const data::SplitRows rows = split_rows(e, config);
  expect_sorted_and_disjoint(e, rows, 1000);
  EXPECT_EQ(rows.test.size(), 200u);       // test = 0.2
  EXPECT_EQ(rows.validation.size(), 80u);  // validation = 0.1 of the rest
  config.rep = 1;
  EXPECT_NE(split_rows(e, config).test, rows.test);
  config.rep = 0;
  config.split.set("seed", std::int64_t{1});
  EXPECT_NE(split_rows(e, config).test, rows.test);
}

TEST(SplitRows, FoldsTestEachRowOnce) {
  const Examples e = examples(503);
  TrialConfig config = config_of("kfold");
  Rows tested;
  for (config.fold = 0; config.fold < 5; ++config.fold) {
    const data::SplitRows rows = split_rows(e, config);
    expect_sorted_and_disjoint(e, rows, 503);
    tested.insert(tested.end(), rows.test.begin(), rows.test.end());
  }
  EXPECT_EQ(tested.size(), 503u);
  EXPECT_EQ(set_of(tested).size(), 503u);
}

TEST(SplitRows, SeedsOfTrialsMeetTheSameParts) {
  const Examples e = examples(100);
  TrialConfig a = config_of("holdout"), b = config_of("holdout");
  b.streams = Streams(99);
  EXPECT_EQ(split_rows(e, a).test, split_rows(e, b).test);
}

Rows all_of(const data::SplitRows& rows) {
  Rows all = rows.train;
  all.insert(all.end(), rows.validation.begin(), rows.validation.end());
  all.insert(all.end(), rows.test.begin(), rows.test.end());
  return all;
}

TEST(SplitRows, SmallerLimitsNestInLarger) {
  const Examples e = examples(1000);
  for (const char* kind : {"published", "holdout"}) {
    TrialConfig config = config_of(kind);
    std::set<std::int64_t> larger = set_of(all_of(split_rows(e, config)));
    EXPECT_EQ(larger.size(), 1000u);
    for (const std::int64_t limit : {600, 250, 40}) {
      config.limit = limit;
      const data::SplitRows rows = split_rows(e, config);
      expect_sorted_and_disjoint(e, rows, static_cast<std::size_t>(limit));
      const std::set<std::int64_t> kept = set_of(all_of(rows));
      EXPECT_TRUE(std::includes(larger.begin(), larger.end(), kept.begin(), kept.end())) << kind << " " << limit;
      larger = kept;
    }
    config.limit = 5000;
    EXPECT_EQ(all_of(split_rows(e, config)).size(), 1000u);
  }
}

TEST(SplitRows, PublishedPartsKeepTheirRowsUnderALimit) {
  const Examples e = examples(1000);
  TrialConfig config = config_of("published");
  const std::set<std::int64_t> test = set_of(split_rows(e, config).test);
  config.limit = 300;
  for (const std::int64_t row : split_rows(e, config).test) EXPECT_TRUE(test.contains(row));
}

TEST(SplitRows, OrderOfTheExamplesChangesNothing) {
  const Examples e = examples(300);
  Examples turned = e;
  std::reverse(turned.ids.begin(), turned.ids.end());
  TrialConfig config = config_of("holdout");
  config.limit = 150;
  const auto ids = [](const Examples& of, const Rows& rows) {
    std::vector<std::string> out;
    for (const std::int64_t row : rows) out.push_back(of.ids[static_cast<std::size_t>(row)]);
    return out;
  };
  const data::SplitRows a = split_rows(e, config), b = split_rows(turned, config);
  EXPECT_EQ(ids(e, a.train), ids(turned, b.train));
  EXPECT_EQ(ids(e, a.validation), ids(turned, b.validation));
  EXPECT_EQ(ids(e, a.test), ids(turned, b.test));
}

TEST(SplitRows, EmptyPartsAreRefusedWithTheirSizes) {
  Examples e = examples(50);
  std::fill(e.published_split.begin(), e.published_split.end(), Part::kTrain);
  try {
    (void)split_rows(e, config_of("published"));
    FAIL() << "no test rows, and nothing said";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "split 'published' of 50 rows leaves 50 training and 0 test rows: both need at least one");
  }
}

TEST(ShuffledTargets, PermuteWithinPartsAndLeaveTestAlone) {
  const Examples e = examples(500);
  const data::SplitRows rows = split_rows(e, config_of("published"));
  const std::vector<double> out = shuffled_targets(e, rows, 2, Streams(3));
  ASSERT_EQ(out.size(), e.targets.size());
  const auto target = [](const std::vector<double>& of, std::int64_t row) {
    return std::pair{of[static_cast<std::size_t>(2 * row)], of[static_cast<std::size_t>(2 * row + 1)]};
  };
  for (const Rows* part : {&rows.train, &rows.validation}) {
    std::multiset<std::pair<double, double>> before, after;
    std::size_t moved = 0;
    for (const std::int64_t row : *part) {
      before.insert(target(e.targets, row));
      after.insert(target(out, row));
      moved += target(out, row) != target(e.targets, row);
    }
    EXPECT_EQ(after, before);  // a row's targets stay together
    EXPECT_GT(moved, part->size() * 9 / 10);
  }
  for (const std::int64_t row : rows.test) EXPECT_EQ(target(out, row), target(e.targets, row));
}

TEST(ShuffledTargets, DependOnTheTrialsSeed) {
  const Examples e = examples(500);
  const data::SplitRows rows = split_rows(e, config_of("published"));
  EXPECT_EQ(shuffled_targets(e, rows, 2, Streams(3)), shuffled_targets(e, rows, 2, Streams(3)));
  EXPECT_NE(shuffled_targets(e, rows, 2, Streams(3)), shuffled_targets(e, rows, 2, Streams(4)));
}

}  // namespace
}  // namespace seqbench::run
