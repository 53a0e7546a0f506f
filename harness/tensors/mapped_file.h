#pragma once
// A file mapped into memory for reading.

#include <filesystem>
#include <string_view>

namespace seqbench::tensors {

class MappedFile {
 public:
  /// Throws InputError naming the path: absent, unreadable, no regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  /// Valid as long as this object.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace seqbench::tensors
