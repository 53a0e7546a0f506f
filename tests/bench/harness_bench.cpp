// The harness around a trial: planning, loading, storing.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/contract/tables.h"
#include "harness/data/reader.h"
#include "harness/run/plan.h"
#include "harness/spec/experiment.h"
#include "harness/store/reader.h"
#include "harness/store/run_store.h"
#include "tests/bench/bench.h"
#include "tests/support/temp_folder.h"

namespace seqbench {
CodeHashes code_hashes();  // generated
}

namespace seqbench::bench {
namespace {

namespace fs = std::filesystem;

const Tables& tables() {
  static const Tables kTables({tasks_table().begin(), tasks_table().end()},
                              {models_table().begin(), models_table().end()});
  return kTables;
}

// Planning: 10 learning rates x 10 batch sizes x 100 seeds.

constexpr const char* kGrid = R"(schema = 1
title = "a grid"
seeds = 100
controls = false
[data]
task = "gfp_fluorescence"
[[model]]
name = "small_cnn"
[grid]
train.learning_rate = [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4, 7e-4, 8e-4, 9e-4, 1e-3]
train.batch = [8, 16, 24, 32, 40, 48, 56, 64, 72, 80]
)";

spec::ExperimentSpec grid_experiment() {
  const TempFolder folder;
  const fs::path path = folder.path() / "grid.toml";
  std::ofstream(path) << kGrid;
  const auto loaded = spec::load(path, tables().catalog(), {});
  require(loaded.has_value(), loaded ? "" : spec::format_diagnostics(loaded.error()));
  return *loaded;
}

void register_planning() {
  const spec::ExperimentSpec experiment = grid_experiment();
  const run::Plan plan = run::expand_plan(experiment, tables(), code_hashes(), {});
  std::set<std::string> keys;
  for (const run::PlannedTrial& trial : plan.trials) {
    const store::TrialRow& row = trial.spec.row;
    keys.insert(row.key);
    require(row.key == sha256_hex(canonical_json(row.config)).substr(0, 32), "a key is the hash of its configuration");
  }
  require(keys.size() == 10'001, fmt::format("{} distinct keys, not 10,000 and the ceiling's", keys.size()));
  benchmark::RegisterBenchmark("plan/grid/trials:10000", [experiment](benchmark::State& state) {
    for (auto _ : state) {
      benchmark::DoNotOptimize(run::expand_plan(experiment, tables(), code_hashes(), {}).trials.data());
    }
    state.SetItemsProcessed(state.iterations() * 10'000);
  })->Unit(benchmark::kMillisecond);
}

// Loading.

constexpr std::int64_t kTwinRows = 54'025;

std::unique_ptr<Dataset> load_twin() {
  const TaskEntry& task = tables().task("gfp_fluorescence");
  static const Params kParams(task.params);
  return task.load({.twin = true, .folder = {}, .params = kParams, .rows = 0});
}

void register_twin() {
  const auto first = load_twin(), second = load_twin();
  require(first->examples().rows() == kTwinRows, fmt::format("the twin has {} rows", first->examples().rows()));
  require(first->examples().ids == second->examples().ids && first->examples().targets == second->examples().targets,
          "two loads of a twin differ");
  benchmark::RegisterBenchmark("load/gfp_twin", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(load_twin().get());
    state.SetItemsProcessed(state.iterations() * kTwinRows);
  })->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("load/gfp_twin/one_hot_view", [](benchmark::State& state) {
    const auto dataset = load_twin();
    for (auto _ : state) benchmark::DoNotOptimize(dataset->view("one_hot"));
    state.SetItemsProcessed(state.iterations() * kTwinRows);
  })->Unit(benchmark::kMillisecond);
}

// DREAM: a twin made anew and mapped from its file, and its training rows read as the published text.

constexpr std::int64_t kDreamRows = 500'000;

const Params& dream_params() {
  static const Params kParams = [] {
    Params params(tables().task("dream_expression").params);
    params.set("rows", kDreamRows);
    params.set("train", std::string("full"));
    return params;
  }();
  return kParams;
}

std::unique_ptr<Dataset> load_dream(const fs::path& real, const fs::path& cache) {
  return tables().task("dream_expression").load(
      {.twin = real.empty(), .folder = real, .params = dream_params(), .rows = 0, .cache = cache});
}

void register_dream(const TempFolder& folder) {
  const fs::path text = folder.path() / "dream_text", cache = folder.path() / "dream_cache";
  fs::create_directory(text);
  fs::create_directory(cache);
  tables().task("dream_expression").write_twin({.twin = true, .folder = {}, .params = dream_params(), .rows = 0, .cache = {}}, text);
  const auto made = load_dream({}, {}), read = load_dream(text, {});
  const std::int64_t rows = made->examples().rows();
  require(rows > kDreamRows && read->examples().rows() == rows, fmt::format("{} rows were read", read->examples().rows()));
  const auto written = load_dream({}, cache), mapped = load_dream({}, cache);
  for (const auto* other : {written.get(), mapped.get(), read.get()}) {
    require(other->examples().ids == made->examples().ids && other->examples().targets == made->examples().targets,
            "rows made, mapped and read differ");
  }
  const auto add = [rows](const char* name, const fs::path& real, const fs::path& kept) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(load_dream(real, kept).get());
      state.SetItemsProcessed(state.iterations() * rows);
    })->Unit(benchmark::kMillisecond)->UseRealTime();  // two threads
  };
  add("load/dream_twin/made", {}, {});
  add("load/dream_twin/mapped", {}, cache);
  add("load/dream_text", text, {});
}

constexpr std::int64_t kTableRows = 200'000;

/// id, value, a text that nobody asks for; `sum` is of the values.
void write_table(const fs::path& path) {
  std::ofstream out(path);
  out << "id\tvalue\tnote\n";
  for (std::int64_t i = 0; i < kTableRows; ++i) {
    out << fmt::format("id{:07}\t{}\tsome text beside it\n", i, 0.25 * static_cast<double>(i));
  }
}

std::int64_t count_lines(const fs::path& path) {
  data::LineReader lines(path);
  std::string_view line;
  std::int64_t bytes = 0;
  while (lines.next(line)) bytes += static_cast<std::int64_t>(line.size()) + 1;
  return bytes;
}

double sum_values(const fs::path& path) {
  data::TableReader table(path, {"value", "id"});
  double sum = 0;
  while (table.next()) sum += table.number(0);
  return sum;
}

void register_readers(const TempFolder& folder) {
  const fs::path path = folder.path() / "table.tsv";
  write_table(path);
  const auto bytes = static_cast<std::int64_t>(fs::file_size(path));
  require(count_lines(path) == bytes, "lines and their ends make the file");
  const double sum = 0.25 * static_cast<double>(kTableRows * (kTableRows - 1) / 2);
  require(sum_values(path) == sum, fmt::format("the values sum to {}, not {}", sum_values(path), sum));
  benchmark::RegisterBenchmark("read/lines", [path, bytes](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(count_lines(path));
    state.SetItemsProcessed(state.iterations() * kTableRows);
    state.SetBytesProcessed(state.iterations() * bytes);
  })->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("read/table", [path, bytes](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(sum_values(path));
    state.SetItemsProcessed(state.iterations() * kTableRows);
    state.SetBytesProcessed(state.iterations() * bytes);
  })->Unit(benchmark::kMillisecond);
}

// Storing: trials that each end with 1,000 predictions over the same examples.

constexpr int kTrials = 100;
constexpr int kRows = 1'000;

store::TrialRow trial_row(int trial) {
  store::TrialRow row;
  row.key = sha256_hex(fmt::format("trial {}", trial)).substr(0, 32);
  row.spec_key = row.key;
  row.code_sha256 = row.data_sha256 = sha256_hex("same");
  row.task = "gfp_fluorescence";
  row.model = "ridge";
  row.seed = trial;
  row.source = "twin";
  row.scale = "desk";
  row.split_kind = "published";
  row.config = {{"model", {{"view", "one_hot"}}}, {"seed", trial}};
  return row;
}

store::RunRow run_row() {
  store::RunRow run;
  run.experiment.spec_sha256 = sha256_hex("experiment");
  run.experiment.name = "bench";
  run.experiment.resolved = Json::object();
  for (int i = 0; i < kTrials; ++i) run.trials.push_back({trial_row(i), fmt::format("row {}", i)});
  return run;
}

store::TrialRecord record_of(int trial) {
  store::TrialRecord record;
  record.metrics = {{.name = "mse", .value = 0.1 * trial, .n = kRows, .note = "", .unit = ""}};
  store::Predictions p;
  p.examples.task = "gfp_fluorescence";
  p.examples.split = "test";
  for (int i = 0; i < kRows; ++i) {
    p.examples.ids.push_back(fmt::format("id{:05}", i));
    p.examples.truth.push_back(i * 0.5);
    p.values.push_back(i * 0.5 + trial);
  }
  record.predictions.push_back(std::move(p));
  return record;
}

void store_all(const fs::path& path, const store::RunRow& run, const std::vector<store::TrialRecord>& records) {
  store::RunStore store(path);
  const store::RunId id = store.open_run(run);
  for (int i = 0; i < kTrials; ++i) {
    const auto at = static_cast<std::size_t>(i);
    store.record(store.begin_trial(id, run.trials[at].trial.key, {}), records[at]);
  }
  store.close_run(id, "done");
}

void verify_store(const fs::path& path, const store::RunRow& run, const std::vector<store::TrialRecord>& records) {
  store_all(path, run, records);
  const store::Reader reader(path);
  const std::vector<std::string> findings = reader.check();
  require(findings.empty(), findings.empty() ? "" : findings[0]);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const store::TrialResult trial = reader.trial(run.trials[i].trial.key);
    require(trial.result_sha256 == records[i].result_sha256(), "a result reads back as another");
    require(reader.predictions(trial.execution).at(0).values == records[i].predictions[0].values, "predictions differ");
  }
}

void register_store(const TempFolder& folder) {
  const store::RunRow run = run_row();
  std::vector<store::TrialRecord> records;
  for (int i = 0; i < kTrials; ++i) records.push_back(record_of(i));
  verify_store(folder.path() / "verified.db", run, records);
  benchmark::RegisterBenchmark(fmt::format("store/trials:{}/rows:{}", kTrials, kRows).c_str(),
                               [run, records](benchmark::State& state) {
                                 for (auto _ : state) {
                                   state.PauseTiming();
                                   const TempFolder fresh;
                                   state.ResumeTiming();
                                   store_all(fresh.path() / "bench.db", run, records);
                                 }
                                 state.SetItemsProcessed(state.iterations() * kTrials);
                                 state.counters["rows/s"] = benchmark::Counter(
                                     1.0 * kTrials * kRows * static_cast<double>(state.iterations()),
                                     benchmark::Counter::kIsRate);
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();  // it waits for the disk
}

void register_all() {
  static const TempFolder kFolder;  // as long as the program runs
  register_planning();
  register_twin();
  register_dream(kFolder);
  register_readers(kFolder);
  register_store(kFolder);
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) { return seqbench::bench::main_with(argc, argv, &seqbench::bench::register_all); }
