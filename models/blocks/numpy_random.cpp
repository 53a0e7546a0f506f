#include "models/blocks/numpy_random.h"

#include <bit>
#include <utility>

namespace seqbench::models {

std::uint32_t NumpyRandom::up_to(std::uint32_t highest) {
  if (highest == 0) return 0;  // without a draw
  const std::uint32_t mask = ~std::uint32_t{0} >> std::countl_zero(highest);
  std::uint32_t value = 0;
  do value = static_cast<std::uint32_t>(bits_()) & mask;
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
