// What no model did: constants and variances to hold a table against.

#include <cmath>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {

std::vector<TaskTable::Diagnostic> diagnose(const std::vector<Part>& parts, const std::vector<std::string>& metrics) {
  std::map<std::tuple<std::string, int, std::string>, std::vector<const Part*>> splits;
  for (const Part& part : parts) splits[{part.heading, split_order(part.split), part.split}].push_back(&part);
  const bool one = splits.empty() || std::get<0>(splits.begin()->first) == std::get<0>(splits.rbegin()->first);
  std::vector<TaskTable::Diagnostic> out;
  for (const auto& [key, sets] : splits) {
    const auto add = [&](const std::string& label, const std::string& metric, const auto& value_of) {
      std::vector<double> values;
      for (const Part* part : sets) values.push_back(value_of(part->truth));
      const std::string note = sets.size() == 1 ? count_text(static_cast<std::int64_t>(sets[0]->truth.size())) + " rows"
                                                : fmt::format("mean over {} sets of rows", sets.size());
      const auto& [heading, order, split] = key;
      out.push_back({one ? label : fmt::format("{} ({})", label, heading), metric, split, analyze::without_interval(values, "").mean, note});
    };
    add("label variance", "", [](const std::vector<double>& truth) { return analyze::variance(truth); });
    if (std::get<2>(key) != "test") continue;
    for (const std::string& name : metrics) {
      const analyze::MetricInfo* info = registered(name);
      if (info == nullptr || std::isnan(analyze::best_constant(*info, sets[0]->truth))) continue;
      add("best constant on test (no one may use it)", name, [&](const std::vector<double>& truth) {
        const std::vector<double> constant(truth.size(), analyze::best_constant(*info, truth));
        return info->compute(truth, constant, {}).value;
      });
    }
  }
  return out;
}

}  // namespace seqbench::reports
