#pragma once
// Private to the room: whole copies of a store, one file each, without a log of its own.

#include <filesystem>

#include "harness/store/connection.h"

namespace seqbench::store {

/// Copies the store, also what is still in its log and while a run goes on, into a new file `to`; synced. What was at `to`
/// is replaced.
void copy_store(Connection& from, const std::filesystem::path& to);

/// Copies the blobs that predictions in `from` name into the folder of the store `to`; those there already are kept.
void copy_blobs(Connection& from, const std::filesystem::path& to);

}  // namespace seqbench::store
