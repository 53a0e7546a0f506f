#include "models/blocks/packing.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/zeros.h>

#include "harness/base/error.h"

namespace seqbench::models {

Packing::Packing(const at::Tensor& keep) : rows_(keep.size(0)), length_(keep.size(1)) {
  SEQBENCH_ASSERT(keep.is_cpu() && keep.dim() == 2 && keep.scalar_type() == at::kBool, "keep is bool [B, L] on the CPU");
  tokens_ = at::nonzero(keep.flatten()).squeeze(1);
  const at::Tensor counts = keep.sum(1).contiguous();
  const auto* data = counts.const_data_ptr<std::int64_t>();
  lengths_.assign(data, data + counts.numel());
}

at::Tensor Packing::packed(const at::Tensor& x) const { return at::index_select(x.flatten(0, 1), 0, tokens_).unsqueeze(0); }

at::Tensor Packing::padded(const at::Tensor& x) const {
  const at::Tensor empty = at::zeros({rows_ * length_, x.size(2)}, x.options());
  return empty.index_copy(0, tokens_, x.squeeze(0)).view({rows_, length_, x.size(2)});
}

at::Tensor Packing::by_token(const at::Tensor& of_places) const {
  return at::index_select(of_places, 0, at::remainder(tokens_, length_));
}

}  // namespace seqbench::models
