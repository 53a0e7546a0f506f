#pragma once
// Linear layers by whichever of LibTorch's two libraries is the faster: its own choice for f32, MKL, leaves AVX-512 unused on
// AMD's processors, where oneDNN took half the time; without AVX-512 MKL is the faster there too.

#include <ATen/core/Tensor.h>

#include <span>

namespace seqbench::models {

struct Affine {
  at::Tensor weight, bias;  // [out, in] or, of a convolution, [out, in, kernel]; [out]
};

/// x [..., in], weight [out, in], bias [out] or undefined -> [..., out]; as at::linear, to rounding.
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

/// Whether oneDNN's products are the faster ones on this processor.
[[nodiscard]] bool one_dnn_pays();

/// sum [m, n] += a [m, k] b [k, n]; a and b may be transposed views.
void add_product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& sum);

/// `linear` by oneDNN where x is f32 on the CPU and large enough; `linear` itself calls it where oneDNN pays.
[[nodiscard]] at::Tensor linear_by_one_dnn(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

/// x [B, C, L], weight [O, C, K] with an odd K, bias [O] -> [B, O, L]; as at::conv1d with zeros around, to rounding. On a GPU as a
/// product of windows: of few channels cuDNN's convolution takes many times as long.
[[nodiscard]] at::Tensor convolution(const at::Tensor& x_BCL, const at::Tensor& weight_OCK, const at::Tensor& bias_O);

}  // namespace seqbench::models
