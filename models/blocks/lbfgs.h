#pragma once
// Minimum of a smooth function by L-BFGS (Nocedal and Wright, algorithm 7.4), where a Hessian would be too large or too
// costly; a local one unless the function is convex.

#include <ATen/core/Tensor.h>

#include <functional>
#include <string_view>

namespace seqbench::models {

struct Slope {
  double value = 0;
  at::Tensor gradient;  // f64, as the variables
};

struct LbfgsOptions {
  int most_steps = 2000;
  double converged = 1e-13;  // of the value that a step still promises to gain
  bool must_converge = true;  // false: after most_steps the point reached is as good as any
};

/// Starts at `theta`, f64 [P]. Throws InputError naming `what` when it does not converge.
[[nodiscard]] at::Tensor minimize_lbfgs(const std::function<Slope(const at::Tensor&)>& function, at::Tensor theta,
                                        std::string_view what, const LbfgsOptions& options = {});

}  // namespace seqbench::models
