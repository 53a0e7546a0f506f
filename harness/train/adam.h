#pragma once
// Adam's pass over a parameter on the CPU.

#include <ATen/core/Tensor.h>

namespace seqbench::train {

struct AdamStep {
  double learning_rate, beta1, beta2, eps;
  double weight_decay;
  bool decoupled;     // the parameter itself decays, as of AdamW
  std::int64_t step;  // from 1
};

/// A parameter, its gradient and the two running means, all of one form.
struct AdamState {
  at::Tensor parameter, gradient, exp_avg, exp_avg_sq;
};

/// Whether `adam_pass` gives the very bits of at::_fused_adam_ and at::_fused_adamw_ for them, and sooner: f32 in whole vectors of 8 (what
/// is left of one LibTorch rounds in another order), beta1 above 0.5 (LibTorch takes another form of the mean below), and vectors with
/// fused products and sums both here and in LibTorch.
[[nodiscard]] bool adam_pass_fits(const AdamState& state, const AdamStep& step);

/// One step, in place. Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
void adam_pass(const AdamState& state, const AdamStep& step);

}  // namespace seqbench::train
