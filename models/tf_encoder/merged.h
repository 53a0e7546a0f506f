#pragma once
// Equal tokens of a row as one that counts for all of them. Where nothing tells tokens apart but their content, equal ones stay equal
// through every layer, and k equal keys with scores s weigh k exp(s) = exp(s + log k): outputs and gradients are the same to rounding.

#include <ATen/core/Tensor.h>

#include "models/blocks/packing.h"

namespace seqbench::models::tf_encoder {

struct Merged {
  Packing packing;      // of the first of each kind; T of all rows
  at::Tensor counts;    // f32 [T]: tokens of the kind
  at::Tensor rows;      // int64 [T]: the row that each belongs to
};

/// tokens uint8 [B, S, W] on the CPU.
[[nodiscard]] Merged merged(const at::Tensor& tokens);

}  // namespace seqbench::models::tf_encoder
