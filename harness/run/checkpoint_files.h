#pragma once
// Checkpoint files of one execution: step-N.safetensors in a folder of its own, the newest two kept.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "harness/store/records.h"
#include "harness/train/fit.h"

namespace seqbench::run {

class CheckpointFiles {
 public:
  CheckpointFiles(std::filesystem::path folder, std::string trial_key, std::string numerics_class)
      : folder_(std::move(folder)), key_(std::move(trial_key)), numerics_(std::move(numerics_class)) {}

  struct Written {
    store::CheckpointRow row;
    std::vector<std::int64_t> removed_steps;
  };
  /// Temporary file, fsync, `make_durable` (rows up to this step), rename, fsync of the folder; then the
  /// third newest is removed. Throws MachineError when the disk is full; older files stay.
  Written write(std::int64_t step, const std::vector<NamedTensor>& tensors, const Json& state,
                const std::function<void()>& make_durable);
  /// The newest of `known` whose file is there and whole and of this trial; a bad one is set aside as *.bad and
  /// named in `warnings`. One of another numerics class is not taken.
  [[nodiscard]] std::optional<std::pair<std::int64_t, train::Checkpoint>> load(
      const std::vector<store::CheckpointRow>& known, std::vector<std::string>& warnings);

 private:
  [[nodiscard]] std::filesystem::path file(std::int64_t step) const;
  void check_space(std::uint64_t bytes) const;

  std::filesystem::path folder_;
  std::string key_, numerics_;
  std::vector<std::int64_t> steps_;  // of files that are there: known to load(), then written; oldest first
};

}  // namespace seqbench::run
