#pragma once
// The gate of gated feed-forward networks (SwiGLU, Shazeer 2020).

#include <ATen/core/Tensor.h>

namespace seqbench::models {

/// x [..., 2F] -> silu(first half) times second half, [..., F]. One operation of the graph, which has no second derivative: the
/// gradients of both halves are written side by side, where operators would fill a tensor for each with zeros around it and add them.
[[nodiscard]] at::Tensor swiglu(const at::Tensor& x);
/// By one operator after another: what `swiglu` is measured and tested against.
[[nodiscard]] at::Tensor plain_swiglu(const at::Tensor& x);

}  // namespace seqbench::models
