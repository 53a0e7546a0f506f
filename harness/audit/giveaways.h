#pragma once
// Private to the room: what says little of a task and still tells its labels.

#include <vector>

#include "harness/audit/audit.h"
#include "harness/audit/overlaps.h"
#include "harness/audit/rows.h"

namespace seqbench::audit {

/// One finding a property, of the first target.
[[nodiscard]] std::vector<Finding> giveaways(const TaskEntry& task, const Rows& rows, const Examples& examples,
                                             const Sides& sides);

}  // namespace seqbench::audit
