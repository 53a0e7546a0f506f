#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "reports/tables.h"

namespace seqbench::reports {
namespace {

/// One setting's mean on both parts; rows without both are left out.
struct Setting {
  const Row* row;
  double validation, test;
  bool higher_is_better;
};

std::vector<Setting> settings_of(const std::vector<const Row*>& rows, const std::string& metric) {
  std::vector<Setting> out;
  for (const Row* row : rows) {
    const Row::Cell* validation = row->cell(metric, "validation");
    const Row::Cell* test = row->cell(metric, "test");
    if (validation == nullptr || test == nullptr || std::isnan(validation->summary.mean) || std::isnan(test->summary.mean)) continue;
    out.push_back({row, validation->summary.mean, test->summary.mean, test->higher_is_better});
  }
  return out;
}

const Setting& best_by(const std::vector<Setting>& settings, double Setting::*part) {
  return *std::ranges::max_element(settings, {}, [&](const Setting& s) { return s.higher_is_better ? s.*part : -(s.*part); });
}

}  // namespace

std::vector<TaskTable::Diagnostic> diagnose_choice(const std::vector<Row>& rows, const std::vector<std::string>& metrics) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const Row*>> models;
  std::set<std::string> headings;
  for (const Row& row : rows) {
    headings.insert(heading(row));
    if (row.kind == "fit" && !row.variant.empty()) models[{heading(row), row.model, row.view}].push_back(&row);
  }
  std::vector<TaskTable::Diagnostic> out;
  for (const auto& [of, group] : models) {
    const auto& [where, model, view] = of;
    for (const std::string& metric : metrics) {
      const std::vector<Setting> settings = settings_of(group, metric);
      if (settings.size() < 2) continue;
      const std::string what = fmt::format("{} on {}{}, best of {} settings", model, view,
                                           headings.size() > 1 ? fmt::format(" ({})", where) : "", settings.size());
      const Setting& honest = best_by(settings, &Setting::validation);
      const Setting& peeked = best_by(settings, &Setting::test);
      out.push_back({what + " chosen on validation", metric, "test", honest.test, honest.row->variant});
      out.push_back({what + " chosen on test (no one may use it)", metric, "test", peeked.test, peeked.row->variant});
    }
  }
  return out;
}

}  // namespace seqbench::reports
