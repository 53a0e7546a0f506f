#include "models/blocks/rotation.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/pow.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/vectors.h"

namespace seqbench::models {
namespace rotation {
namespace {

constexpr std::int64_t kRun = 8;  // pairs at once
constexpr std::int64_t kGrain = 16 * 1024;  // values that are worth a thread

/// One head of one token: its two halves, which lie apart, as the results do.
template <typename T>
[[gnu::always_inline]] inline void turn_pairs(const T* __restrict first, const T* __restrict second, const float* __restrict cos, const float* __restrict sin,
                                              std::int64_t count, float way, T* __restrict to_first, T* __restrict to_second) {
  const auto turn_run = [&](std::int64_t run) __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < run; ++i) {
      const auto x = static_cast<float>(first[i]), y = static_cast<float>(second[i]);
      to_first[i] = static_cast<T>(x * cos[i] - way * y * sin[i]);
      to_second[i] = static_cast<T>(y * cos[i] + way * x * sin[i]);
    }
  };
  for (; count >= kRun; count -= kRun, first += kRun, second += kRun, cos += kRun, sin += kRun, to_first += kRun, to_second += kRun) turn_run(kRun);
  turn_run(count);
}

SEQBENCH_VECTOR_CLONES
void turn(const float* first, const float* second, const float* cos, const float* sin, std::int64_t count, float way, float* to_first, float* to_second) {
  turn_pairs(first, second, cos, sin, count, way, to_first, to_second);
}

SEQBENCH_VECTOR_CLONES
void turn(const c10::BFloat16* first, const c10::BFloat16* second, const float* cos, const float* sin, std::int64_t count, float way, c10::BFloat16* to_first,
          c10::BFloat16* to_second) {
  turn_pairs(first, second, cos, sin, count, way, to_first, to_second);
}

/// `way` 1, or -1: back.
template <typename T>
void turn_all(const at::Tensor& x_BLH, const Rotation& by, float way, const at::Tensor& to_BLH) {
  const std::int64_t length = x_BLH.size(1), width = x_BLH.size(2), half = by.cos.size(1);
  const auto* from = x_BLH.const_data_ptr<T>();
  auto* to = to_BLH.mutable_data_ptr<T>();
  const auto *cos = by.cos.const_data_ptr<float>(), *sin = by.sin.const_data_ptr<float>();
  at::parallel_for(0, x_BLH.size(0) * length, std::max(std::int64_t{1}, kGrain / width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t token = begin; token < end; ++token) {
      const std::int64_t place = token % length * half;
      for (std::int64_t head = token * width; head < (token + 1) * width; head += 2 * half) {
        turn(from + head, from + head + half, cos + place, sin + place, half, way, to + head, to + head + half);
      }
    }
  });
}

at::Tensor turned(const at::Tensor& x, const Rotation& by, float way) {
  const at::Tensor from = x.contiguous(), to = at::empty_like(from);
  if (from.scalar_type() == at::kFloat) turn_all<float>(from, by, way, to);
  else turn_all<c10::BFloat16>(from, by, way, to);
  return to;
}

class Rotated : public torch::autograd::Function<Rotated> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, double way) {
    context->save_for_backward({cos, sin});
    context->saved_data["way"] = way;
    return turned(x, {cos, sin}, static_cast<float>(way));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    return {Rotated::apply(gradients[0], saved[0], saved[1], -context->saved_data["way"].toDouble()), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace
}  // namespace rotation

at::Tensor rotary_frequencies(std::int64_t head_width, double base) {
  const at::Tensor exponents = at::arange(0, head_width, 2, at::kLong).to(at::kFloat).div(static_cast<double>(head_width));
  return at::pow(base, exponents).reciprocal();
}

at::Tensor rotation_angles(const at::Tensor& frequencies, std::int64_t length) {
  return at::arange(length, frequencies.options()).unsqueeze(1).mul(frequencies.unsqueeze(0));
}

Rotation rotation_by(const at::Tensor& angles) {
  SEQBENCH_ASSERT(angles.dim() == 2 && angles.size(1) > 0 && !angles.requires_grad(), "angles [L, d/2], which nothing trains");
  const at::Tensor single = angles.to(at::kFloat);
  return {single.cos().contiguous(), single.sin().contiguous()};
}

at::Tensor plain_rotated(const at::Tensor& x_BLH, const Rotation& by) {
  const std::int64_t half = by.cos.size(1);
  const at::Tensor wide_BLhD = (x_BLH.scalar_type() == at::kDouble ? x_BLH : x_BLH.to(at::kFloat)).unflatten(2, {-1, 2 * half});
  const at::Tensor cos = by.cos.unsqueeze(1), sin = by.sin.unsqueeze(1);
  const at::Tensor first = wide_BLhD.narrow(3, 0, half), second = wide_BLhD.narrow(3, half, half);
  return at::cat({first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))}, 3).flatten(2).to(x_BLH.scalar_type());
}

at::Tensor rotated(const at::Tensor& x_BLH, const Rotation& by) {
  SEQBENCH_ASSERT(x_BLH.dim() == 3 && by.cos.size(0) == x_BLH.size(1) && x_BLH.size(2) > 0 && x_BLH.size(2) % (2 * by.cos.size(1)) == 0,
                  "an angle for each token and pair");
  const bool fits = x_BLH.is_cpu() && (x_BLH.scalar_type() == at::kFloat || x_BLH.scalar_type() == at::kBFloat16);
  if (!fits) return plain_rotated(x_BLH, by);
  return at::GradMode::is_enabled() ? rotation::Rotated::apply(x_BLH, by.cos, by.sin, 1.0) : rotation::turned(x_BLH, by, 1);
}

}  // namespace seqbench::models
