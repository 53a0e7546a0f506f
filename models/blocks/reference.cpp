#include "models/blocks/reference.h"

#include <ATen/ops/bincount.h>
#include <ATen/ops/stack.h>

#include <vector>

#include "harness/base/error.h"

namespace seqbench::models {

at::Tensor commonest_symbols(const CodeView& view, std::span<const std::int64_t> rows) {
  SEQBENCH_ASSERT(!rows.empty(), "a majority needs rows");
  const at::Tensor codes = view.gather(rows).to(at::kLong);
  std::vector<at::Tensor> best;
  for (std::int64_t position = 0; position < view.length(); ++position) {
    best.push_back(at::bincount(codes.select(1, position), {}, view.symbols + 1).argmax());
  }
  return at::stack(best);
}

}  // namespace seqbench::models
