#pragma once
// SHA-1 (FIPS 180-4), for git's ids of files alone: they name what a hub's list means, nothing rests on it by itself.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace seqbench {

class Sha1 {
 public:
  void update(std::string_view bytes);
  /// The digest of all bytes so far, 40 digits; the object may not be used afterwards.
  [[nodiscard]] std::string finish_hex();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 5> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::array<std::uint8_t, 64> buffer_{};
  std::uint64_t length_ = 0;  // bytes
};

/// As `git hash-object FILE` gives: SHA-1 of "blob SIZE\0" and the bytes. Throws InputError when the file cannot be read.
[[nodiscard]] std::string git_blob_id(std::string_view bytes);
[[nodiscard]] std::string git_blob_id_of_file(const std::filesystem::path& path);

}  // namespace seqbench
