#pragma once
// Small seeded damage to the bytes of a file.

#include <string>
#include <string_view>

#include "harness/base/streams.h"

namespace seqbench::fuzz {

/// Flips, cuts, repeats and inserts, a few times.
inline std::string mutated(std::string bytes, Draws draws) {
  using namespace std::string_view_literals;
  constexpr std::string_view kSpecial = "\0\xff\"'[]{}=\t\n>,:-0e.#"sv;
  for (std::uint64_t i = draws.below(4) + 1; i > 0 && !bytes.empty(); --i) {
    const std::size_t at = draws.below(bytes.size());
    switch (draws.below(4)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1u << draws.below(8))); break;
      case 1: bytes.resize(at); break;
      case 2: bytes.insert(at, 1, kSpecial[draws.below(kSpecial.size())]); break;
      default: bytes.insert(at, bytes.substr(draws.below(bytes.size()), draws.below(64))); break;
    }
  }
  return bytes;
}

}  // namespace seqbench::fuzz
