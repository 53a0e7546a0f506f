#pragma once
// Rows of unlike lengths laid end to end, so that padding costs nothing: what works on each token by itself sees one row
// of all tokens, attention sees each row alone.
// Letters: B rows, L tokens of a padded row, T real tokens of all rows, H width.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace seqbench::models {

class Packing {
 public:
  /// keep bool [B, L] on the CPU, true at real tokens.
  explicit Packing(const at::Tensor& keep);

  /// x [B, L, H] -> [1, T, H].
  [[nodiscard]] at::Tensor packed(const at::Tensor& x) const;
  /// x [1, T, H] -> [B, L, H], 0 at padding.
  [[nodiscard]] at::Tensor padded(const at::Tensor& x) const;
  /// Values of places [L, N] -> those of the tokens, [T, N].
  [[nodiscard]] at::Tensor by_token(const at::Tensor& of_places) const;
  /// Tokens of each row.
  [[nodiscard]] const std::vector<std::int64_t>& lengths() const { return lengths_; }

 private:
  std::int64_t rows_, length_;
  std::vector<std::int64_t> lengths_;
  at::Tensor tokens_;  // int64 [T]: each token's place in [B * L]
};

}  // namespace seqbench::models
