#include "tasks/gfp_fluorescence/held_out.h"

#include <algorithm>
#include <numeric>

#include "harness/base/streams.h"

namespace seqbench::tasks::gfp_fluorescence {

void hold_out_positions(std::vector<Row>& rows) {
  std::vector<std::vector<Row*>> at_position(kWildType.size());
  std::int64_t wanted = 0;
  for (Row& row : rows) {
    if (row.part == Part::kTest) continue;
    if (row.part == Part::kValidation) ++wanted;
    row.part = Part::kTrain;
    for (const Mutation& mutation : row.mutations) at_position[mutation.position].push_back(&row);
  }
  std::vector<std::size_t> order(at_position.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Streams(0).open("split").at().shuffle(std::span(order));
  std::int64_t held = 0;
  for (const std::size_t position : order) {
    if (held >= wanted) return;
    for (Row* row : at_position[position]) {
      if (row->part == Part::kTrain) ++held;
      row->part = Part::kValidation;
    }
  }
}

}  // namespace seqbench::tasks::gfp_fluorescence
