#pragma once
// The covariance of two sets and how its hyper-parameters are found.

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <span>

#include "models/mutation_gp/sets.h"

namespace seqbench::models::mutation_gp {

/// k(x, x') = amplitude^2 exp(-distance / length) + linear^2 |x & x'| + constant^2, and noise^2 where both are one reading;
/// all but the length in standard deviations of the target.
struct Kernel {
  double amplitude = 0;
  double length = 0;
  double linear = 0;
  double constant = 0;
  double noise = 0;

  /// f64 [B, N]: the first term.
  [[nodiscard]] at::Tensor decay(const Common& common) const;
  /// f64 [B, N], without noise.
  [[nodiscard]] at::Tensor covariance(const Common& common) const;
  /// f64 [B]: k(x, x), without noise, of rows of these sizes.
  [[nodiscard]] at::Tensor variance(const at::Tensor& sizes) const;

  [[nodiscard]] std::array<double, 5> values() const { return {amplitude, length, linear, constant, noise}; }
  /// Five values in that order.
  [[nodiscard]] static Kernel of(std::span<const double> values);
};

/// Whether all are finite and not negative, length and noise above 0.
[[nodiscard]] bool is_kernel(const Kernel& kernel);

/// Readings of N rows of T targets that share a kernel.
struct Readings {
  Common common;        // of the rows with each other, [N, N]
  at::Tensor targets;   // f64 [N, T], in standard deviations around the mean
  at::Tensor variance;  // f64 [N]: noise of each in units of noise^2
};

/// Log marginal likelihood of the readings, summed over targets (Rasmussen and Williams 2006, equation 2.30).
struct Evidence {
  double value = 0;                  // -infinity: the covariance is not positive definite in f64
  std::array<double, 5> slopes = {};  // by the logarithms of Kernel::values(), equation 5.9
};
[[nodiscard]] Evidence evidence(const Kernel& kernel, const Readings& readings);

/// The kernel of greatest evidence that L-BFGS finds from the best of a few lengths, within bounds far outside of what
/// targets of unit variance ask for.
[[nodiscard]] Kernel most_likely(const Readings& readings, const std::function<void()>& check_stop);

}  // namespace seqbench::models::mutation_gp
