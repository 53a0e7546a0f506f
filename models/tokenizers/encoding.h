#pragma once
// What a text becomes.

#include <cstdint>
#include <vector>

namespace seqbench::models {

/// Code points of the text, [begin, end), as the Python package counts them.
struct Offset {
  std::uint32_t begin = 0, end = 0;
  bool operator==(const Offset&) const = default;
};

struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<Offset> offsets;  // of each id, where asked for
};

}  // namespace seqbench::models
