#pragma once
// Small stores with known content, and processes of their own for what a process can only try once.

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/store/reader.h"
#include "harness/store/run_store.h"
#include "tests/support/temp_folder.h"

namespace seqbench::store::test {

struct TempFolder : seqbench::TempFolder {
  [[nodiscard]] std::filesystem::path store() const { return path() / "seqbench.db"; }
};

/// Plain SQL on the file, past everything the room does. Returns the last row, columns joined by '|'.
inline std::string sql(const std::filesystem::path& path, const std::string& script) {
  sqlite3* db = nullptr;
  std::string row;
  char* message = nullptr;
  int code = sqlite3_open(path.c_str(), &db);
  const auto keep = [](void* out, int columns, char** values, char**) {
    auto& text = *static_cast<std::string*>(out);
    text.clear();
    for (int i = 0; i < columns; ++i) {
      text += i == 0 ? "" : "|";
      text += values[i] == nullptr ? "NULL" : values[i];
    }
    return 0;
  };
  sqlite3_busy_timeout(db, 10000);
  if (code == SQLITE_OK) code = sqlite3_exec(db, script.c_str(), keep, &row, &message);
  const std::string error = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_close(db);
  if (code != SQLITE_OK) throw std::runtime_error(fmt::format("{}: {}", path.string(), error));
  return row;
}

/// Runs `body` in a process of its own; returns what it returned, or "threw: ..." for an exception.
inline std::string in_child(const std::function<std::string()>& body) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text;
    try {
      text = body();
    } catch (const std::exception& error) {
      text = std::string("threw: ") + error.what();
    }
    const ssize_t written = ::write(ends[1], text.data(), text.size());
    ::_exit(written < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  std::string text(1u << 16, '\0');
  std::size_t size = 0;
  for (ssize_t count = 0; (count = ::read(ends[0], text.data() + size, text.size() - size)) > 0;) {
    size += static_cast<std::size_t>(count);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  text.resize(size);
  return text;
}

inline std::string key_of(int trial) { return sha256_hex(fmt::format("trial {}", trial)).substr(0, 32); }

inline TrialRow trial_row(int trial) {
  TrialRow row;
  row.key = key_of(trial);
  row.spec_key = sha256_hex(fmt::format("spec {}", trial)).substr(0, 32);
  row.code_sha256 = sha256_hex("code");
  row.task = "gfp";
  row.model = trial % 2 == 0 ? "ridge" : "cnn";
  row.variant = "";
  row.seed = trial;
  row.source = "twin";
  row.scale = "smoke";
  row.split_kind = "random";
  row.config = {{"model", {{"name", row.model}, {"view", "one_hot"}}}, {"seed", trial}, {"learning_rate", 0.1}};
  row.data_sha256 = sha256_hex("data");
  return row;
}

inline RunRow run_row(const std::vector<int>& trials, const std::string& name = "controls/gfp") {
  RunRow run;
  run.experiment = {sha256_hex(name), name, "Controls", "004", "", "experiments/controls/gfp.toml", "name = 1\n",
                    {{"seeds", 3}}};
  run.command = {"seqbench", "run", "gfp.toml"};
  run.cards = {{"task", "gfp", 1, {{"title", "GFP"}}}, {"model", "ridge", 1, {{"summary", "ridge"}}}};
  for (const int trial : trials) run.trials.push_back({trial_row(trial), fmt::format("row {}", trial)});
  return run;
}

inline Environment environment() {
  Environment e;
  e.program = "0.1.0";
  e.git_commit = "0000000";
  e.preset = "ci";
  e.compiler = "gcc";
  e.torch = "2.11.0";
  e.cpu = "a cpu";
  e.cpu_capability = "AVX2";
  e.device = "cpu";
  e.details = {{"cores", 2}};
  return e;
}

inline ExampleSet examples(const std::string& split = "test", int n = 3) {
  ExampleSet set;
  set.task = "gfp";
  set.split = split;
  for (int i = 0; i < n; ++i) {
    set.ids.push_back(fmt::format("id{:07}", i));
    set.truth.push_back(0.1 * i);
  }
  set.fields = {{"num_mutations", Json::array()}};
  for (int i = 0; i < n; ++i) set.fields["num_mutations"].push_back(i % 3);
  return set;
}

inline Predictions predictions(const std::string& split, int n, double offset) {
  Predictions p{examples(split, n), "value", {}};
  for (const double truth : p.examples.truth) p.values.push_back(truth + offset);
  return p;
}

inline MetricRow metric(const std::string& name, double value, int split = 2, const std::string& slice = "all") {
  return {.split = split, .name = name, .slice = slice, .value = value, .n = 3, .note = "", .higher_is_better = false,
          .version = 1, .unit = "log10"};
}

inline TrialRecord record_of(int trial) {
  TrialRecord record;
  record.metrics = {metric("mse", 0.1 + trial), metric("mse", 1.0 / 3 + trial, 1),
                    metric("mse", 2, 2, "num_mutations=1"),
                    metric("spearman", std::numeric_limits<double>::quiet_NaN())};
  record.metrics.back().note = "nan: constant predictions";
  record.metrics.back().higher_is_better = true;
  record.predictions = {predictions("test", 3, 0.25 + trial)};
  record.timings = {{.phase = "load", .count = 1, .total_ns = 500'000'000, .items = std::nullopt},
                    {.phase = "train", .count = 10, .total_ns = 2'000'000'000, .items = 640}};
  record.peak_bytes = 1 << 20;
  record.step = 10;
  record.epoch = 2;
  record.params_total = 77;
  record.chosen = {{"lambda", 0.5}};
  return record;
}

inline std::vector<CurvePoint> curve(std::int64_t from, std::int64_t to) {
  std::vector<CurvePoint> points;
  for (std::int64_t step = from; step <= to; ++step) {
    points.push_back({"loss", 0, step, static_cast<double>(step) / 5, 1.0 / static_cast<double>(step)});
  }
  return points;
}

/// Runs one trial from its beginning to its end.
inline Begun finish(RunStore& store, const RunId& run, int trial, bool again = false) {
  const Begun begun = store.begin_trial(run, key_of(trial), environment(), again);
  store.add_curves(begun, curve(1, 10));
  store.record(begun, record_of(trial));
  return begun;
}

/// A closed store in which these trials are done, in this order.
inline void make_store(const std::filesystem::path& path, const std::vector<int>& trials) {
  RunStore store(path);
  const RunId run = store.open_run(run_row(trials));
  for (const int trial : trials) finish(store, run, trial);
  store.close_run(run, "done");
}

inline std::string exported(const std::filesystem::path& path) {
  std::ostringstream out;
  Reader(path).export_text(out);
  return out.str();
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// The message of what `body` throws, "" when it throws nothing of this type.
template <typename Error>
std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace seqbench::store::test
