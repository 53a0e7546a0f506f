#pragma once
// Private to the figures.

#include <cmath>
#include <vector>

namespace seqbench::reports {

/// With linear interpolation (R's type 7) of ascending values, of which there is at least one; 0 <= q <= 1.
[[nodiscard]] inline double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const std::size_t low = static_cast<std::size_t>(std::floor(at));
  const std::size_t high = low + 1 < sorted.size() ? low + 1 : low;
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace seqbench::reports
