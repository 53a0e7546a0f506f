#pragma once
// Turns a store into tables. Reads nothing but the store.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/analyze/intervals.h"
#include "harness/store/reader.h"

namespace seqbench::reports {

/// Trials of one configuration: a row of a table.
struct Row {
  std::string label, model, variant, view, kind, source, scale, split_kind;
  std::map<std::string, std::string> setting;  // what else chooses rows: the task's parameters, its limit, keys of the split
  std::string particulars;                     // of these, what a heading says: groups, and what rows beside it differ in
  std::string data;                        // SHA-256 of the data set, or ""
  std::vector<std::string> keys;           // trials, in order of (rep, fold, seed)
  std::vector<std::int64_t> seeds;
  struct Cell {
    std::string metric, split, slice;
    analyze::Summary summary;
    bool higher_is_better = false;
    std::string unit;
    std::int64_t n = 0;                    // rows it is over, of the first trial
  };
  std::vector<Cell> cells;
  std::optional<std::int64_t> parameters, trained;  // frozen ones are counted in the first alone
  double seconds_per_trial = 0;            // training and predictions
  std::int64_t peak_bytes = 0;
  std::int64_t done = 0, failed = 0, missing = 0;
  std::vector<std::string> failures;       // "key: verdict: reason"
  std::vector<std::string> unfinished;     // "key: status"
  std::vector<std::string> chosen;         // "seeds 1, 2: strength=0.01"
  bool chosen_on_test = false;             // train.keep = published_test
  bool chosen_by_agreement = false;        // train.keep = agreement: on test rows without their labels
  bool random_weights = false;             // a pretrained model without its weights

  [[nodiscard]] const Cell* cell(std::string_view metric, std::string_view split, std::string_view slice = "all") const;
};

/// Every stored metric of a table's done trials: what each summary rebuilds from, with the stored predictions. Names
/// stand once, so that ten million entries fit a report.
struct Values {
  struct Trial {
    std::uint32_t row = 0;  // index into TaskTable::rows
    std::string key;
    std::int64_t seed = 0, rep = 0, fold = -1;
  };
  struct Column { std::string split, metric, slice; };
  struct Entry {
    std::uint32_t trial = 0, column = 0;  // indices into trials and columns
    std::int64_t n = 0;
    double value = 0;
  };
  std::vector<Trial> trials;    // in the order of rows and keys
  std::vector<Column> columns;  // in order of first appearance
  std::vector<Entry> entries;   // in the order of trials; of one trial by split, metric, slice
};

/// Rows of the stored parts by a field of whole numbers, of one heading.
struct LabelCounts {
  std::string heading, field;
  std::vector<std::string> parts = {};                          // train, validation, test: those that are stored
  std::map<std::int64_t, std::vector<std::int64_t>> rows = {};  // by value, one number a part
};

/// One task's rows as seen from one run or from the whole store.
struct TaskTable {
  std::string task, title, rank_metric, unit;
  std::string qualifying;                  // score on test rows that must be above 0 for a rank, or ""
  bool higher_is_better = false;
  std::vector<std::string> metrics;        // the ranking one first
  std::vector<Row> rows;                   // models, then controls, then ceiling
  struct Diagnostic { std::string label, metric, split; double value; std::string note; };
  std::vector<Diagnostic> diagnostics;     // best constant on test, label variance of each split
  std::vector<LabelCounts> label_counts;   // of headings that have such a field
  std::vector<Json> audits;                // of its data sets and splits, as harness/audit found them
  std::vector<store::PublishedRow> published;
  std::map<std::string, store::VerdictRow> verdicts;  // newest of each published number, by its uid, as `verify` stored it
  Values values;
  std::size_t columns_left_out = 0;        // of `values`: too many to summarise, so without cells
};

/// One table a task, in the run's order. A summary over seeds of a fixed split has a bootstrap interval where the
/// predictions are stored; over folds or repeats, seeds are averaged inside a fold first (HARNESS 8.1).
[[nodiscard]] std::vector<TaskTable> tables_of_run(const store::Reader& store, const store::RunSummary& run);
/// What a report can be written as.
inline const std::vector<std::string> kFormats = {"html", "md", "csv", "json", "tex"};
/// Python interpreters that are asked in turn for the package vl-convert, which draws figures; none: no pictures.
struct Drawing {
  std::vector<std::string> pythons = {};
};
/// Writes DIR/NAME.html (a page that needs nothing else, its figures also below DIR/figures/NAME), .md, .csv (with
/// NAME.trials.csv), .json, and for tex a file per table in DIR/tables/NAME; returns the paths, folders for those of
/// many files. Files are whole or absent. NAME is the experiment's, with "/" as "-" (file_name() in reports/text.h), and
/// what an earlier report of it left in those folders goes. Throws InputError for another
/// format.
std::vector<std::filesystem::path> render(const store::Reader& store, const store::RunSummary& run,
                                          const std::filesystem::path& folder,
                                          const std::vector<std::string>& formats, const Drawing& drawing = {});
/// render() of each, and with html also DIR/leaderboard-TASK.html for every task of the store, DIR/paper-NAME.html for
/// every paper that it holds numbers of, and write_index().
std::vector<std::filesystem::path> write_site(const store::Reader& store, const std::vector<store::RunSummary>& runs,
                                              const std::filesystem::path& folder,
                                              const std::vector<std::string>& formats, const Drawing& drawing);
/// Writes DIR/index.html over all experiments of the store, with links to the pages, leaderboards and papers
/// that are in DIR.
std::filesystem::path write_index(const store::Reader& store, const std::filesystem::path& folder);
/// The newest run of each experiment, newest first.
[[nodiscard]] std::vector<store::RunSummary> newest_runs(const store::Reader& store);

}  // namespace seqbench::reports
