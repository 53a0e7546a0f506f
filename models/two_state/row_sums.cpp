#include "models/two_state/row_sums.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/vectors.h"

namespace seqbench::models::two_state {
namespace row_sums_detail {
namespace {

constexpr std::int64_t kGrain = 16;  // rows

}  // namespace
}  // namespace row_sums_detail

at::Tensor row_sums(const at::Tensor& table_VC, const at::Tensor& places_BM, bool lower) {
  SEQBENCH_ASSERT(table_VC.is_contiguous() && places_BM.is_contiguous(), "tables and places are dense");
  SEQBENCH_ASSERT(!lower || table_VC.size(0) <= table_VC.size(1), "row i has a column i");
  const std::int64_t rows = table_VC.size(0), width = table_VC.size(1), most = places_BM.size(1);
  at::Tensor sums_BC = at::empty({places_BM.size(0), width}, table_VC.options().requires_grad(false));
  const auto* place = places_BM.const_data_ptr<std::int64_t>();
  AT_DISPATCH_FLOATING_TYPES(table_VC.scalar_type(), "row_sums", [&] {
    const auto* table = table_VC.const_data_ptr<scalar_t>();
    auto* sums = sums_BC.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, places_BM.size(0), row_sums_detail::kGrain, [&](std::int64_t begin, std::int64_t end) {
      std::fill(sums + begin * width, sums + end * width, scalar_t{0});
      for (std::int64_t i = begin * most; i < end * most; ++i) {
        if (place[i] < rows) add_values(table + place[i] * width, lower ? place[i] + 1 : width, sums + i / most * width);
      }
    });
  });
  return sums_BC;
}

}  // namespace seqbench::models::two_state
