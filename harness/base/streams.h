#pragma once
// Named counter-based random streams (Philox4x32-10, Salmon et al. 2011). Nothing is carried from draw to
// draw: a value follows from (seed, repeat, fold, purpose; epoch, step, item, block) alone, so the order of
// workers, prefetching and resuming cannot change it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace seqbench {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

[[nodiscard]] PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) noexcept;

/// Position inside a stream. Unused words stay 0.
struct Counter {
  std::uint32_t epoch = 0;
  std::uint32_t step = 0;
  std::uint32_t item = 0;  // row in the global batch, or example index
};

/// Sequential reading of one counter's words, from block 0 on. A value type: copy it to read again.
class Draws {
 public:
  Draws(PhiloxKey key, Counter at) : key_(key), at_(at) {}

  [[nodiscard]] std::uint32_t word();
  /// In [0, 1), 24 bits.
  [[nodiscard]] float uniform_float();
  /// In [0, 1), 53 bits of two words, the first word low.
  [[nodiscard]] double uniform();
  /// Unbiased below n (Lemire), 1 <= n; two words a try when n > 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t n);
  /// Standard normal by the inverse distribution function; one word pair a value.
  [[nodiscard]] double normal();
  /// Fisher-Yates from the end.
  template <typename T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  PhiloxKey key_;
  Counter at_;
  std::uint32_t block_ = 0;
  std::uint32_t used_ = 4;  // words of words_ handed out
  PhiloxBlock words_{};
};

class Stream {
 public:
  explicit Stream(PhiloxKey key) : key_(key) {}
  [[nodiscard]] PhiloxKey key() const noexcept { return key_; }
  [[nodiscard]] Draws at(Counter counter = {}) const { return {key_, counter}; }
  [[nodiscard]] PhiloxBlock block(std::uint32_t block, Counter at) const noexcept {
    return philox({block, at.item, at.step, at.epoch}, key_);
  }
  /// The same words from block `first` on, many blocks at once: several times as fast.
  void fill(std::uint32_t first, Counter at, std::span<std::uint32_t> words) const noexcept;

 private:
  PhiloxKey key_;
};

inline constexpr std::uint32_t kNoFold = 0xFFFFFFFFu;

/// All streams of one trial.
class Streams {
 public:
  explicit Streams(std::uint64_t seed, std::uint32_t repeat = 0, std::uint32_t fold = kNoFold)
      : seed_(seed), repeat_(repeat), fold_(fold) {}
  /// `purpose` is one of kPurposes, or one of them with "/detail" where it ends in a slash there;
  /// anything else is an assertion.
  [[nodiscard]] Stream open(std::string_view purpose) const;
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  /// Streams of their own for each member of an ensemble; member 0 has these.
  [[nodiscard]] Streams of_member(std::uint32_t member) const {
    Streams streams = *this;
    streams.member_ = member;
    return streams;
  }

 private:
  std::uint64_t seed_;
  std::uint32_t repeat_;
  std::uint32_t fold_;
  std::uint32_t member_ = 0;
};

/// The closed list of purposes.
inline constexpr std::array<std::string_view, 13> kPurposes = {
    "split", "subsample", "init", "init/", "order", "sampler", "dropout/", "mask/",
    "augment", "twin/", "bootstrap", "permutation", "test"};

/// Inverse of the standard normal distribution function (Wichura, AS 241), 0 < p < 1; the same bits on every
/// platform (own logarithm, no contraction).
[[nodiscard]] double inverse_normal(double p);
/// Natural logarithm, x > 0 and finite, within 1e-15 relative of the true one: libm's last bit differs between
/// platforms.
[[nodiscard]] double natural_log(double x);
/// Standard normal distribution function.
[[nodiscard]] double normal_cdf(double x);

}  // namespace seqbench
