#include "harness/train/adam.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/vectors.h"

namespace seqbench::train {
namespace adam {
namespace {

constexpr std::int64_t kVector = 8, kLeastOfThread = 32768;

/// What of a step is the same for all numbers.
struct Factors {
  float first, second_kept, second, root, per_root, eps, step, decay, kept;
};

Factors factors_of(const AdamStep& step) {
  const auto narrowed = [](double value) { return static_cast<float>(value); };
  const auto count = static_cast<double>(step.step);
  const float root = narrowed(std::sqrt(1 - std::pow(step.beta2, count)));
  return {.first = narrowed(1 - step.beta1), .second_kept = narrowed(step.beta2), .second = narrowed(1 - step.beta2), .root = root,
          .per_root = 1 / root, .eps = narrowed(step.eps), .step = narrowed(-(step.learning_rate / (1 - std::pow(step.beta1, count)))),
          .decay = step.decoupled ? 0 : narrowed(step.weight_decay),
          .kept = step.decoupled ? narrowed(1 - step.learning_rate * step.weight_decay) : 1};
}

/// Products and sums are fused where LibTorch's kernel fuses them. x / root is x (1 / root), corrected once by what that leaves of a finite
/// x: the rounded quotient (Markstein 2000), in a fraction of a division's time.
SEQBENCH_VECTOR_CLONES void pass(float* __restrict parameter, const float* __restrict gradient, float* __restrict mean, float* __restrict square,
                                 std::int64_t count, Factors by) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = by.decay == 0 ? gradient[i] : std::fma(parameter[i], by.decay, gradient[i]);
    const float m = std::fma(by.first, g - mean[i], mean[i]);
    const float v = std::fma(by.second * g, g, square[i] * by.second_kept);
    const float deviation = std::sqrt(v), quotient = deviation * by.per_root;
    const float corrected = std::fma(std::fma(-quotient, by.root, deviation), by.per_root, quotient);
    const float scaled = quotient == std::numeric_limits<float>::infinity() ? quotient : corrected;
    parameter[i] = parameter[i] * by.kept + by.step * m / (scaled + by.eps);
    mean[i] = m;
    square[i] = v;
  }
}

bool has_vectors() {
#if defined(__x86_64__) && defined(SEQBENCH_HAS_VECTOR_CLONES)
  static const bool kHas = __builtin_cpu_supports("x86-64-v3") && at::get_cpu_capability() != "DEFAULT";
  return kHas;
#else
  return false;
#endif
}

}  // namespace
}  // namespace adam

bool adam_pass_fits(const AdamState& state, const AdamStep& step) {
  const auto fits = [](const at::Tensor& tensor) { return tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_contiguous(); };
  return adam::has_vectors() && static_cast<float>(1 - step.beta1) < 0.5F && state.parameter.numel() % adam::kVector == 0 &&
         fits(state.parameter) && fits(state.gradient) && fits(state.exp_avg) && fits(state.exp_avg_sq);
}

void adam_pass(const AdamState& state, const AdamStep& step) {
  const adam::Factors factors = adam::factors_of(step);
  auto *parameter = state.parameter.mutable_data_ptr<float>(), *mean = state.exp_avg.mutable_data_ptr<float>(),
       *square = state.exp_avg_sq.mutable_data_ptr<float>();
  const auto* gradient = state.gradient.const_data_ptr<float>();
  at::parallel_for(0, state.parameter.numel(), adam::kLeastOfThread, [&](std::int64_t begin, std::int64_t end) {
    adam::pass(parameter + begin, gradient + begin, mean + begin, square + begin, end - begin, factors);
  });
}

}  // namespace seqbench::train
