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
  const auto bound = static_cast<float>(init.value);
  float* data = values.mutable_data_ptr<float>();
  Draws draws = stream.at();
  std::generate(data, data + values.numel(), [&] { return (2 * draws.uniform_float() - 1) * bound; });
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
  at::Tensor values = parameters::initial_values(shape, init, streams_.open("init/" + name)).to(dtype_);
  values.set_requires_grad(true);
  tensors_.push_back({name, values});
  return values;
}

}  // namespace seqbench::models
