#pragma once
// Turns a store into tables. Reads nothing but the store.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyze/intervals.h"
#include "harness/store/reader.h"

namespace seqbench::reports {

/// Trials of one configuration: a row of a table.
struct Row {
  std::string label, model, variant, view, kind, source, scale, split_kind;
  std::vector<std::string> keys;           // trials, in order of (rep, fold, seed)
  std::vector<std::int64_t> seeds;
  struct Cell {
    std::string metric, split, slice;
    analyze::Summary summary;
    bool higher_is_better = false;
  };
  std::vector<Cell> cells;
  std::optional<std::int64_t> parameters;
  double seconds_per_trial = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t done = 0, failed = 0, missing = 0;
  std::vector<std::string> failures;       // "key: verdict: reason"
};

/// One task's rows as seen from one run or from the whole store.
struct TaskTable {
  std::string task, title, rank_metric, unit;
  bool higher_is_better = false;
  std::vector<std::string> metrics;
  std::vector<Row> rows;                   // models, then controls, then ceiling
  struct Diagnostic { std::string label, metric, split; double value; std::string note; };
  std::vector<Diagnostic> diagnostics;     // best constant on test, label variance of each split
  std::vector<store::PublishedRow> published;
};

[[nodiscard]] std::vector<TaskTable> tables_of_run(const store::Reader& store, const store::RunSummary& run);
/// All done trials of the task, best first by its ranking metric on test; trials chosen on test data are left out.
[[nodiscard]] TaskTable leaderboard(const store::Reader& store, const std::string& task,
                                    const std::string& metric = "");

/// Writes DIR/NAME.md, .csv and .json (formats: any of md, csv, json); returns the paths. Files are whole or absent.
std::vector<std::filesystem::path> render(const store::Reader& store, const store::RunSummary& run,
                                          const std::filesystem::path& folder,
                                          const std::vector<std::string>& formats);
[[nodiscard]] std::string leaderboard_text(const TaskTable& table, std::size_t top = 0);
[[nodiscard]] Json leaderboard_json(const TaskTable& table);

}  // namespace seqbench::reports
