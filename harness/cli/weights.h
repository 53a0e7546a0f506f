#pragma once
// Published weights by name: what the commands of weights share.

#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/commands.h"
#include "harness/data/weights_lock.h"
#include "harness/spec/checkpoints.h"

namespace seqbench::cli {

struct NamedCheckpoint {
  std::string family;
  spec::Checkpoint checkpoint;
};

/// Of models/*/checkpoints.toml, or of --manifest; sorted by family, then as written. InputError for a name in two files.
[[nodiscard]] std::vector<NamedCheckpoint> all_checkpoints(const Arguments& a);
/// InputError naming the nearest.
[[nodiscard]] spec::Checkpoint checkpoint_by_name(const Arguments& a, const std::string& name);
[[nodiscard]] const spec::PinnedFile* pin_of(const spec::Checkpoint& checkpoint, const std::string& file);
/// "" when the lock is of this checkpoint: repository, commit where the manifest names one, pins, required files.
[[nodiscard]] std::string fault_of(const spec::Checkpoint& checkpoint, const data::WeightsLock& lock);

}  // namespace seqbench::cli
