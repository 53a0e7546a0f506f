#include "harness/base/code_hashes.h"

#include <algorithm>

namespace seqbench {

std::string_view CodeHashes::of(std::string_view room) const {
  const auto found =
      std::find_if(rooms.begin(), rooms.end(), [room](const CodeHash& hash) { return hash.room == room; });
  return found == rooms.end() ? std::string_view{} : found->sha256;
}

}  // namespace seqbench
