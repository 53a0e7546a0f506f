#pragma once
// Rotary positions (Su et al. 2021).

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace seqbench::models {

/// 10000^(-2j/d) for j below d/2, f32, as transformers computes it.
[[nodiscard]] at::Tensor rotary_frequencies(std::int64_t head_width, double base = 10000);
/// Angles [length, frequencies]: position times frequency, positions from 0. frequencies [d/2] in f32.
[[nodiscard]] at::Tensor rotation_angles(const at::Tensor& frequencies, std::int64_t length);
/// Of each token and pair, f32 [L, d/2]; made once for all layers.
struct Rotation {
  at::Tensor cos, sin;
};
[[nodiscard]] Rotation rotation_by(const at::Tensor& angles);

/// x [B, L, h d], heads side by side: of each head the first half turned against the second, computed in f32, of f64 in f64. Of f32
/// and bf16 on the CPU one pass over x and one operation of the graph.
[[nodiscard]] at::Tensor rotated(const at::Tensor& x_BLH, const Rotation& by);
/// By one operator after another: what `rotated` is measured and tested against.
[[nodiscard]] at::Tensor plain_rotated(const at::Tensor& x_BLH, const Rotation& by);

}  // namespace seqbench::models
