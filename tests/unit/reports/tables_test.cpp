#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "reports/wording.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

using Tables = StoreFixture;

TaskTable only_table(const std::filesystem::path& path, const store::RunSummary& run) {
  auto tables = tables_of_run(store::Reader(path), run);
  EXPECT_EQ(tables.size(), 1u);
  return tables.at(0);
}

TEST_F(Tables, GroupTrialsIntoRows) {
  const TaskTable table = only_table(
      path(), fill({{.label = "c", .model = "ceiling", .kind = "ceiling"},
                    {.label = "control", .kind = "control"},
                    {.seed = 2},
                    {.seed = 1},
                    {.seed = 3, .verdict = "crash"},
                    {.seed = 4, .run = false}}));
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].label, "net");
  EXPECT_EQ(table.rows[1].label, "control");
  EXPECT_EQ(table.rows[2].label, "c");
  const Row& net = table.rows[0];
  EXPECT_EQ(net.seeds, (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(net.done, 2);
  EXPECT_EQ(net.failed, 1);
  EXPECT_EQ(net.missing, 1);
  ASSERT_EQ(net.failures.size(), 1u);
  EXPECT_EQ(net.failures[0], net.keys[2] + ": crash: loss is nan at step 3");
  EXPECT_EQ(net.parameters, 12345);
  EXPECT_EQ(parameters_text(net), "12,345 (of them 345 trained)");
  EXPECT_NEAR(net.seconds_per_trial, 2.0, 1e-9);
  EXPECT_EQ(net.peak_bytes, 256ll << 20);
  EXPECT_EQ(net.view, "one_hot");
  EXPECT_EQ(table.title, "Toy heights");
  EXPECT_EQ(table.rank_metric, "mse");
  EXPECT_FALSE(table.higher_is_better);
}

TEST_F(Tables, FixedSplitsHaveTheBootstrapInterval) {
  const std::vector<Made> made = {{.seed = 1, .error = 0.5}, {.seed = 2, .error = 0.5}};
  const TaskTable table = only_table(path(), fill(made));
  std::vector<std::vector<double>> predictions;
  std::vector<double> truth;
  for (const Made& m : made) {
    const store::TrialRecord record = record_of(m);
    predictions.push_back(record.predictions.at(0).values);
    truth = record.predictions.at(0).examples.truth;
  }
  const analyze::Summary want = analyze::fixed_split(analyze::metric("mse"), truth, predictions);
  const Row::Cell* cell = table.rows[0].cell("mse", "test");
  ASSERT_NE(cell, nullptr);
  EXPECT_NEAR(cell->summary.mean, want.mean, 1e-12);
  EXPECT_NEAR(cell->summary.low, want.low, 1e-12);
  EXPECT_NEAR(cell->summary.high, want.high, 1e-12);
  EXPECT_EQ(cell->summary.method, want.method);
  const Row::Cell* validation = table.rows[0].cell("mse", "validation");
  ASSERT_NE(validation, nullptr);
  EXPECT_TRUE(std::isnan(validation->summary.low));
  EXPECT_EQ(validation->summary.method, "none: predictions not stored");
}

TEST_F(Tables, SlicesAreOrderedByNumberAndHaveIntervals) {
  const TaskTable table = only_table(path(), fill({{.error = 0.5}}));
  std::vector<std::string> slices;
  for (const Row::Cell& cell : table.rows[0].cells) {
    if (cell.metric == "mse" && cell.split == "test") slices.push_back(cell.slice);
  }
  EXPECT_EQ(slices, (std::vector<std::string>{"all", "group=2", "group=10"}));
  const Row::Cell* cell = table.rows[0].cell("mse", "test", "group=10");
  EXPECT_EQ(cell->n, 20);
  EXPECT_EQ(cell->summary.method, "test rows (BCa, 10000 resamples)");
  EXPECT_LT(cell->summary.low, cell->summary.mean);
  EXPECT_GT(cell->summary.high, cell->summary.mean);
}

TEST_F(Tables, NoIntervalFromPredictionsThatDoNotGiveTheMetric) {
  const TaskTable table = only_table(path(), fill({{.error = 0.5, .stored_error = 1e-6},
                                                   {.label = "bare", .error = 0.5, .save_predictions = false}}));
  const auto method = [&](std::size_t row, const char* metric) { return table.rows[row].cell(metric, "test")->summary.method; };
  EXPECT_EQ(method(0, "mse"), "none: stored predictions give another value");
  EXPECT_EQ(method(0, "spearman"), "test rows (BCa, 10000 resamples)");
  EXPECT_EQ(method(1, "mse"), "none: predictions not stored");
}

TEST_F(Tables, FoldsAverageSeedsFirst) {
  std::vector<Made> made;
  for (std::int64_t fold = 0; fold < 4; ++fold) {
    for (std::int64_t seed : {1, 2}) made.push_back({.split_kind = "kfold", .seed = seed, .fold = fold, .error = 0.5});
  }
  const TaskTable table = only_table(path(), fill(made));
  std::vector<double> folds;
  for (std::size_t i = 0; i < made.size(); i += 2) {
    folds.push_back((record_of(made[i]).metrics[0].value + record_of(made[i + 1]).metrics[0].value) / 2);
  }
  const analyze::Summary want = analyze::over_folds(folds, 60.0 / 240);
  const analyze::Summary& got = table.rows[0].cell("mse", "test")->summary;
  EXPECT_NEAR(got.mean, want.mean, 1e-12);
  EXPECT_NEAR(got.sd, want.sd, 1e-12);
  EXPECT_NEAR(got.low, want.low, 1e-12);
  EXPECT_EQ(got.method, want.method);
  EXPECT_EQ(got.trials, 8);
  EXPECT_EQ(table.rows[0].cell("mse", "train")->summary.method, "none: rows are trained on");
}

TEST_F(Tables, DiagnosticsKnowTheBestConstantAndTheVariance) {
  const TaskTable table = only_table(path(), fill({{.error = 0.5}}));
  const std::vector<double> truth = record_of({}).predictions.at(0).examples.truth;
  ASSERT_EQ(table.diagnostics.size(), 2u);  // no constant has a rank correlation
  EXPECT_EQ(table.diagnostics[0].label, "label variance");
  EXPECT_EQ(table.diagnostics[1].metric, "mse");
  EXPECT_NEAR(table.diagnostics[0].value, analyze::variance(truth), 1e-12);
  EXPECT_NEAR(table.diagnostics[1].value, analyze::variance(truth), 1e-12);
}

Row with_methods(const std::string& label, const std::vector<std::pair<std::string, std::string>>& of_metrics) {
  Row row;
  row.label = label;
  for (const auto& [metric, method] : of_metrics) {
    row.cells.push_back({.metric = metric, .split = "test", .slice = "all", .summary = {}, .unit = ""});
    row.cells.back().summary.method = method;
  }
  return row;
}

TEST(Wording, TheCommonestMethodNeedsNoNamesAndMetricsOrRowsStandTogether) {
  const auto text = [](const std::vector<Row>& rows) {
    TaskTable table;
    table.rows = rows;
    Section section;
    for (std::size_t i = 0; i < rows.size(); ++i) section.rows.push_back(i);
    return methods(table, section, [](std::string_view name, std::size_t) { return std::string(name); });
  };
  const Row a = with_methods("a", {{"mse", "rows"}, {"r2", "rows"}, {"own", "seeds"}});
  const Row b = with_methods("b", {{"mse", "rows"}, {"r2", "rows"}, {"own", "seeds"}});
  const Row c = with_methods("c", {{"mse", "rows"}, {"r2", "none"}, {"own", "none"}});
  const Row d = with_methods("d", {{"mse", "none"}, {"r2", "none"}});
  const Row plain = with_methods("plain", {{"mse", "rows"}, {"r2", "rows"}, {"own", "rows"}});
  EXPECT_EQ(text({plain, plain, plain}), "rows");
  EXPECT_EQ(text({a, b, a}), "seeds for own; rows for all else");
  EXPECT_EQ(text({a, b, c}), "none for r2, own of \"c\"; seeds for own of \"a\", \"b\"; rows for all else");
  EXPECT_EQ(text({a, b, c, d}), "none for \"d\"; none for r2, own of \"c\"; seeds for own of \"a\", \"b\"; rows for all else");
  EXPECT_EQ(text({with_methods("e", {}), d, with_methods("f", {})}), "none");
}

}  // namespace
}  // namespace seqbench::reports
