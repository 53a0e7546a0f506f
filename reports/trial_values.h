#pragma once
// Private to the room: what each trial scored, for figures and tables of single trials.

#include <string>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

struct TrialValue {
  std::size_t row;  // into TaskTable::rows
  std::string key;
  std::int64_t seed, rep, fold;
  double value;
};

/// The ranking metric on all test rows, in the order of rows and keys.
[[nodiscard]] inline std::vector<TrialValue> test_values(const TaskTable& table) {
  const Values& values = table.values;
  std::vector<TrialValue> out;
  for (std::size_t c = 0; c < values.columns.size(); ++c) {
    const Values::Column& column = values.columns[c];
    if (column.split != "test" || column.slice != "all" || column.metric != table.rank_metric) continue;
    for (const Values::Entry& entry : values.entries) {
      if (entry.column != c) continue;
      const Values::Trial& t = values.trials[entry.trial];
      out.push_back({t.row, t.key, t.seed, t.rep, t.fold, entry.value});
    }
  }
  return out;
}

}  // namespace seqbench::reports
