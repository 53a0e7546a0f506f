#pragma once
// How a trial stands, for the writer and for readers.

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/store/connection.h"
#include "harness/store/records.h"

namespace seqbench::store {

[[nodiscard]] TrialState trial_state(Connection& db, std::string_view key);
/// Newest first.
[[nodiscard]] std::vector<CheckpointRow> checkpoints_of(Connection& db, std::int64_t execution);

}  // namespace seqbench::store
