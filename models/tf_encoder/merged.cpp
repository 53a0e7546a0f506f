#include "models/tf_encoder/merged.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace seqbench::models::tf_encoder {

Merged merged(const at::Tensor& tokens) {
  SEQBENCH_ASSERT(tokens.is_cpu() && tokens.dim() == 3 && tokens.scalar_type() == at::kByte, "tokens are uint8 [B, S, W] on the CPU");
  const at::Tensor dense = tokens.contiguous();
  const auto width = static_cast<std::size_t>(dense.size(2));
  const auto* bytes = reinterpret_cast<const char*>(dense.const_data_ptr<std::uint8_t>());
  const at::Tensor first = at::zeros({dense.size(0), dense.size(1)}, at::kBool);
  bool* is_first = first.mutable_data_ptr<bool>();
  std::vector<float> counts;
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < dense.size(0); ++row) {
    std::map<std::string_view, std::size_t> kinds;  // place in counts
    for (std::int64_t token = 0; token < dense.size(1); ++token, bytes += width, ++is_first) {
      const auto [kind, is_new] = kinds.try_emplace({bytes, width}, counts.size());
      *is_first = is_new;
      if (!is_new) {
        ++counts[kind->second];
        continue;
      }
      counts.push_back(1);
      rows.push_back(row);
    }
  }
  return {Packing(first), at::tensor(counts, at::kFloat), at::tensor(rows, at::kLong)};
}

}  // namespace seqbench::models::tf_encoder
