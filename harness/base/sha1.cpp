#include "harness/base/sha1.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/sha256.h"

namespace seqbench {
namespace {

struct Step {
  std::uint32_t mixed, constant;
};

Step step_of(std::size_t i, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  if (i < 20) return {(b & c) | (~b & d), 0x5a827999};
  if (i < 40) return {b ^ c ^ d, 0x6ed9eba1};
  if (i < 60) return {(b & c) | (b & d) | (c & d), 0x8f1bbcdc};
  return {b ^ c ^ d, 0xca62c1d6};
}

std::string blob_head(std::uint64_t size) { return fmt::format("blob {}", size) + '\0'; }

}  // namespace

void Sha1::compress(const std::uint8_t* block) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    w[i] = (std::uint32_t{block[4 * i]} << 24) | (std::uint32_t{block[4 * i + 1]} << 16) | (std::uint32_t{block[4 * i + 2]} << 8) |
           std::uint32_t{block[4 * i + 3]};
  }
  for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state_;
  for (std::size_t i = 0; i < 80; ++i) {
    const Step step = step_of(i, b, c, d);
    const std::uint32_t next = std::rotl(a, 5) + step.mixed + e + step.constant + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const std::array<std::uint32_t, 5> sums = {a, b, c, d, e};
  for (std::size_t i = 0; i < 5; ++i) state_[i] += sums[i];
}

void Sha1::update(std::string_view bytes) {
  for (const char byte : bytes) {
    buffer_[length_++ % 64] = static_cast<std::uint8_t>(byte);
    if (length_ % 64 == 0) compress(buffer_.data());
  }
}

std::string Sha1::finish_hex() {
  const std::uint64_t bits = length_ * 8;
  update("\x80");
  while (length_ % 64 != 56) update(std::string_view("\0", 1));
  for (int shift = 56; shift >= 0; shift -= 8) {
    const char byte = static_cast<char>(static_cast<std::uint8_t>(bits >> shift));
    update(std::string_view(&byte, 1));
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return to_hex(digest.data(), digest.size());
}

std::string git_blob_id(std::string_view bytes) {
  Sha1 hash;
  hash.update(blob_head(bytes.size()));
  hash.update(bytes);
  return hash.finish_hex();
}

std::string git_blob_id_of_file(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  const auto fail = [&path](int error) {
    throw InputError(fmt::format("cannot read '{}': {}", path.string(), std::generic_category().message(error)));
  };
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!file || error) fail(file ? error.value() : errno);
  Sha1 hash;
  hash.update(blob_head(size));
  std::vector<char> buffer(1u << 20);
  std::size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) hash.update({buffer.data(), count});
  if (std::ferror(file.get()) != 0) fail(errno);
  return hash.finish_hex();
}

}  // namespace seqbench
