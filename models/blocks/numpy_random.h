#pragma once
// What `numpy.random.seed(n)` and `numpy.random.permutation(a)` do (numpy/random/mtrand.pyx, _legacy_seeding and shuffle):
// published patterns of attention were drawn that way. For such parity only; our own draws come from Streams.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqbench::models {

class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed);

  /// The values in a new order: Fisher-Yates from the end.
  [[nodiscard]] std::vector<std::int64_t> permutation(std::vector<std::int64_t> values);

 private:
  void refill();
  [[nodiscard]] std::uint32_t next();
  [[nodiscard]] std::uint32_t up_to(std::uint32_t highest);

  std::array<std::uint32_t, 624> state_;  // MT19937 (Matsumoto and Nishimura 1998)
  std::size_t used_ = 624;
};

}  // namespace seqbench::models
