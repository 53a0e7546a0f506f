// Figures and tables of parts, slices and standard deviations.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/files.h"
#include "reports/figures/figure.h"
#include "reports/section_tables.h"
#include "reports/site.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

/// Rows of the figure with these values.
std::vector<Json> rows_with(const Figure& figure, const Json& wanted) {
  std::vector<Json> found;
  for (const Json& row : figure.rows) {
    const auto same = [&](const auto& entry) { return row.value(entry.key(), Json()) == entry.value(); };
    bool all = true;
    for (auto entry = wanted.begin(); entry != wanted.end(); ++entry) all = all && same(entry);
    if (all) found.push_back(row);
  }
  return found;
}

std::shared_ptr<const store::ExampleSet> part(const std::string& name, const std::vector<double>& truth, const Json& changes) {
  store::ExampleSet set;
  set.split = name;
  set.truth = truth;
  for (std::size_t i = 0; i < truth.size(); ++i) set.ids.push_back(fmt::format("{}{}", name, i));
  set.fields = {{"changes", changes}, {"batch", Json::array_t(truth.size(), "a")}};
  return std::make_shared<const store::ExampleSet>(std::move(set));
}

TEST(LabelsFigure, CountsRowsByValueAndTargetsByBin) {
  const TaskTable table;
  const Scene scene{.table = &table, .stem = "t0h0", .parts = {part("train", {0, 0, 3}, {1, 1, 2}), part("test", {3, 1.5}, {"4", "10"})}};
  const Figure figure = labels_figure(scene).value();
  EXPECT_EQ(rows_with(figure, {{"panel", "count"}, {"part", "train"}, {"value", 1}}).at(0).at("rows"), 2);
  EXPECT_EQ(rows_with(figure, {{"panel", "count"}, {"part", "test"}, {"value", 1}}).at(0).at("rows"), 0);
  EXPECT_EQ(rows_with(figure, {{"panel", "count"}, {"part", "test"}, {"value", 10}}).at(0).at("rows"), 1);
  // 30 bins of 0.1 and an empty one at either end.
  const std::vector<Json> train = rows_with(figure, {{"panel", "target"}, {"part", "train"}});
  ASSERT_EQ(train.size(), 32u);
  EXPECT_EQ(train[0].at("rows"), 0);
  EXPECT_EQ(train[1].at("rows"), 2);
  EXPECT_EQ(train[30].at("rows"), 1);
  EXPECT_EQ(train[31].at("rows"), 0);
  EXPECT_EQ(figure.alternative, "train: 3 rows, changes 1 to 2, median target 0; test: 2 rows, changes 4 to 10, median target 2.25.");
}

TEST(LabelsFigure, FieldsOfOtherValuesAreNotCounted) {
  EXPECT_FALSE(count_by_field({part("train", {1, 2}, {1, 2.5})}).has_value());
  EXPECT_FALSE(count_by_field({part("train", {1, 2}, {1, 2}), part("test", {1}, {"many"})}).has_value());
  EXPECT_FALSE(count_by_field({part("train", {1, 2}, {3, 3})}).has_value()) << "one value tells nothing apart";
  EXPECT_FALSE(count_by_field({}).has_value());
  const TaskTable table;
  const Scene scene{.table = &table, .stem = "t0h0", .parts = {part("train", {1, 2}, {1, 2.5})}};
  EXPECT_TRUE(rows_with(labels_figure(scene).value(), {{"panel", "count"}}).empty());
  EXPECT_FALSE(labels_figure({.table = &table}).has_value());
}

/// A table of rows with scores on test slices.
struct Sliced {
  TaskTable table;
  Scene scene;

  void add(const std::string& name, const std::string& metric, const std::string& slice, double mean, std::int64_t n) {
    auto row = std::ranges::find(table.rows, name, &Row::label);
    if (row == table.rows.end()) {
      Row made;
      made.label = name;
      scene.rows.push_back({.index = table.rows.size(), .name = name});
      row = table.rows.insert(table.rows.end(), made);
    }
    Row::Cell cell;
    cell.metric = metric;
    cell.split = "test";
    cell.slice = slice;
    cell.summary.mean = mean;
    cell.summary.low = mean - 1;
    cell.summary.high = mean + 1;
    cell.n = n;
    row->cells.push_back(cell);
  }
};

TEST(SlicesFigure, DrawsTheMetricAndAnErrorByValue) {
  Sliced made;
  made.table.rank_metric = "spearman";
  for (const int changes : {4, 5, 12}) {
    made.add("net", "spearman", fmt::format("changes={}", changes), 0.1 * changes, 20);
    made.add("net", "mse", fmt::format("changes={}", changes), changes, 20);
  }
  made.add("net", "mse", "changes=14", 99, 4);  // too few rows
  made.add("net", "spearman", "batch=a", 0.5, 60);
  made.add("bare", "spearman", "all", 0.5, 60);
  made.scene.table = &made.table;
  made.scene.stem = "t0h0";
  const Figure figure = slices_figure(made.scene).value();
  EXPECT_EQ(figure.rows.size(), 6u);
  EXPECT_DOUBLE_EQ(rows_with(figure, {{"metric", "mse"}, {"value", 12}}).at(0).at("low"), 11);
  EXPECT_EQ(figure.alternative, "net, spearman 0.4 at 4 and 1.2 at 12; net, mse 4 at 4 and 12 at 12.");
  EXPECT_EQ(figure.spec.at("hconcat").size(), 2u);
  EXPECT_NE(figure.caption.find("1 of 2 rows are drawn"), std::string::npos) << figure.caption;
}

TEST(SlicesFigure, ErrorsFarApartStandOnALogarithmicAxis) {
  Sliced made;
  made.table.rank_metric = "mse";
  for (const int changes : {1, 2}) {
    made.add("net", "mse", fmt::format("changes={}", changes), 0.5 * changes, 20);
    made.add("poor", "mse", fmt::format("changes={}", changes), 30 * changes, 20);
  }
  made.scene.table = &made.table;
  const Figure figure = slices_figure(made.scene).value();
  const Json& view = figure.spec.at("hconcat").at(0);
  EXPECT_EQ(view.at("layer").at(0).at("encoding").at("y").at("scale").at("type"), "log");
  EXPECT_EQ(view.at("transform").at(1).at("calculate"), "isValid(datum.low) ? max(datum.low, 0.25) : null");
  EXPECT_EQ(view.at("transform").at(2).at("calculate"), "isValid(datum.high) ? min(datum.high, 61) : null");
  EXPECT_DOUBLE_EQ(rows_with(figure, {{"row", "net"}, {"value", 1}}).at(0).at("low"), -0.5) << "the data keep the interval";
}

TEST(SlicesFigure, IsNotDrawnOfWords) {
  Sliced made;
  made.table.rank_metric = "mse";
  for (const char* slice : {"batch=a", "batch=b", "changes=1", "changes=many", "one=1"}) made.add("net", "mse", slice, 1, 60);
  made.scene.table = &made.table;
  EXPECT_FALSE(slices_figure(made.scene).has_value());
}

TEST(DeviationsFigure, ByHand) {
  // z = 0, 1, 2, 3: central intervals of 0, 68.3, 95.4 and 99.7 %. Squared errors by deviation: 0 | 4 | 4 and 36 tied.
  SeenTrial trial;
  trial.test.emplace();
  trial.test->examples.truth = {1, 2, 2, 6};
  trial.test->values = {1, 0, 0, 0};
  trial.deviations = {0.5, 2, 1, 2};
  const TaskTable table;
  const Scene scene{.table = &table, .stem = "t0h0", .rows = {{.name = "silent"}}, .others = {{.name = "net", .trials = {trial}}}};
  const Figure figure = deviations_figure(scene).value();
  const auto mean = [&](const char* panel, double share) {
    for (const Json& row : rows_with(figure, {{"panel", panel}, {"row", "net"}})) {
      if (std::abs(row.at("share").get<double>() - share) < 1e-9) return row.at("mean").get<double>();
    }
    return -1.0;
  };
  EXPECT_EQ(figure.rows.size(), 100u);
  EXPECT_DOUBLE_EQ(mean("coverage", 0.02), 0.25);
  EXPECT_DOUBLE_EQ(mean("coverage", 0.68), 0.25);
  EXPECT_DOUBLE_EQ(mean("coverage", 0.70), 0.5);
  EXPECT_DOUBLE_EQ(mean("coverage", 0.96), 0.75);
  EXPECT_DOUBLE_EQ(mean("coverage", 1), 1);
  EXPECT_DOUBLE_EQ(mean("risk", 0.24), 0);
  EXPECT_DOUBLE_EQ(mean("risk", 0.5), 2);
  EXPECT_DOUBLE_EQ(mean("risk", 0.52), 11);
  EXPECT_EQ(figure.alternative, "net: intervals of 90 % cover 50 %, mean squared error 2 on the surer half and 11 on all rows, on average of 1.");
  const Json& color = figure.spec.at("hconcat").at(0).at("layer").at(1).at("encoding").at("color");
  EXPECT_EQ(color.at("scale").at("domain"), Json({"silent", "net"})) << "a row's colour is that of the scene's other figures";
  EXPECT_EQ(color.at("legend").at("values"), Json::array({"net"}));
  EXPECT_FALSE(deviations_figure({.table = &table, .rows = {{.name = "silent"}}}).has_value());
}

using SectionStore = StoreFixture;

TEST_F(SectionStore, RowsThatTellDeviationsAreDrawnWhereverTheyRank) {
  std::vector<Made> trials;
  for (const double error : {0.1, 0.2, 0.3, 0.4, 0.5}) trials.push_back({.label = fmt::format("net {}", error), .error = error});
  trials.push_back({.label = "last", .error = 0.6, .deviation = 0.6});
  const auto run = fill(trials);
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  const Scene scene = scene_of(store, table, sections_of(table).front(), "t0h0");
  EXPECT_EQ(scene.rows.size(), 4u);
  ASSERT_EQ(scene.others.size(), 2u);
  EXPECT_TRUE(scene.others[0].trials.empty());
  EXPECT_EQ(rows_with(deviations_figure(scene).value(), {{"row", "last"}}).size(), 100u);
  EXPECT_EQ(slices_figure(scene)->spec.at("hconcat").at(0).at("layer").at(0).at("encoding").at("color").at("legend").at("values").size(), 6u);
}

TEST_F(SectionStore, PartsAreThoseOfTheTrialThatHasMost) {
  const auto run = fill({{.label = "one", .fold = 0}, {.label = "two", .fold = 1, .save_all = true}});
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  const Scene scene = scene_of(store, table, sections_of(table).front(), "t0h0");
  ASSERT_EQ(scene.parts.size(), 3u);
  EXPECT_EQ(scene.parts[0]->split, "train");
  EXPECT_EQ(scene.parts[2]->ids.size(), 60u);
}

TEST_F(SectionStore, TestCurvesHaveAPanelOfTheirOwn) {
  const auto run = fill({{.keep = "published_test", .error = 3, .test_curve = true}});
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  const Figure figure = curves_figure(scene_of(store, table, sections_of(table).front(), "t0h0")).value();
  EXPECT_EQ(rows_with(figure, {{"curve", "loss"}}).size(), 6u);
  const std::vector<Json> test = rows_with(figure, {{"curve", "mse"}, {"part", "test"}});
  ASSERT_EQ(test.size(), 3u);
  EXPECT_DOUBLE_EQ(test[2].at("value"), 3);
  EXPECT_EQ(figure.spec.at("vconcat").size(), 2u);
  EXPECT_NE(figure.alternative.find("net, test mse ends at 3 on average of 1"), std::string::npos) << figure.alternative;
}

TEST_F(SectionStore, WhatMembersDisagreeOnTestRowsIsNoTestCurve) {
  const auto run = fill({{.label = "agreed", .keep = "agreement", .error = 1, .test_curve = true},
                         {.label = "peeked", .keep = "published_test", .error = 3, .test_curve = true}});
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  const Figure figure = curves_figure(scene_of(store, table, sections_of(table).front(), "t0h0")).value();
  EXPECT_EQ(rows_with(figure, {{"curve", "mse"}, {"part", "test"}}).size(), 3u);
  EXPECT_TRUE(rows_with(figure, {{"curve", "disagreement"}}).empty());
}

TEST_F(SectionStore, TestCurvesAreDrawnWhereverTheirRowRanks) {
  std::vector<Made> trials;
  for (const double error : {0.1, 0.2, 0.3, 0.4}) trials.push_back({.label = fmt::format("net {}", error), .error = error});
  trials.push_back({.label = "last", .keep = "published_test", .error = 0.6, .test_curve = true});
  const auto run = fill(trials);
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  const Figure figure = curves_figure(scene_of(store, table, sections_of(table).front(), "t0h0")).value();
  EXPECT_EQ(rows_with(figure, {{"row", "last"}, {"part", "test"}}).size(), 3u);
  EXPECT_EQ(figure.spec.at("vconcat").at(0).at("encoding").at("color").at("legend").at("values"), Json::array({"last"}));
}

TEST_F(SectionStore, TablesOfPartsAndDeviationsStandOnBothPages) {
  const auto run = fill({{.error = 0.5, .save_all = true, .deviation = 0.5}, {.label = "plain", .error = 1}});
  const store::Reader store(path());
  const std::string page = read_file(render(store, run, folder(), {"md"}).front());
  EXPECT_NE(page.find("#### Rows by group\n\n| group | train | validation | test |"), std::string::npos) << page;
  EXPECT_NE(page.find("| 10    |    80 |         10 |   20 |"), std::string::npos) << page;
  EXPECT_NE(page.find("| all   |   240 |         30 |   60 |"), std::string::npos) << page;
  const std::size_t deviations = page.find("#### Standard deviations on test rows");
  ASSERT_NE(deviations, std::string::npos);
  EXPECT_GT(page.find("coverage_90"), deviations) << "only in the table of its own";
  EXPECT_EQ(page.find("| plain |", deviations), page.find("| plain | ", page.find("#### Cost"))) << "a row without has no place there";
  const TaskTable table = tables_of_run(store, run).front();
  EXPECT_EQ(to_json(table).at("label_counts").at(0).at("values").at(0), Json({{"value", 2}, {"rows", {160, 20, 40}}}));
  const HtmlTable html = deviations_table(table, sections_of(table).front(), 0, "t0h0-deviations");
  ASSERT_EQ(html.rows.size(), 1u);
  EXPECT_EQ(html.columns.size(), 8u);
  const std::string written = read_file(render(store, run, folder(), {"html"}).front());
  EXPECT_NE(written.find("id=\"t0h0-counts\""), std::string::npos);
  EXPECT_NE(written.find("id=\"t0h0-deviations\""), std::string::npos);
}

}  // namespace
}  // namespace seqbench::reports
