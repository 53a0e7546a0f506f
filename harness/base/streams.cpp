#include "harness/base/streams.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/vectors.h"

namespace seqbench {
namespace {

__extension__ using Uint128 = unsigned __int128;

void append_little_endian(std::string& text, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

std::uint32_t read_little_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} | (std::uint32_t{bytes[1]} << 8) | (std::uint32_t{bytes[2]} << 16) |
         (std::uint32_t{bytes[3]} << 24);
}

bool is_listed(std::string_view purpose) {
  return std::any_of(kPurposes.begin(), kPurposes.end(), [purpose](std::string_view listed) {
    if (!listed.ends_with('/')) return purpose == listed;
    return purpose.size() > listed.size() && purpose.starts_with(listed);
  });
}

}  // namespace

PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

namespace {

constexpr std::size_t kLanes = 32;  // blocks side by side

/// philox() of kLanes counters that differ in their first word alone.
SEQBENCH_VECTOR_CLONES
void philox_lanes(PhiloxBlock counter, std::uint32_t key0, std::uint32_t key1, std::uint32_t* words) {
  std::uint32_t a[kLanes], b[kLanes], c[kLanes], d[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    a[i] = counter[0] + static_cast<std::uint32_t>(i);
    b[i] = counter[1], c[i] = counter[2], d[i] = counter[3];
  }
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t product0 = std::uint64_t{0xD2511F53} * a[i], product1 = std::uint64_t{0xCD9E8D57} * c[i];
      a[i] = static_cast<std::uint32_t>(product1 >> 32) ^ b[i] ^ key0;
      b[i] = static_cast<std::uint32_t>(product1);
      c[i] = static_cast<std::uint32_t>(product0 >> 32) ^ d[i] ^ key1;
      d[i] = static_cast<std::uint32_t>(product0);
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    words[4 * i] = a[i], words[4 * i + 1] = b[i], words[4 * i + 2] = c[i], words[4 * i + 3] = d[i];
  }
}

}  // namespace

void Stream::fill(std::uint32_t first, Counter at, std::span<std::uint32_t> words) const noexcept {
  for (; words.size() >= 4 * kLanes; first += kLanes, words = words.subspan(4 * kLanes)) {
    philox_lanes({first, at.item, at.step, at.epoch}, key_[0], key_[1], words.data());
  }
  if (words.empty()) return;
  std::array<std::uint32_t, 4 * kLanes> last;
  philox_lanes({first, at.item, at.step, at.epoch}, key_[0], key_[1], last.data());
  std::copy_n(last.begin(), words.size(), words.begin());
}

std::uint32_t Draws::word() {
  if (used_ == 4) {
    SEQBENCH_ASSERT(block_ != std::numeric_limits<std::uint32_t>::max(), "a counter's blocks are used up");
    words_ = philox({block_++, at_.item, at_.step, at_.epoch}, key_);
    used_ = 0;
  }
  return words_[used_++];
}

float Draws::uniform_float() { return static_cast<float>(word() >> 8) * 0x1p-24f; }

double Draws::uniform() {
  const std::uint64_t low = word();
  const std::uint64_t high = word();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1p-53;
}

// D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019).
std::uint64_t Draws::below(std::uint64_t n) {
  SEQBENCH_ASSERT(n >= 1, "there is no integer below 0");
  if (n <= (std::uint64_t{1} << 32)) {
    std::uint64_t product = word() * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint64_t threshold = ((std::uint64_t{1} << 32) - n) % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = word() * n;
    }
    return product >> 32;
  }
  const auto draw = [this, n] {
    const std::uint64_t low = word();
    return Uint128{(std::uint64_t{word()} << 32) | low} * n;
  };
  Uint128 product = draw();
  if (static_cast<std::uint64_t>(product) < n) {
    const std::uint64_t threshold = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < threshold) product = draw();
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double Draws::normal() {
  constexpr double kLargest = 1 - 0x1p-53;  // u + 2^-54 of the largest u would round to 1
  return inverse_normal(std::min(uniform() + 0x1p-54, kLargest));
}

Stream Streams::open(std::string_view purpose) const {
  SEQBENCH_ASSERT(is_listed(purpose), std::string(purpose).append(" is no purpose of kPurposes").c_str());
  std::string text("seqbench.stream.v1\0", 19);
  append_little_endian(text, seed_, 8);
  append_little_endian(text, repeat_, 4);
  append_little_endian(text, fold_, 4);
  text += purpose;
  if (member_ > 0) text += std::string("\0member", 7) + std::to_string(member_);
  const Sha256Digest digest = sha256(text);
  return Stream({read_little_endian(digest.data()), read_little_endian(digest.data() + 4)});
}

}  // namespace seqbench
