#pragma once
// Files for one test, removed afterwards.

#include <gtest/gtest.h>
#include <htslib/bgzf.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"

namespace seqbench::test {

struct TempFiles : TempFolder {
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path() / name, std::ios::binary) << bytes;
    return path() / name;
  }
};

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The bytes of a gzip (one member) or bgzip (blocks and an end marker) file with this text.
inline std::string compressed(std::string_view text, const char* mode) {
  const TempFiles files;
  const auto path = files.path() / "compressed";
  BGZF* file = bgzf_open(path.c_str(), mode);
  EXPECT_EQ(bgzf_write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(bgzf_close(file), 0);
  return file_text(path);
}
inline std::string gzip(std::string_view text) { return compressed(text, "wg"); }
inline std::string bgzip(std::string_view text) { return compressed(text, "w"); }

/// The text of the InputError that `action` throws; "" when it throws none.
template <typename Action>
std::string input_error(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace seqbench::test
