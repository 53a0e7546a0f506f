#pragma once
// A folder that is gone with the object.

#include <filesystem>
#include <system_error>

#include "harness/base/files.h"

namespace seqbench {

class TempFolder {
 public:
  TempFolder() : path_(std::filesystem::temp_directory_path() / ("seqbench_test_" + new_uid())) {
    std::filesystem::create_directory(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace seqbench
