#pragma once
// Linear layers by whichever of LibTorch's two libraries is the faster: its own choice for f32, MKL, leaves AVX-512 unused on
// AMD's processors, where oneDNN took half the time.

#include <ATen/core/Tensor.h>

namespace seqbench::models {

/// x [..., in], weight [out, in], bias [out] or undefined -> [..., out]; as at::linear, to rounding.
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace seqbench::models
