#pragma once
// Hashes of the sources that determine a result, written into the program at build time.

#include <span>
#include <string_view>

namespace seqbench {

struct CodeHash {
  std::string_view room;    // "harness", "models/blocks", "models/ridge", "tasks/gfp_fluorescence"
  std::string_view sha256;  // over the text of its sources without comments and white space
};

/// Sorted by room.
struct CodeHashes {
  std::span<const CodeHash> rooms;
  /// Empty when the room is unknown.
  [[nodiscard]] std::string_view of(std::string_view room) const;
};

}  // namespace seqbench
