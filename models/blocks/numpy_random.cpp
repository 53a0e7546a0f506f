#include "models/blocks/numpy_random.h"

#include <bit>
#include <utility>

namespace seqbench::models {

NumpyRandom::NumpyRandom(std::uint32_t seed) {
  state_[0] = seed;
  for (std::uint32_t i = 1; i < state_.size(); ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

void NumpyRandom::refill() {
  const std::size_t size = state_.size();
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t joined = (state_[i] & 0x80000000u) | (state_[(i + 1) % size] & 0x7fffffffu);
    state_[i] = state_[(i + 397) % size] ^ (joined >> 1) ^ ((joined & 1u) != 0 ? 0x9908b0dfu : 0u);
  }
  used_ = 0;
}

std::uint32_t NumpyRandom::next() {
  if (used_ == state_.size()) refill();
  std::uint32_t bits = state_[used_++];
  bits ^= bits >> 11;
  bits ^= (bits << 7) & 0x9d2c5680u;
  bits ^= (bits << 15) & 0xefc60000u;
  return bits ^ (bits >> 18);
}

std::uint32_t NumpyRandom::up_to(std::uint32_t highest) {
  if (highest == 0) return 0;  // without a draw
  const std::uint32_t mask = ~std::uint32_t{0} >> std::countl_zero(highest);
  std::uint32_t value = 0;
  do value = next() & mask;
  while (value > highest);
  return value;
}

std::vector<std::int64_t> NumpyRandom::permutation(std::vector<std::int64_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[up_to(static_cast<std::uint32_t>(i - 1))]);
  }
  return values;
}

}  // namespace seqbench::models
