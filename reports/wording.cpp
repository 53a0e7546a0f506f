#include "reports/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/base/text.h"
#include "reports/section_tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kName = 120, kSentence = 400;

/// How the intervals of a row's metrics on test rows were made.
struct RowMethods {
  std::string row;
  std::vector<std::pair<std::string, std::string>> of_metrics;  // metric, method

  [[nodiscard]] std::vector<std::string> metrics_with(const std::string& method) const {
    std::vector<std::string> out;
    for (const auto& [metric, own] : of_metrics) {
      if (own == method) out.push_back(metric);
    }
    return out;
  }
};

std::vector<RowMethods> methods_by_row(const TaskTable& table, const Section& section, NameText name_text) {
  std::vector<RowMethods> rows;
  for (const std::size_t i : section.rows) {
    RowMethods row{"\"" + name_text(table.rows[i].label, kName) + "\"", {}};
    for (const Row::Cell& cell : table.rows[i].cells) {
      if (cell.split != "test" || cell.slice != "all" || is_deviation_score(cell.metric)) continue;
      row.of_metrics.emplace_back(name_text(cell.metric, kName), cell.summary.method);
    }
    if (!row.of_metrics.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

/// '"a", "b"' where all metrics have it, 'r2, spearman' where that is so in every row, 'r2 of "a", "b"' in some.
std::vector<std::string> places_of(const std::vector<RowMethods>& rows, const std::string& method) {
  std::map<std::vector<std::string>, std::vector<std::string>> by_metrics;
  std::vector<std::string> whole, places;
  for (const RowMethods& row : rows) {
    const std::vector<std::string> metrics = row.metrics_with(method);
    if (metrics.empty()) continue;
    (metrics.size() == row.of_metrics.size() ? whole : by_metrics[metrics]).push_back(row.row);
  }
  if (!whole.empty()) places.push_back(join(whole, ", "));
  for (const auto& [metrics, in] : by_metrics) {
    places.push_back(join(metrics, ", ") + (in.size() == rows.size() ? "" : " of " + join(in, ", ")));
  }
  return places;
}

}  // namespace

std::string marked_label(const Row& row, NameText name_text) {
  return name_text(row.label, kName) + (row.chosen_on_test ? " †" : row.chosen_by_agreement ? " §" : "");
}

std::string trials_text(const Row& row) {
  const std::int64_t planned = row.done + row.failed + row.missing;
  return row.done == planned ? fmt::format("{}", planned) : fmt::format("{} of {}", row.done, planned);
}

std::string parameters_text(const Row& row) {
  if (!row.parameters) return kNone;
  const std::string all = count_text(*row.parameters);
  return row.trained && *row.trained != *row.parameters ? fmt::format("{} (of them {} trained)", all, count_text(*row.trained)) : all;
}

std::string directions(const TaskTable& table, const Section& section, NameText name_text) {
  std::vector<std::string> parts;
  for (const std::string& metric : table.metrics) {
    if (is_deviation_score(metric)) continue;
    for (const std::size_t i : section.rows) {
      const Row::Cell* cell = table.rows[i].cell(metric, "test");
      if (cell == nullptr) continue;
      parts.push_back(name_text(metric, kName) + (cell->unit.empty() ? "" : " (" + name_text(cell->unit, kName) + ")") +
                      (cell->higher_is_better ? ": higher is better" : ": lower is better"));
      break;
    }
  }
  return join(parts, "; ");
}

std::string methods(const TaskTable& table, const Section& section, NameText name_text) {
  const std::vector<RowMethods> rows = methods_by_row(table, section, name_text);
  std::map<std::string, std::size_t> counts;
  for (const RowMethods& row : rows) {
    for (const auto& [metric, method] : row.of_metrics) ++counts[method];
  }
  const auto commonest = std::ranges::max_element(counts, {}, [](const auto& c) { return c.second; });
  std::vector<std::string> parts;
  for (const auto& [method, count] : counts) {
    if (method == commonest->first) continue;
    for (const std::string& place : places_of(rows, method)) parts.push_back(name_text(method, kName) + " for " + place);
  }
  if (commonest != counts.end()) {
    parts.push_back(name_text(commonest->first, kName) + (parts.empty() ? "" : " for all else"));
  }
  return join(parts, "; ");
}

Counts counts_of(const std::vector<TaskTable>& tables) {
  Counts counts;
  for (const TaskTable& table : tables) {
    for (const Row& row : table.rows) {
      counts.done += row.done;
      counts.failed += row.failed;
      counts.missing += row.missing;
    }
  }
  return counts;
}

std::string counts_text(const Counts& counts) {
  return fmt::format("{} done, {} failed, {} missing", counts.done, counts.failed, counts.missing);
}

std::vector<std::string> failure_lines(const std::vector<TaskTable>& tables, NameText name_text) {
  std::vector<std::string> lines;
  for (const TaskTable& table : tables) {
    for (const Row& row : table.rows) {
      const auto add = [&](const char* what, const std::string& trial) {
        lines.push_back(fmt::format("{}: {} ({}), {}", what, name_text(row.label, kName), name_text(table.task, kName),
                                    name_text(trial, kSentence)));
      };
      for (const std::string& failure : row.failures) add("failed", failure);
      for (const std::string& open : row.unfinished) add("missing", open);
    }
  }
  return lines;
}

}  // namespace seqbench::reports
