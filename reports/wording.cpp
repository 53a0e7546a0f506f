#include "reports/wording.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "reports/section_tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kName = 120, kSentence = 400;

}  // namespace

std::string marked_label(const Row& row, NameText name_text) { return name_text(row.label, kName) + (row.chosen_on_test ? " †" : ""); }

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
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  const auto add = [&](const std::string& method, const std::string& cells) {
    auto found = std::ranges::find(groups, method, [](const auto& g) { return g.first; });
    if (found == groups.end()) found = groups.insert(groups.end(), {method, {}});
    found->second.push_back(cells);
  };
  for (const std::size_t i : section.rows) {
    const Row& row = table.rows[i];
    std::vector<const Row::Cell*> cells;
    for (const Row::Cell& cell : row.cells) {
      if (cell.split == "test" && cell.slice == "all" && !is_deviation_score(cell.metric)) cells.push_back(&cell);
    }
    const auto same = [&](const Row::Cell* cell) { return cell->summary.method == cells[0]->summary.method; };
    const std::string name = "\"" + name_text(row.label, kName) + "\"";
    if (!cells.empty() && std::ranges::all_of(cells, same)) {
      add(cells[0]->summary.method, name);
    } else {
      for (const Row::Cell* cell : cells) add(cell->summary.method, name + " " + name_text(cell->metric, kName));
    }
  }
  std::string out;
  for (const auto& [method, cells] : groups) {
    out += (out.empty() ? "" : "; ") + name_text(method, kName) + " for " + join(cells, ", ");
  }
  return out;
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
