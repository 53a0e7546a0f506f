#include "reports/values.h"

#include "reports/tables.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

using ReportValues = StoreFixture;

std::vector<std::string> columns_of(const Row& row) {
  std::vector<std::string> out;
  for (const Row::Cell& cell : row.cells) out.push_back(cell.split + " " + cell.slice + " " + cell.metric);
  return out;
}

TEST_F(ReportValues, AreTheStoredMetricsOfEachTrialInOrder) {
  const store::RunSummary run = fill({{.label = "b", .seed = 2, .error = 0.4},
                                      {.label = "b", .seed = 1, .error = 0.3},
                                      {.label = "control", .kind = "control"},
                                      {.label = "b", .seed = 3, .verdict = "crash"}});
  const store::Reader store(path());
  const Values values = tables_of_run(store, run).at(0).values;
  ASSERT_EQ(values.trials.size(), 3u);
  EXPECT_EQ(values.trials[0].seed, 1);
  EXPECT_EQ(values.trials[1].seed, 2);
  EXPECT_EQ(values.trials[2].row, 1u);
  std::size_t at = 0;
  for (std::uint32_t t = 0; t < values.trials.size(); ++t) {
    for (const store::MetricRow& m : store.metrics(store.trial(values.trials[t].key).execution)) {
      ASSERT_LT(at, values.entries.size());
      const Values::Entry& entry = values.entries[at++];
      const Values::Column& column = values.columns.at(entry.column);
      EXPECT_EQ(entry.trial, t);
      EXPECT_EQ(column.metric, m.name);
      EXPECT_EQ(column.slice, m.slice);
      EXPECT_EQ(column.split, split_name(m.split));
      EXPECT_EQ(entry.value, m.value);
      EXPECT_EQ(entry.n, m.n);
    }
  }
  EXPECT_EQ(at, values.entries.size());
}

TEST_F(ReportValues, BeyondTheBoundWholePartsKeepTheirCells) {
  const store::RunSummary run = fill({{.label = "a"}, {.label = "b", .model = "other"}});
  const store::Reader store(path());
  const auto trials = store.trials_of_run(run.id);
  const TaskTable all = build_table(store, "toy", trials);
  EXPECT_EQ(all.columns_left_out, 0u);
  EXPECT_EQ(left_out_text(all), "");
  EXPECT_EQ(all.rows[0].cells.size(), 10u);
  const TaskTable some = build_table(store, "toy", trials, {.most_cells = 11});  // two rows of five cells
  EXPECT_EQ(columns_of(some.rows[0]),
            (std::vector<std::string>{"test all mse", "test all spearman", "validation all mse", "validation all spearman",
                                      "train all mse"}));
  EXPECT_EQ(columns_of(some.rows[1]), columns_of(some.rows[0]));
  EXPECT_EQ(some.columns_left_out, 5u);
  EXPECT_EQ(some.values.entries.size(), all.values.entries.size());
  EXPECT_TRUE(left_out_text(some).starts_with("5 of 10 stored columns"));
  EXPECT_EQ(build_table(store, "toy", trials, {.most_cells = 1}).rows[1].cells.size(), 1u);
  const TaskTable of_mse = build_table(store, "toy", trials, {.only = {"mse"}});
  EXPECT_EQ(columns_of(of_mse.rows[1]), (std::vector<std::string>{"test all mse", "validation all mse", "train all mse"}));
  EXPECT_EQ(of_mse.rows[1].cell("mse", "test")->summary.low, all.rows[1].cell("mse", "test")->summary.low) << "the same interval";
}

TEST_F(ReportValues, AskedSlicesComeBeforeOthers) {
  const store::RunSummary run = fill({{.label = "a"}});
  const store::Reader store(path());
  const auto trials = store.trials_of_run(run.id);
  Values values;
  ValueReader reader(store, values, 1);
  reader.add(0, trials[0]);
  EXPECT_EQ(choose_columns(reader, {"mse", "spearman"}, {}, 8).left_out, 2u);
  const auto kept = [&](const std::vector<std::string>& metrics, const std::vector<std::string>& declared) {
    std::string out;
    for (const std::uint32_t c : choose_columns(reader, metrics, declared, 7).columns) {
      if (values.columns[c].slice != "all") out += values.columns[c].slice + " " + values.columns[c].metric;
    }
    return out;
  };
  EXPECT_EQ(kept({"mse", "spearman"}, {"group"}), "group=2 mse");
  EXPECT_EQ(kept({"spearman", "mse"}, {"group"}), "group=2 spearman");
}

}  // namespace
}  // namespace seqbench::reports
