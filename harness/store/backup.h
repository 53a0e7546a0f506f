#pragma once
// Private to the room: whole copies of a store, one file each, without a log of its own.

#include <filesystem>

#include "harness/store/connection.h"

namespace seqbench::store {

/// Copies the store, also what is still in its log and while a run goes on, into a new file `to`; synced. What was at `to`,
/// a scratch file of this program, is replaced. Throws MachineError where the copy is not whole; nothing is at `to` then.
void copy_store(Connection& from, const std::filesystem::path& to);

/// Copies the blobs that predictions in `snapshot`, a copy of the store `from`, name into the folder of the store `to`; those
/// there already are kept. By a snapshot, so that a blob written meanwhile is in both or in neither. Throws InputError
/// for a path other than blobs/xx/SHA256, MachineError for a blob that is not what its name says.
void copy_blobs(Connection& snapshot, const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace seqbench::store
