#include "models/blocks/layers.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "models/blocks/product.h"

namespace seqbench::models {

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::kGelu: return at::gelu(x);
    case Activation::kGeluTanh: return at::gelu(x, "tanh");
    case Activation::kRelu: return at::relu(x);
    case Activation::kTanh: return at::tanh(x);
    case Activation::kSilu: return at::silu(x);
  }
  SEQBENCH_ASSERT(false, "a known activation");
}

at::Tensor Linear::operator()(const at::Tensor& x, const Pass& pass) const {
  at::Tensor y = linear(x, weight, bias);
  if (!lora_a.defined()) return y;
  const at::Tensor dropped = lora_dropout ? (*lora_dropout)(x, pass) : x;
  return y.add(linear(linear(dropped, lora_a), lora_b), scale);
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps);
}

Linear LayerMaker::linear(const std::string& module, std::int64_t in, std::int64_t out, bool bias, bool head) {
  Linear layer;
  layer.weight = parameters_.add(module + ".weight", {out, in}, Init::normal(sd_));
  if (bias) layer.bias = parameters_.add(module + ".bias", {out}, Init::zeros());
  if (!lora_.adapts(module, head)) return layer;
  layer.lora_a = parameters_.add(module + ".lora_A.weight", {lora_.rank, in}, Init::kaiming(in));
  layer.lora_b = parameters_.add(module + ".lora_B.weight", {out, lora_.rank}, Init::zeros());
  layer.scale = lora_.scale();
  layer.lora_dropout.emplace(streams_, module + ".lora", lora_.dropout);
  adapted_.push_back(module);
  return layer;
}

/// peft adapts embeddings by another law, and refuses norms.
void LayerMaker::refuse_adapter(const std::string& module) const {
  if (lora_.target_pattern == "all-linear" || !lora_.adapts(module, false)) return;
  throw InputError(fmt::format("{} names '{}', which is no linear layer: adapters of others are not supported", lora_.where, module));
}

LayerNorm LayerMaker::layer_norm(const std::string& module, std::int64_t width, double eps) {
  refuse_adapter(module);
  return {parameters_.add(module + ".weight", {width}, Init::ones()),
          parameters_.add(module + ".bias", {width}, Init::zeros()), eps};
}

at::Tensor LayerMaker::embedding(const std::string& module, std::int64_t rows, std::int64_t width, std::int64_t pad_row) {
  refuse_adapter(module);
  return parameters_.add(module + ".weight", {rows, width}, Init::normal(sd_, pad_row));
}

at::Tensor LayerMaker::tensor(const std::string& name, const std::vector<std::int64_t>& shape, Init init) {
  return parameters_.add(name, shape, init);
}

}  // namespace seqbench::models
