#pragma once
// Linear layers of one form as one operation of the graph.

#include <ATen/core/Tensor.h>

#include <span>

#include "models/blocks/product.h"

namespace seqbench::models {

/// M layers of one form side by side: x [B, M in], of which each reads its own `in`, or [B, in], which all read -> [B, M out]; `relu`:
/// no output is below 0. As M times at::linear, then at::cat and at::relu, to rounding. On the CPU without autocast one operation of
/// the graph, which has no second derivative.
[[nodiscard]] at::Tensor side_by_side(const at::Tensor& x, std::span<const Affine> layers, bool relu, bool one_dnn = one_dnn_pays());

}  // namespace seqbench::models
