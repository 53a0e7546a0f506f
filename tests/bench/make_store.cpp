// Writes a large synthetic store with the store's own writer, for tests/bench/report.
// usage: make_store FILE [TRIALS [METRICS]]: rows of 10 repeats x 10 folds, METRICS metric rows a trial.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/streams.h"
#include "harness/store/run_store.h"

namespace seqbench::bench {
namespace {

constexpr const char* kMetrics[] = {"mse", "spearman", "pearson", "r2", "mae"};
constexpr std::int64_t kRepeats = 10, kFolds = 10;

store::TrialRow trial_row(std::int64_t i) {
  store::TrialRow row;
  row.task = "synthetic";
  row.model = fmt::format("model{:03}", i / (kRepeats * kFolds));
  row.seed = 1;
  row.rep = i / kFolds % kRepeats;
  row.fold = i % kFolds;
  row.source = "twin";
  row.scale = "full";
  row.split_kind = "folds";
  row.data_sha256 = sha256_hex("synthetic");
  row.code_sha256 = sha256_hex("code");
  row.config = {{"k", 1}, {"task", {{"name", row.task}, {"source", row.source}}}, {"data", row.data_sha256},
                {"metrics", {{"report", kMetrics}, {"slices", {"group"}}}}, {"split", {{"kind", row.split_kind}}},
                {"model", {{"name", row.model}, {"view", "one_hot"}}}, {"scale", row.scale},
                {"seed", row.seed}, {"rep", row.rep}, {"fold", row.fold}};
  row.key = row.spec_key = sha256_hex(canonical_json(row.config)).substr(0, 32);
  return row;
}

/// Every metric on the three whole parts, then on slices of the test rows, `count` in all.
std::vector<store::MetricRow> metrics_of(std::int64_t i, std::size_t count) {
  Draws draws = Streams(1).open("test").at({.epoch = static_cast<std::uint32_t>(i)});
  std::vector<store::MetricRow> rows;
  for (std::size_t slice = 0; rows.size() < count; ++slice) {
    const int lowest = slice == 0 ? 0 : 2;
    for (int split = 2; split >= lowest; --split) {
      for (const char* metric : kMetrics) {
        if (rows.size() == count) break;
        store::MetricRow& m = rows.emplace_back();
        m.split = split;
        m.name = metric;
        m.slice = slice == 0 ? "all" : fmt::format("group={}", slice);
        m.value = static_cast<double>(i / (kRepeats * kFolds)) / 100 + draws.uniform();
        m.n = split == 0 ? 9000 : slice == 0 ? 1000 : 5;
        m.higher_is_better = std::string_view(metric) == "spearman" || std::string_view(metric) == "r2";
      }
    }
  }
  return rows;
}

void write(const std::string& path, std::int64_t trials, std::size_t metrics) {
  store::RunStore store(path);
  store::RunRow run;
  run.experiment.name = "bench/large";
  run.experiment.title = "A large synthetic store";
  run.experiment.source = "tests/bench/make_store.cpp";
  run.experiment.resolved = {{"name", run.experiment.name}};
  run.experiment.spec_sha256 = sha256_hex(canonical_json(run.experiment.resolved));
  for (std::int64_t i = 0; i < trials; ++i) {
    store::TrialRow row = trial_row(i);
    const std::string label = row.model;
    run.trials.push_back({std::move(row), label});
  }
  run.cards.push_back({"task", "synthetic", 1, {{"title", "Synthetic"}, {"metrics", kMetrics}}});
  const store::RunId id = store.open_run(run);
  Environment machine;
  machine.program = "0";
  for (std::int64_t i = 0; i < trials; ++i) {
    const store::Begun begun = store.begin_trial(id, run.trials[static_cast<std::size_t>(i)].trial.key, machine);
    store::TrialRecord record;
    record.metrics = metrics_of(i, metrics);
    record.timings = {{"train", 1, 1'000'000'000, 0, 0, 0, 0, 9000}, {"predict", 1, 100'000'000, 0, 0, 0, 0, 10000}};
    record.peak_bytes = 64ll << 20;
    store.record(begun, record);
  }
  store.close_run(id, "done");
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: make_store FILE [TRIALS [METRICS]]\n", stderr), 2;
  const auto number = [&](int at, std::int64_t otherwise) { return argc > at ? std::atoll(argv[at]) : otherwise; };
  try {
    seqbench::bench::write(argv[1], number(2, 10000), static_cast<std::size_t>(number(3, 1000)));
    return 0;
  } catch (const seqbench::Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 4;
  }
}
