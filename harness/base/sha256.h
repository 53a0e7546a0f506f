#pragma once
// SHA-256 (FIPS 180-4): keys, streams, lock files and results all rest on it, so it has no dependency.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace seqbench {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void update(const void* data, std::size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// The digest of all bytes so far; the object may not be used afterwards.
  [[nodiscard]] Sha256Digest finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  std::uint64_t length_ = 0;  // bytes
};

[[nodiscard]] Sha256Digest sha256(std::string_view text);
[[nodiscard]] std::string sha256_hex(std::string_view text);
/// Throws InputError when the file cannot be read.
[[nodiscard]] std::string sha256_file_hex(const std::filesystem::path& path);
/// The same for a large file that many trials name: read again only where its place, size or times differ from when this
/// process read it. Thread-safe.
[[nodiscard]] std::string sha256_file_hex_once(const std::filesystem::path& path);
[[nodiscard]] std::string to_hex(const std::uint8_t* bytes, std::size_t count);

}  // namespace seqbench
