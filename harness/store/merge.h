#pragma once
// Brings the results of another store (a shard) into this one.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace seqbench::store {

struct MergeReport {
  std::int64_t added = 0;        // executions
  std::int64_t replaced = 0;     // executions that were unfinished here and are finished there
  std::int64_t known = 0;        // executions that were here already
  std::int64_t unfinished = 0;   // left where they are: their checkpoints do not travel
  std::vector<std::string> conflicts;  // one line each, also those of an earlier merge
};

/// Rows meet by natural keys (experiment and environment hash, run uid, trial key, execution uid), so that merging twice
/// changes nothing and stores merged in any order export the same text. Of an execution that is done on both sides with
/// different results ours is kept; that, and different results of one trial in deterministic executions of one numerics
/// class, is a conflict: a line of the report and a row of `conflicts`. One transaction: all of the shard or nothing.
/// Large predictions are copied first. `dry_run`: the report, and nothing changed. Published values, claims, verdicts,
/// baselines, checkpoints and artifacts stay: they come from files, or belong to files that do not travel.
/// The shard may be written to meanwhile. Throws InputError where it is no store of this version or the store itself.
[[nodiscard]] MergeReport merge_store(const std::filesystem::path& store, const std::filesystem::path& shard, bool dry_run);

}  // namespace seqbench::store
