#pragma once
// Files and folders that a trial's parameters name, and the folder that it writes.

#include <filesystem>

#include "harness/contract/model.h"
#include "harness/run/trial.h"

namespace seqbench::run {

/// Names of files and folders become absolute paths, once the bytes are those that the key was made of. Throws InputError
/// naming the file that changed, came or went since.
void place_files(const TrialSpec& spec, const ModelEntry& model, Params& params);

/// Writes the network as `folder`, whole or not there; one of an earlier execution is replaced. Throws MachineError.
void save_model(const Network& network, const TargetScale& scale, const std::filesystem::path& folder);

}  // namespace seqbench::run
