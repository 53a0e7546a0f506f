#pragma once
// Private to the room: what tables are made of before they are written anywhere.

#include <map>
#include <string>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

/// A trial that is done, with all that the store holds of it.
struct DoneTrial {
  const store::TrialResult* trial;
  std::vector<store::MetricRow> metrics;
  std::vector<store::Predictions> predictions;
};

/// Truth of one stored part of the data, once however many trials predict it.
struct Part {
  std::string split;
  std::vector<double> truth;
  auto operator<=>(const Part&) const = default;
};

[[nodiscard]] std::string split_name(int split);
/// Models (0) before controls (1) before the ceiling (2).
[[nodiscard]] int kind_order(std::string_view kind);
/// Real data at full scale: the only rows that published numbers may stand beside.
[[nodiscard]] bool comparable_with_published(const Row& row);
/// "On the synthetic twin, desk scale, split published".
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

/// Groups trials into rows and summarises them; `metrics` in table order. Parts seen are added to `parts`.
[[nodiscard]] TaskTable build_table(const store::Reader& store, const std::string& task,
                                    const std::vector<store::TrialResult>& trials);
/// Cells of one row, sorted by split (test first), slice, metric.
[[nodiscard]] std::vector<Row::Cell> summarize(const std::vector<DoneTrial>& trials,
                                               const std::vector<std::string>& metric_order);
/// Where a model stands with several settings: the test value of the one that validation chooses, and the best one,
/// that only test labels could choose.
[[nodiscard]] std::vector<TaskTable::Diagnostic> diagnose_choice(const std::vector<Row>& rows,
                                                                 const std::vector<std::string>& metrics);
[[nodiscard]] std::vector<TaskTable::Diagnostic> diagnose(const std::vector<Part>& parts,
                                                          const std::vector<std::string>& metrics);

/// Published numbers that belong to this row: same model and metric, and the row named in the paper or, where the
/// paper has only one such row, that one.
[[nodiscard]] std::vector<store::PublishedRow> published_for(const TaskTable& table, const Row& row,
                                                             const Row::Cell& cell);
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
};
[[nodiscard]] std::string to_markdown(const Page& page);
/// The part of one task.
void append_task(std::string& out, const TaskTable& table);
[[nodiscard]] std::string summary_csv(const Page& page);
[[nodiscard]] std::string trials_csv(const Page& page);
[[nodiscard]] Json to_json(const Page& page);
[[nodiscard]] Json to_json(const TaskTable& table);

}  // namespace seqbench::reports
