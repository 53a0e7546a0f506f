#pragma once
// BigBird's block-sparse attention (Zaheer et al. 2020), pattern and arithmetic of transformers' BigBirdBlockSparseAttention
// (models/big_bird/modeling_big_bird.py). The first and the last block of queries see every key; query block i sees key
// blocks 0, i-1, i, i+1, the last, and `random` more. A block met twice counts twice in the softmax.
// Letters: B rows, L tokens (a multiple of the block), n = L / block, h heads, d head width, R random blocks.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace seqbench::models {

struct BlockSparse {
  std::int64_t block = 64;   // tokens of a block
  std::int64_t random = 3;   // random key blocks a query block
  std::int64_t layer = 0;    // from 0: seeds the pattern
  bool training = false;     // in evaluation every random block is block 0, as in the reference
  std::int64_t positions = 4096;  // the model's longest text: the plan of lengths 1024, 3072 and 4096 draws for all of it
};

/// Shortest length that is not fully attended: longer than this many tokens.
[[nodiscard]] constexpr std::int64_t full_attention_up_to(std::int64_t block, std::int64_t random) {
  return (5 + 2 * random) * block;
}

/// Key blocks that each of the query blocks 1 ... n-2 draws, [head][query block - 1][random]. The same for equal arguments.
/// InputError where lengths 1024, 3072 and 4096 leave a query block fewer than R candidates (blocks above 128).
[[nodiscard]] std::vector<std::vector<std::vector<std::int64_t>>> random_blocks(const BlockSparse& pattern,
                                                                                std::int64_t length, std::int64_t heads);

/// q, k, v [B, h, L, d], q not yet scaled; keep [B, L] bool or undefined. Returns [B, h, L, d]; padded queries give 0.
/// L is above full_attention_up_to. Memory grows with L, not with its square.
[[nodiscard]] at::Tensor block_sparse_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                                const at::Tensor& keep, const BlockSparse& pattern);

}  // namespace seqbench::models
