#include "models/blocks/block_sparse.h"

#include "harness/base/error.h"

namespace seqbench::models {
std::vector<std::vector<std::vector<std::int64_t>>> random_blocks(const BlockSparse&, std::int64_t, std::int64_t) {
  SEQBENCH_ASSERT(false, "not yet");
}
at::Tensor block_sparse_attention(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                  const BlockSparse&) {
  SEQBENCH_ASSERT(false, "not yet");
}
}  // namespace seqbench::models
