#pragma once
// BigBird's block-sparse attention (Zaheer et al. 2020), pattern and arithmetic of transformers' BigBirdBlockSparseAttention.
// Letters: B rows, L tokens (a multiple of the block), h heads, d head width.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace seqbench::models {

struct BlockSparse {
  std::int64_t block = 64;   // tokens of a block
  std::int64_t random = 3;   // random key blocks a query block
  std::int64_t layer = 0;    // from 0: seeds the pattern
  bool training = false;     // in evaluation every random block is block 0, as in the reference
};

/// Shortest length that is not fully attended: longer than this many tokens.
[[nodiscard]] constexpr std::int64_t full_attention_up_to(std::int64_t block, std::int64_t random) {
  return (5 + 2 * random) * block;
}

/// Key blocks that each of the query blocks 1 ... n-2 draws, [head][query block - 1][random].
[[nodiscard]] std::vector<std::vector<std::vector<std::int64_t>>> random_blocks(const BlockSparse& pattern,
                                                                                std::int64_t length, std::int64_t heads);

/// q, k, v [B, h, L, d], q not yet scaled; keep [B, L] bool or undefined. Returns [B, h, L, d]; padded queries give 0.
[[nodiscard]] at::Tensor block_sparse_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                                const at::Tensor& keep, const BlockSparse& pattern);

}  // namespace seqbench::models
