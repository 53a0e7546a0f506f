#include "models/blocks/rotation.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/pow.h>
#include <torch/csrc/autograd/custom_function.h>

#include "harness/base/error.h"
#include "harness/base/vectors.h"

namespace seqbench::models {
namespace rotation {
namespace {

constexpr std::int64_t kRun = 8;  // values of half a head at once
constexpr std::int64_t kGrain = 16 * 1024;  // values that are worth a thread

/// Of one token: `heads` times two halves.
template <typename T>
inline void turn_token(const T* __restrict x, const float* __restrict cos, const float* __restrict sin, std::int64_t heads, std::int64_t half, float way,
                       T* __restrict to) {
  const auto turn = [&](std::int64_t j) {
    const auto first = static_cast<float>(x[j]), second = static_cast<float>(x[j + half]);
    to[j] = static_cast<T>(first * cos[j] - way * second * sin[j]);
    to[j + half] = static_cast<T>(second * cos[j] + way * first * sin[j]);
  };
  for (std::int64_t head = 0; head < heads; ++head, x += 2 * half, to += 2 * half) {
    std::int64_t j = 0;
    for (; j + kRun <= half; j += kRun) {
      for (std::int64_t i = 0; i < kRun; ++i) turn(j + i);
    }
    for (; j < half; ++j) turn(j);
  }
}

SEQBENCH_VECTOR_CLONES
void turn(const float* x, const float* cos, const float* sin, std::int64_t heads, std::int64_t half, float way, float* to) {
  turn_token(x, cos, sin, heads, half, way, to);
}

SEQBENCH_VECTOR_CLONES
void turn(const c10::BFloat16* x, const float* cos, const float* sin, std::int64_t heads, std::int64_t half, float way, c10::BFloat16* to) {
  turn_token(x, cos, sin, heads, half, way, to);
}

/// `way` 1, or -1: back.
template <typename T>
void turn_all(const at::Tensor& x_BLH, const at::Tensor& cos_LJ, const at::Tensor& sin_LJ, float way, const at::Tensor& to_BLH) {
  const std::int64_t length = x_BLH.size(1), width = x_BLH.size(2), half = cos_LJ.size(1);
  const auto* from = x_BLH.const_data_ptr<T>();
  auto* to = to_BLH.mutable_data_ptr<T>();
  const auto *cos = cos_LJ.const_data_ptr<float>(), *sin = sin_LJ.const_data_ptr<float>();
  at::parallel_for(0, x_BLH.size(0) * length, std::max(std::int64_t{1}, kGrain / width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t token = begin; token < end; ++token) {
      const std::int64_t place = token % length * half;
      turn(from + token * width, cos + place, sin + place, width / (2 * half), half, way, to + token * width);
    }
  });
}

at::Tensor turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, float way) {
  const at::Tensor from = x.contiguous(), to = at::empty_like(from);
  if (from.scalar_type() == at::kFloat) turn_all<float>(from, cos, sin, way, to);
  else turn_all<c10::BFloat16>(from, cos, sin, way, to);
  return to;
}

class Rotated : public torch::autograd::Function<Rotated> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return turned(x, cos, sin, 1);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
    const at::NoGradGuard guard;  // there is no second derivative
    const torch::autograd::variable_list saved = context->get_saved_variables();
    return {turned(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
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

at::Tensor plain_rotated(const at::Tensor& x_BLH, const at::Tensor& angles) {
  const std::int64_t half = angles.size(1);
  const at::Tensor wide_BLHD = (x_BLH.scalar_type() == at::kDouble ? x_BLH : x_BLH.to(at::kFloat)).unflatten(2, {-1, 2 * half});
  const at::Tensor cos = angles.cos().unsqueeze(1), sin = angles.sin().unsqueeze(1);
  const at::Tensor first = wide_BLHD.narrow(3, 0, half), second = wide_BLHD.narrow(3, half, half);
  return at::cat({first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))}, 3).flatten(2).to(x_BLH.scalar_type());
}

at::Tensor rotated(const at::Tensor& x_BLH, const at::Tensor& angles) {
  SEQBENCH_ASSERT(x_BLH.dim() == 3 && angles.size(0) == x_BLH.size(1) && x_BLH.size(2) % (2 * angles.size(1)) == 0, "an angle for each token and pair");
  const bool fits = x_BLH.is_cpu() && (x_BLH.scalar_type() == at::kFloat || x_BLH.scalar_type() == at::kBFloat16);
  if (!fits) return plain_rotated(x_BLH, angles);
  const at::Tensor wide = angles.to(at::kFloat), cos = wide.cos().contiguous(), sin = wide.sin().contiguous();
  if (!at::GradMode::is_enabled()) return rotation::turned(x_BLH, cos, sin, 1);
  return rotation::Rotated::apply(x_BLH, cos, sin);
}

}  // namespace seqbench::models
