#pragma once
// Damaged files, for suites of their own programs.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "harness/base/error.h"

namespace seqbench::fuzz {

/// Nothing but a result or an InputError that says why: any other exception leaves.
template <typename F>
void survive(const F& read) {
  try {
    read();
  } catch (const InputError& error) {
    EXPECT_STRNE(error.what(), "");
  }
}

inline void write(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace seqbench::fuzz
