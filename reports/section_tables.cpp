#include "reports/section_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/analyze/spread.h"
#include "reports/site.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

constexpr const char* kDeviationsNote =
    "coverage_P is best at P %; of the others, lower is better, but a narrow interval_90 only where coverage_90 holds. Each row's truth is taken as normal around its prediction; "
    "risk_half is the mean squared error of the half of the rows with the smallest deviations.";
constexpr std::size_t kMostRows = 100;

/// Counts of this section, where two parts or more are stored.
const LabelCounts* counts_of_section(const TaskTable& table, const Section& section) {
  const auto found = std::ranges::find(table.label_counts, section.heading, &LabelCounts::heading);
  return found == table.label_counts.end() || found->parts.size() < 2 ? nullptr : &*found;
}

/// The last row of a table of counts.
std::vector<std::int64_t> totals_of(const LabelCounts& counts) {
  std::vector<std::int64_t> totals(counts.parts.size());
  for (const auto& [value, rows] : counts.rows) {
    for (std::size_t p = 0; p < rows.size(); ++p) totals[p] += rows[p];
  }
  return totals;
}

/// Scores that a row of the section has.
std::vector<std::string> deviation_scores(const TaskTable& table, const Section& section) {
  std::vector<std::string> scores;
  for (const std::string_view name : analyze::kSpreadScores) {
    const auto has = [&](std::size_t i) { return table.rows[i].cell(name, "test") != nullptr; };
    if (std::ranges::any_of(section.rows, has)) scores.emplace_back(name);
  }
  return scores;
}

/// The row's cells of these scores, nullptr where it has none; empty where it has none at all.
std::vector<const Row::Cell*> cells_of(const Row& row, const std::vector<std::string>& scores) {
  std::vector<const Row::Cell*> cells;
  for (const std::string& score : scores) cells.push_back(row.cell(score, "test"));
  if (std::ranges::all_of(cells, [](const Row::Cell* cell) { return cell == nullptr; })) cells.clear();
  return cells;
}

}  // namespace

bool is_deviation_score(std::string_view metric) {
  return std::ranges::find(analyze::kSpreadScores, metric) != analyze::kSpreadScores.end();
}

void append_label_counts(std::string& out, const TaskTable& table, const Section& section) {
  const LabelCounts* counts = counts_of_section(table, section);
  if (counts == nullptr) return;
  std::vector<std::string> header = {escaped(counts->field)};
  for (const std::string& part : counts->parts) header.push_back(escaped(part));
  TextTable text(header);
  const auto add = [&](std::string name, const std::vector<std::int64_t>& rows) {
    std::vector<std::string> cells = {std::move(name)};
    for (const std::int64_t n : rows) cells.push_back(count_text(n));
    text.add(std::move(cells));
  };
  for (const auto& [value, rows] : counts->rows) add(fmt::format("{}", value), rows);
  add("all", totals_of(*counts));
  out += fmt::format("\n#### Rows by {}\n\n", escaped(counts->field)) + text.markdown();
}

HtmlTable label_counts_table(const TaskTable& table, const Section& section, const std::string& id) {
  const LabelCounts* counts = counts_of_section(table, section);
  if (counts == nullptr) return {};
  const std::string title = "Rows by " + shown(counts->field);
  HtmlTable out{.id = id, .caption = title, .columns = {{shown(counts->field), true}}, .summary = title};
  for (const std::string& part : counts->parts) out.columns.push_back({shown(part), true});
  const auto add = [&](HtmlCell name, const std::vector<std::int64_t>& rows, int group) {
    HtmlRow row{.cells = {std::move(name)}, .group = group};
    for (const std::int64_t n : rows) row.cells.push_back(number_cell(static_cast<double>(n), count_text(n)));
    out.rows.push_back(std::move(row));
  };
  for (const auto& [value, rows] : counts->rows) add(number_cell(static_cast<double>(value), fmt::format("{}", value)), rows, 0);
  add(text_cell("all"), totals_of(*counts), 1);
  return out;
}

void append_deviations(std::string& out, const TaskTable& table, const Section& section) {
  const std::vector<std::string> scores = deviation_scores(table, section);
  if (scores.empty()) return;
  std::vector<std::string> header = {"row"};
  header.insert(header.end(), scores.begin(), scores.end());
  TextTable text(header);
  for (const std::size_t i : section.rows) {
    std::vector<std::string> texts = {marked_label(table.rows[i], &escaped)};
    for (const Row::Cell* cell : cells_of(table.rows[i], scores)) texts.push_back(cell ? mean_text(cell->summary) : kNone);
    if (texts.size() > 1) text.add(std::move(texts));
  }
  out += "\n#### Standard deviations on test rows\n\n" + text.markdown() + "\n" + kDeviationsNote + "\n";
}

HtmlTable deviations_table(const TaskTable& table, const Section& section, std::size_t number, const std::string& id) {
  const std::vector<std::string> scores = deviation_scores(table, section);
  HtmlTable out{.id = id, .caption = "Standard deviations on test rows", .columns = {{"row"}}, .notes = {kDeviationsNote},
                .summary = "Standard deviations on test rows"};
  for (const std::string& score : scores) out.columns.push_back({score, true});
  for (const std::size_t i : section.rows) {
    HtmlRow row{.cells = {text_cell(marked_label(table.rows[i], &shown))}, .group = kind_order(table.rows[i].kind)};
    for (const Row::Cell* cell : cells_of(table.rows[i], scores)) row.cells.push_back(cell ? mean_cell(*cell, row_id(number, i)) : no_cell());
    if (row.cells.size() > 1 && out.rows.size() < kMostRows) out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace seqbench::reports
