#pragma once
// A transformer layer's two linear layers with ReLU and dropout between them.

#include <ATen/core/Tensor.h>

#include "models/blocks/layers.h"

namespace seqbench::models {

/// out(dropout(relu(in(x)))): x [B, L, H], or rows end to end as pass.lengths says -> as x. In f32 on the CPU some tokens at a time,
/// so that their hidden units stay in cache, and one operation of the graph, which has no second derivative; the same to rounding.
[[nodiscard]] at::Tensor relu_feed_forward(const at::Tensor& x, const Linear& in, const Linear& out, const Dropout& dropout,
                                           const Pass& pass);
/// By one operator after another: what relu_feed_forward is measured and tested against.
[[nodiscard]] at::Tensor plain_relu_feed_forward(const at::Tensor& x, const Linear& in, const Linear& out, const Dropout& dropout,
                                                 const Pass& pass);

}  // namespace seqbench::models
