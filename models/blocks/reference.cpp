#include "models/blocks/reference.h"

#include <ATen/ops/bincount.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <numeric>
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

at::Tensor commonest_symbols(const CodeView& view) {
  constexpr std::int64_t kEnough = 1024;
  std::vector<std::int64_t> first(static_cast<std::size_t>(std::min(view.lengths.numel(), kEnough)));
  std::iota(first.begin(), first.end(), 0);
  return commonest_symbols(view, first);
}

}  // namespace seqbench::models
