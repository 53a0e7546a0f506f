#include "models/blocks/dropout.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/native_dropout.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace seqbench::models {
namespace dropout {
namespace {

/// Keeps element i of the row when the 24-bit uniform of word i is not below the threshold.
void fill_row(const Stream& stream, const Counter& at, std::uint32_t threshold, float* row, std::int64_t elements) {
  for (std::int64_t begin = 0; begin < elements; begin += 4) {
    const PhiloxBlock words = stream.block(static_cast<std::uint32_t>(begin / 4), at);
    const std::int64_t count = std::min<std::int64_t>(4, elements - begin);
    for (std::int64_t i = 0; i < count; ++i) {
      row[begin + i] = static_cast<float>((words[static_cast<std::size_t>(i)] >> 8) >= threshold);
    }
  }
}

}  // namespace
}  // namespace dropout

Dropout::Dropout(const Streams& streams, const std::string& module, double probability)
    : stream_(streams.open("dropout/" + module)), probability_(probability) {
  if (!(probability >= 0 && probability < 1)) {
    throw InputError(fmt::format("dropout {}: the probability must be in [0, 1), got {}", module, probability));
  }
}

at::Tensor Dropout::operator()(const at::Tensor& x, const Pass& pass) const {
  if (!pass.training || probability_ == 0) return x;
  if (!x.is_cpu()) return std::get<0>(at::native_dropout(x, probability_, true));
  const std::int64_t rows = x.size(0);
  const at::Tensor keep = mask(rows, rows == 0 ? 0 : x.numel() / rows, pass).to(x.options()).view(x.sizes());
  return x.mul(keep.mul_(1 / (1 - probability_)));
}

at::Tensor Dropout::mask(std::int64_t rows, std::int64_t elements, const Pass& pass) const {
  const auto threshold = static_cast<std::uint32_t>(std::ceil(probability_ * 0x1p24));
  at::Tensor keep = at::empty({rows, elements}, at::kFloat);
  float* data = keep.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < rows; ++row) {
    const Counter at{.epoch = static_cast<std::uint32_t>(pass.epoch),
                     .step = static_cast<std::uint32_t>(pass.step),
                     .item = static_cast<std::uint32_t>(pass.first_row + row)};
    dropout::fill_row(stream_, at, threshold, data + row * elements, elements);
  }
  return keep;
}

}  // namespace seqbench::models
