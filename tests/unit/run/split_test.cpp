// Which rows are trained on, validated on and tested on.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/base/json.h"
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

const TaskEntry& task_of(TaskKind kind) {
  static const TaskEntry regression;
  static const TaskEntry binary = [] {
    TaskEntry task;
    task.kind = TaskKind::kBinary;
    return task;
  }();
  return kind == TaskKind::kBinary ? binary : regression;
}

TrialConfig config_of(const std::string& kind) {
  TrialConfig config;
  config.task = &task_of(TaskKind::kRegression);
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

/// 31 groups under two kinds of names, two classes, and a decimal number.
Examples grouped_examples() {
  Examples e = examples(300);
  std::vector<std::string> cluster;
  std::vector<std::int64_t> number;
  std::vector<double> gc;
  e.targets.clear();
  for (std::int64_t i = 0; i < 300; ++i) {
    cluster.push_back(fmt::format("c{}", i * i % 61));
    number.push_back(i * i % 61 - 5);
    gc.push_back(static_cast<double>(i * 37 % 100));
    e.targets.push_back(i % 3 == 0 ? 1 : 0);
  }
  e.fields = {{"cluster", cluster}, {"gc", gc}, {"number", number}};
  return e;
}

TrialConfig grouped_config(const std::string& kind, const std::string& group, const std::string& stratify) {
  TrialConfig config = config_of(kind);
  config.task = &task_of(TaskKind::kBinary);
  config.split.set("group", group);
  config.split.set("stratify", stratify);
  config.fold = spec::has_folds(kind) ? 2 : -1;
  return config;
}

std::vector<TrialConfig> all_kinds() {
  std::vector<TrialConfig> all = {
      grouped_config("published", "", ""),        grouped_config("kfold", "", ""),
      grouped_config("stratified", "", "target"), grouped_config("stratified", "", "quantiles(5) of gc"),
      grouped_config("grouped", "cluster", ""),   grouped_config("stratified_grouped", "number", "target"),
      grouped_config("holdout", "", ""),          grouped_config("holdout", "cluster", ""),
      grouped_config("subsample", "", "")};
  all.back().split.set("train_rows", std::int64_t{90});
  all.push_back(all[0]);
  all.back().limit = 150;
  all.push_back(all[4]);
  all.back().limit = 150;
  return all;
}

std::vector<std::string> ids_of(const Examples& of, const Rows& rows) {
  std::vector<std::string> out;
  for (const std::int64_t row : rows) out.push_back(of.ids[static_cast<std::size_t>(row)]);
  return out;
}

template <typename T>
std::vector<T> reversed(std::vector<T> values) {
  std::reverse(values.begin(), values.end());
  return values;
}

TEST(SplitRows, OrderOfTheExamplesChangesNothing) {
  const Examples e = grouped_examples();
  Examples turned = e;
  turned.ids = reversed(e.ids);
  turned.targets = reversed(e.targets);
  turned.published_split = reversed(e.published_split);
  for (auto& [name, field] : turned.fields) std::visit([](auto& values) { values = reversed(values); }, field);
  for (const TrialConfig& config : all_kinds()) {
    SCOPED_TRACE(canonical_json(config.split.to_json()));
    const data::SplitRows a = split_rows(e, config), b = split_rows(turned, config);
    EXPECT_EQ(ids_of(e, a.train), ids_of(turned, b.train));
    EXPECT_EQ(ids_of(e, a.validation), ids_of(turned, b.validation));
    EXPECT_EQ(ids_of(e, a.test), ids_of(turned, b.test));
    expect_sorted_and_disjoint(e, a, a.train.size() + a.validation.size() + a.test.size());
  }
}

TEST(SplitRows, GroupsStayWhole) {
  const Examples e = grouped_examples();
  const auto& cluster = std::get<std::vector<std::string>>(e.fields.at("cluster"));
  for (const TrialConfig& config : all_kinds()) {
    const std::string& group = config.split.text("group");
    if (group.empty()) continue;
    const data::SplitRows rows = split_rows(e, config);
    std::map<std::string, std::set<const Rows*>> parts;
    for (const Rows* part : {&rows.train, &rows.validation, &rows.test}) {
      EXPECT_FALSE(part->empty());
      for (const std::int64_t row : *part) parts[cluster[static_cast<std::size_t>(row)]].insert(part);
    }
    for (const auto& [name, in] : parts) EXPECT_EQ(in.size(), 1u) << name << " by " << group;
  }
}

TEST(SplitRows, FewerTrainingRowsNestAndShareTheOtherParts) {
  const Examples e = grouped_examples();
  for (TrialConfig config : all_kinds()) {
    config.split.set("train_rows", std::int64_t{0});
    const data::SplitRows whole = split_rows(e, config);
    std::set<std::int64_t> larger = set_of(whole.train);
    for (const std::int64_t count : {80, 50, 30}) {
      config.split.set("train_rows", count);
      const data::SplitRows rows = split_rows(e, config);
      EXPECT_EQ(rows.test, whole.test);
      EXPECT_EQ(rows.validation, whole.validation);
      EXPECT_EQ(std::ssize(rows.train), count);
      const std::set<std::int64_t> kept = set_of(rows.train);
      EXPECT_TRUE(std::includes(larger.begin(), larger.end(), kept.begin(), kept.end()));
      larger = kept;
    }
  }
}

std::string refusal(const Examples& e, const TrialConfig& config) {
  try {
    (void)split_rows(e, config);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SplitRows, FieldsThatCannotServeAreNamed) {
  const Examples e = grouped_examples();
  EXPECT_EQ(refusal(e, grouped_config("grouped", "locus", "")),
            "'split.group' is \"locus\": the data has no field 'locus'; it has cluster, gc, number");
  EXPECT_EQ(refusal(e, grouped_config("grouped", "gc", "")),
            "'split.group' is \"gc\", a field of decimal numbers, which name no groups");
  EXPECT_EQ(refusal(e, grouped_config("stratified", "", "gc")),
            "'split.stratify' is \"gc\", a field of decimal numbers; \"quantiles(10) of gc\" makes classes of them");
  EXPECT_EQ(refusal(e, grouped_config("stratified", "", "quantiles(4) of cluster")),
            "'split.stratify' is \"quantiles(4) of cluster\": 'cluster' is a field of names, which have no quantiles");
  EXPECT_EQ(refusal(e, grouped_config("stratified", "", "quantiles(301) of gc")),
            "'split.stratify' is \"quantiles(301) of gc\": 300 rows do not fill 301 bins");
  Examples broken = e;
  std::get<std::vector<double>>(broken.fields.at("gc")).at(0) = NAN;
  EXPECT_EQ(refusal(broken, grouped_config("stratified", "", "quantiles(5) of gc")),
            "'split.stratify' is \"quantiles(5) of gc\": the value of 'id00000' is nan, which has no rank");
}

TEST(SplitRows, TooFewGroupsClassesOrRowsAreNamed) {
  Examples e = grouped_examples();
  TrialConfig config = grouped_config("grouped", "cluster", "");
  config.split.set("folds", std::int64_t{100});
  EXPECT_EQ(refusal(e, config), "'split.folds' is 100, but 'split.group' = \"cluster\" makes 31 groups of 300 rows");
  config = grouped_config("subsample", "", "");
  config.split.set("train_rows", std::int64_t{217});
  EXPECT_EQ(refusal(e, config), "'split.train_rows' is 217, but the training part has 216 rows");
  std::fill(e.targets.begin(), e.targets.end(), 0);
  e.targets[7] = 1;
  const std::string message = refusal(e, grouped_config("kfold", "", ""));
  EXPECT_NE(message.find("split 'kfold', fold 2: none of the "), std::string::npos) << message;
  EXPECT_NE(message.find("is of class 1; try fewer folds or \"stratified\""), std::string::npos) << message;
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
