#pragma once
// Sums of the rows of a table, as many for each example as it has substitutions.

#include <ATen/core/Tensor.h>

namespace seqbench::models::two_state {

/// table [V, C], f32 or f64; places int64 [B, M], filled up with V -> [B, C]: of each row of places the sum over table[place].
/// `lower` (V <= C): row i of the table is zero behind column i; nothing behind it is read. On the CPU, not differentiable.
[[nodiscard]] at::Tensor row_sums(const at::Tensor& table_VC, const at::Tensor& places_BM, bool lower);

}  // namespace seqbench::models::two_state
