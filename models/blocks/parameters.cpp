#include "models/blocks/parameters.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace seqbench::models {
namespace parameters {
namespace {

at::Tensor initial_values(const std::vector<std::int64_t>& shape, Init init, const Stream& stream) {
  if (init.kind == Init::Kind::kConstant) return at::full(shape, init.value, at::kFloat);
  at::Tensor values = at::empty(shape, at::kFloat);
  const auto scale = static_cast<float>(init.value);
  float* data = values.mutable_data_ptr<float>();
  Draws draws = stream.at();
  const bool normal = init.kind == Init::Kind::kNormal;
  std::generate(data, data + values.numel(),
                [&] { return scale * (normal ? static_cast<float>(draws.normal()) : 2 * draws.uniform_float() - 1); });
  if (init.zero_row >= 0) values.select(0, init.zero_row).zero_();
  return values;
}

}  // namespace
}  // namespace parameters

Init Init::kaiming(std::int64_t fan_in) {
  SEQBENCH_ASSERT(fan_in > 0, "a layer has inputs");
  return uniform(1 / std::sqrt(static_cast<double>(fan_in)));
}

at::Tensor ParameterSet::add(const std::string& name, const std::vector<std::int64_t>& shape, Init init) {
  const bool taken = std::ranges::any_of(tensors_, [&](const NamedTensor& other) { return other.name == name; });
  SEQBENCH_ASSERT(!taken, "parameter names are unique");
  std::optional<at::Tensor> given = given_ ? given_(name, shape, dtype_) : std::nullopt;
  at::Tensor values = given ? std::move(*given)
                            : parameters::initial_values(shape, init, streams_.open("init/" + name)).to(dtype_);
  SEQBENCH_ASSERT(values.sizes() == at::IntArrayRef(shape) && values.scalar_type() == dtype_, "given values fit");
  values.set_requires_grad(true);
  tensors_.push_back({name, values});
  return values;
}

}  // namespace seqbench::models
