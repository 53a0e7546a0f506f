#pragma once
// What `numpy.random.seed(n)` and `numpy.random.permutation(a)` do (numpy/random/mtrand.pyx, _legacy_seeding and shuffle):
// published patterns of attention were drawn that way. For such parity only; our own draws come from Streams.

#include <cstdint>
#include <random>
#include <vector>

namespace seqbench::models {

class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : bits_(seed) {}

  /// The values in a new order: Fisher-Yates from the end.
  [[nodiscard]] std::vector<std::int64_t> permutation(std::vector<std::int64_t> values);

 private:
  [[nodiscard]] std::uint32_t up_to(std::uint32_t highest);

  std::mt19937 bits_;  // numpy's legacy generator, bit for bit, seeded by one number
};

}  // namespace seqbench::models
