#pragma once
// Private to the room: the stored values of a table, one by one.

#include <string_view>

#include "reports/render.h"

namespace seqbench::reports {

struct SeenValue {
  std::size_t row;  // into TaskTable::rows
  std::string_view key, split, metric, slice;
  std::int64_t seed, rep, fold, n;
  double value;
};

/// In the order of rows, keys, metrics.
template <typename Use>
void for_each_value(const TaskTable& table, const Use& use) {
  for (const TrialValue& v : table.values) {
    use(SeenValue{v.row, v.key, v.split, v.metric, v.slice, v.seed, v.rep, v.fold, v.n, v.value});
  }
}

}  // namespace seqbench::reports
