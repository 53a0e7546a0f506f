#pragma once
// A backup of a store.

#include <filesystem>

namespace seqbench::store {

/// A whole copy under a name of its own beside FILE, also while a run goes on, checked (integrity_check, foreign_key_check,
/// version and number of executions), then renamed to FILE unless that exists by then;
/// large predictions, which lie in blobs/ beside a store, are copied to blobs/ beside FILE. Checkpoints are not. Throws
/// InputError where FILE exists, MachineError where the store is damaged or the disk fails; nothing is left at FILE then.
void back_up_store(const std::filesystem::path& store, const std::filesystem::path& file);

}  // namespace seqbench::store
