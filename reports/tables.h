#pragma once
// Private to the room: what tables are made of before they are written anywhere.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reports/render.h"
#include "reports/values.h"

namespace seqbench::reports {

/// The done trials of one row.
struct DoneTrials {
  std::vector<const store::TrialResult*> trials;
  std::size_t first = 0;  // of them in Values::trials
};

/// Truth of one stored part of the data, once however many trials of a section predict it.
struct Part {
  std::string heading, split;
  std::vector<double> truth;
  auto operator<=>(const Part&) const = default;
};

[[nodiscard]] std::string split_name(int split);
/// Models (0) before controls (1) before the ceiling (2).
[[nodiscard]] int kind_order(std::string_view kind);
/// Real data at full scale, weights not random: the only rows that published numbers may stand beside.
[[nodiscard]] bool comparable_with_published(const Row& row);
/// "On the synthetic twin, desk scale, split grouped by cluster, window=20"; rows of one heading compare.
[[nodiscard]] std::string heading(const Row& row);
/// Rows of one heading, in order of first appearance.
struct Section {
  std::string heading;
  std::vector<std::size_t> rows;
};
[[nodiscard]] std::vector<Section> sections_of(const TaskTable& table);

/// The trial's configuration but for seed, repeat and fold; `code` false: nor the code that ran it.
[[nodiscard]] std::string configuration(const store::TrialResult& trial, bool code);
/// train.keep = published_test: the state kept scored best on test rows.
[[nodiscard]] bool chosen_on_test(const store::TrialResult& trial);
[[nodiscard]] std::string data_of(const store::TrialResult& trial);
/// The metric that a trial followed on test rows, "" for none.
[[nodiscard]] std::string test_metric(const std::vector<store::CurvePoint>& curves);

/// A table's cells; columns beyond are left out of it, in reverse order of need.
inline constexpr std::size_t kMostCells = 20000;
struct Wanted {
  std::size_t most_cells = kMostCells;
  std::set<std::string> only = {};           // not empty: cells of these metrics over whole parts alone
  std::optional<std::string> ranking = {};   // resampled are this metric ("" = the first) and the qualifying one alone, over whole parts
};
/// Groups trials into rows and summarises them in at most `most_cells` cells, and one column at least.
[[nodiscard]] TaskTable build_table(const store::Reader& store, const std::string& task,
                                    const std::vector<store::TrialResult>& trials, const Wanted& wanted = {});
/// "1,200 of 1,400 stored columns ...", or "" where every column has its cells.
[[nodiscard]] std::string left_out_text(const TaskTable& table);
/// The metric of this name, or nullptr.
[[nodiscard]] const analyze::MetricInfo* registered(std::string_view name);
/// False for a metric that is not registered.
[[nodiscard]] bool higher_is_better(std::string_view metric);
/// Cells of one row, one a chosen column that any of its trials has; `store` for the predictions of a fixed split.
[[nodiscard]] std::vector<Row::Cell> summarize(const store::Reader& store, const ValueReader& values,
                                               const DoneTrials& trials, const ColumnChoice& columns);
/// Where a model stands with several settings: the test value of the one that validation chooses, and the best one,
/// that only test labels could choose.
[[nodiscard]] std::vector<TaskTable::Diagnostic> diagnose_choice(const std::vector<Row>& rows,
                                                                 const std::vector<std::string>& metrics);
[[nodiscard]] std::vector<TaskTable::Diagnostic> diagnose(const std::vector<Part>& parts,
                                                          const std::vector<std::string>& metrics);

/// Published numbers that belong to this row: same model, metric and part, and the row's label is the paper's name of
/// it: another configuration of the model is another experiment. Where the table has rows on the published split, rows
/// on other splits have none.
[[nodiscard]] std::vector<store::PublishedRow> published_for(const TaskTable& table, const Row& row,
                                                             const Row::Cell& cell);
/// Published numbers of this model, row name, metric and part.
[[nodiscard]] std::vector<store::PublishedRow> published_as(const TaskTable& table, const std::string& model, std::string_view name,
                                                            const Row::Cell& cell);
/// A value or a range.
[[nodiscard]] bool is_printed(const store::PublishedRow& row);
/// The value; of a range the place in it that is nearest to what was measured. Needs is_printed().
[[nodiscard]] double nearest_printed(const store::PublishedRow& row, double measured);
[[nodiscard]] std::string published_text(const store::PublishedRow& row);

/// Facts that a page ends with; each list without repetitions, in order of appearance.
struct Provenance {
  std::string rerun;
  std::vector<std::pair<std::string, std::vector<std::string>>> facts;
};
[[nodiscard]] Provenance provenance_of(const store::RunSummary& run, const std::vector<store::TrialResult>& trials);

/// A run as it is written out.
struct Page {
  store::RunSummary run;
  std::vector<TaskTable> tables;
  Provenance provenance;
  std::string file = "";  // its files' name, without ending
};
/// Reads all that the page says; the trials once.
[[nodiscard]] Page page_of(const store::Reader& store, const store::RunSummary& run);
[[nodiscard]] std::string to_markdown(const Page& page);
/// The part of one task.
void append_task(std::string& out, const TaskTable& table);
[[nodiscard]] std::string summary_csv(const Page& page);
/// Every value of every trial, to `write` in pieces of about a megabyte: the whole may be gigabytes.
void trials_csv(const Page& page, const std::function<void(std::string_view)>& write);
[[nodiscard]] Json to_json(const Page& page);
[[nodiscard]] Json to_json(const TaskTable& table);

}  // namespace seqbench::reports
