#pragma once
// One-hot rows that mostly agree with one reference, as variants of a protein do: what a product with them needs is its value
// at the reference and the few columns that change. Equal to the dense form but for rounding.
// Letters: B rows, L positions, S symbols (a code of S is padding: no column), D entries.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace seqbench::models {

/// uint8 [B, L] -> [B, S, L] of 0 and 1.
[[nodiscard]] at::Tensor one_hot(const at::Tensor& codes_BL, std::int64_t symbols, at::ScalarType dtype);

/// one_hot(codes).flatten(1) times weight^T [S L, out] plus bias. `reference_L` uint8, any; on the CPU, and where rows are near it,
/// the time grows with the number of differences.
[[nodiscard]] at::Tensor one_hot_linear(const at::Tensor& codes_BL, std::int64_t symbols, const at::Tensor& reference_L,
                                        const at::Tensor& weight, const at::Tensor& bias);

/// table [N, C], index and row int64 [D] -> [rows, C]: at each row the sum of the table's rows that are asked for there.
[[nodiscard]] at::Tensor sums_by_row(const at::Tensor& table, const at::Tensor& index_D, const at::Tensor& row_D, std::int64_t rows);

}  // namespace seqbench::models
