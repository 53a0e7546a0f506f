// The part of a page that is about one task.

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "reports/audits.h"
#include "reports/section_tables.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

std::string row_label(const Row& row) { return marked_label(row, &escaped); }

/// Adds rows in order with a rule where models end and controls begin.
template <typename CellsOf>
void add_rows(TextTable& text, const TaskTable& table, const Section& section, std::size_t columns,
              const CellsOf& cells_of) {
  int before = -1;
  for (const std::size_t i : section.rows) {
    const Row& row = table.rows[i];
    const std::vector<std::string> cells = cells_of(row);
    if (cells.empty()) continue;
    const int kind = std::min(kind_order(row.kind), 1);
    if (before == 0 && kind == 1) text.add(std::vector<std::string>(columns, "———"));
    before = kind;
    text.add(cells);
  }
}

void append_test(std::string& out, const TaskTable& table, const Section& section) {
  std::vector<std::string> header = {"row"};
  std::vector<std::string> metrics;
  for (const std::string& metric : table.metrics) {
    const auto has = [&](std::size_t i) { return table.rows[i].cell(metric, "test") != nullptr; };
    const auto with = std::ranges::find_if(section.rows, has);
    if (with == section.rows.end() || is_deviation_score(metric)) continue;
    metrics.push_back(metric);
    header.push_back(escaped(metric) + (table.rows[*with].cell(metric, "test")->higher_is_better ? " ↑" : " ↓"));
    header.emplace_back("95 %");
  }
  header.emplace_back("trials");
  TextTable text(header);
  add_rows(text, table, section, header.size(), [&](const Row& row) {
    std::vector<std::string> cells = {row_label(row)};
    for (const std::string& metric : metrics) {
      const Row::Cell* cell = row.cell(metric, "test");
      cells.push_back(cell ? mean_text(cell->summary) : kNone);
      cells.push_back(cell ? interval_text(cell->summary) : kNone);
    }
    cells.push_back(trials_text(row));
    return cells;
  });
  out += "\n" + text.markdown();
  if (metrics.empty()) return;
  out += fmt::format("\nOn test rows. {}. ± is the standard deviation over trials (over folds, seeds averaged first). "
                     "95 % intervals: {}. BCa: a bootstrap, widened where seeds or rows are few (docs/statistics.md).\n",
                     directions(table, section, &escaped), methods(table, section, &escaped));
}

void append_validation(std::string& out, const TaskTable& table, const Section& section) {
  TextTable text({"row", escaped(table.rank_metric) + " on validation", "95 %"});
  std::string chosen;
  bool on_test = false, agreement = false;
  for (const std::size_t i : section.rows) {
    const Row& row = table.rows[i];
    on_test = on_test || row.chosen_on_test;
    agreement = agreement || row.chosen_by_agreement;
    for (const std::string& line : row.chosen) chosen += fmt::format("- {}: {}\n", row_label(row), escaped(line, 300));
  }
  add_rows(text, table, section, 3, [&](const Row& row) -> std::vector<std::string> {
    const Row::Cell* cell = row.cell(table.rank_metric, "validation");
    if (cell == nullptr) return {};
    return {row_label(row), mean_text(cell->summary), interval_text(cell->summary)};
  });
  if (text.empty() && chosen.empty()) return;
  out += "\n#### Selected on validation\n\nHyper-parameters and the state kept were chosen on validation rows; test rows "
         "entered no choice.\n";
  if (on_test) {
    out += "Except rows marked †: they kept the state that scored best on test rows, as their paper did, and are "
           "barred from the leaderboard.\n";
  }
  if (agreement) out += "Except rows marked §: they kept the state whose members agreed most on test rows, without their labels.\n";
  if (!text.empty()) out += "\n" + text.markdown();
  if (!chosen.empty()) out += "\nChosen:\n\n" + chosen;
}

void append_slices(std::string& out, const TaskTable& table, const Section& section) {
  std::vector<std::string> slices;  // as sorted in the cells
  std::vector<std::string> header = {"slice", "rows"};
  for (const std::size_t i : section.rows) {
    header.push_back(row_label(table.rows[i]));
    for (const Row::Cell& cell : table.rows[i].cells) {
      const bool wanted = cell.metric == table.rank_metric && cell.split == "test" && cell.slice != "all";
      if (wanted && std::ranges::find(slices, cell.slice) == slices.end()) slices.push_back(cell.slice);
    }
  }
  if (slices.empty()) return;
  constexpr std::size_t kShown = 40;
  TextTable text(header);
  for (std::size_t s = 0; s < std::min(slices.size(), kShown); ++s) {
    std::vector<std::string> cells = {escaped(slices[s]), kNone};
    for (const std::size_t i : section.rows) {
      const Row::Cell* cell = table.rows[i].cell(table.rank_metric, "test", slices[s]);
      cells.push_back(cell ? mean_text(cell->summary) : kNone);
      if (cell) cells[1] = count_text(cell->n);
    }
    text.add(cells);
  }
  out += fmt::format("\n#### Test {} by slice\n\n", escaped(table.rank_metric)) + text.markdown();
  if (slices.size() > kShown) out += fmt::format("\n{} more slices are in the CSV.\n", slices.size() - kShown);
}

void append_cost(std::string& out, const TaskTable& table, const Section& section) {
  TextTable text({"row", "parameters", "seconds a trial", "peak memory, MiB"});
  add_rows(text, table, section, 4, [&](const Row& row) -> std::vector<std::string> {
    if (row.done == 0) return {};
    const double mib = static_cast<double>(row.peak_bytes) / (1 << 20);
    return {row_label(row), parameters_text(row), four_digits(row.seconds_per_trial),
            row.peak_bytes > 0 ? fmt::format("{:.0f}", mib) : kNone};
  });
  if (!text.empty()) out += "\n#### Cost\n\n" + text.markdown();
}

void append_beside_published(std::string& out, const TaskTable& table, const Section& section) {
  TextTable text({"row", "published as", "metric", "published", "measured", "95 %", "difference"}, 3);
  for (const std::size_t i : section.rows) {
    const Row& row = table.rows[i];
    if (!comparable_with_published(row)) continue;
    for (const Row::Cell& cell : row.cells) {
      for (const store::PublishedRow& p : published_for(table, row, cell)) {
        text.add({row_label(row), escaped(p.paper + ", " + p.table_ref + ", " + p.row_ref),
                  escaped(cell.split + " " + cell.metric), published_text(p) + (p.status == "printed" ? "" : " ‡"),
                  mean_text(cell.summary), interval_text(cell.summary), four_digits(cell.summary.mean - *p.value)});
      }
    }
  }
  if (text.empty()) return;
  out += "\n#### Measured beside published\n\n" + text.markdown() +
         "\nDifference: measured less published. ‡ not as printed: see the table of published numbers.\n";
}

void append_diagnostics(std::string& out, const TaskTable& table) {
  if (table.diagnostics.empty()) return;
  TextTable text({"what", "split", "metric", "value", "over"}, 3);
  for (const TaskTable::Diagnostic& d : table.diagnostics) {
    text.add({escaped(d.label), escaped(d.split), d.metric.empty() ? kNone : escaped(d.metric), four_digits(d.value), escaped(d.note)});
  }
  out += "\n### Diagnostics\n\n" + text.markdown();
}

void append_published(std::string& out, const TaskTable& table) {
  if (table.published.empty()) return;
  TextTable text({"paper", "table", "row", "model", "metric", "chosen on", "status", "published", "rows"}, 7);
  std::string notes;
  for (const store::PublishedRow& p : table.published) {
    text.add({escaped(p.paper), escaped(p.table_ref), escaped(p.row_ref), p.model.empty() ? kNone : escaped(p.model),
              escaped(p.split + " " + p.metric), p.selected_on.empty() ? kNone : escaped(p.selected_on), escaped(p.status),
              published_text(p), p.n_eval ? count_text(*p.n_eval) : kNone});
    if (p.note.empty()) continue;
    notes += fmt::format("- {}, {}, {}: {}\n", escaped(p.row_ref), escaped(p.split), escaped(p.metric), escaped(p.note, 400));
  }
  const bool any = std::ranges::any_of(table.rows, comparable_with_published);
  out += "\n### Published\n\nNumbers as printed in their papers, not measured here. ";
  out += any ? "Those of a row measured at full scale on the real data also stand beside it above.\n\n"
             : "Nothing on this page was measured at full scale on the real data, so none may stand beside them: twins "
               "are other data, and smaller scales other experiments.\n\n";
  out += text.markdown();
  if (!notes.empty()) out += "\n" + notes;
}

}  // namespace

void append_task(std::string& out, const TaskTable& table) {
  out += fmt::format("\n## {} ({})\n", escaped(table.title), escaped(table.task));
  for (const Section& section : sections_of(table)) {
    out += "\n### " + escaped(section.heading) + "\n";
    append_test(out, table, section);
    append_beside_published(out, table, section);
    append_validation(out, table, section);
    append_label_counts(out, table, section);
    append_slices(out, table, section);
    append_deviations(out, table, section);
    append_cost(out, table, section);
  }
  if (const std::string note = left_out_text(table); !note.empty()) out += "\n" + note + ".\n";
  append_diagnostics(out, table);
  append_audits(out, table.audits);
  append_published(out, table);
}

}  // namespace seqbench::reports
