#pragma once
// Which program this is. Written at build time by cmake/version.cmake into one object, so that a new commit
// recompiles nothing else; linked into harness/measure.

#include <string_view>

namespace seqbench {

struct Version {
  std::string_view program;     // "0.1.0"
  std::string_view git_commit;  // 40 hex digits, or "unknown" outside a checkout
  bool git_dirty = false;       // sources differ from the commit, new files included
  std::string_view preset;      // CMake preset of the build
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view flags;       // of the build type, as given to CMake
};

[[nodiscard]] Version version();

}  // namespace seqbench
