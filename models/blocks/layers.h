#pragma once
// The layers that all transformers are made of, by the names of their checkpoints.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "harness/contract/model.h"
#include "models/blocks/dropout.h"
#include "models/blocks/lora.h"
#include "models/blocks/parameters.h"

namespace seqbench::models {

enum class Activation { kGelu, kGeluTanh, kRelu, kTanh, kSilu };
[[nodiscard]] at::Tensor activate(Activation activation, const at::Tensor& x);

/// y = x weight^T + bias, plus scale * B(A(dropout(x))) where it has an adapter.
struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined
  at::Tensor lora_a;  // [rank, in], or undefined
  at::Tensor lora_b;  // [out, rank]
  double scale = 0;
  std::optional<Dropout> lora_dropout = {};

  /// x [..., in] -> [..., out].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, const Pass& pass) const;
};

struct LayerNorm {
  at::Tensor weight, bias;  // [width]
  double eps = 1e-12;

  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};

/// Makes layers: values from the checkpoint or as Hugging Face initialises them (Linear and Embedding N(0, 0.02), biases
/// 0, LayerNorm 1 and 0; adapters A uniform on 1/sqrt(in), B 0), adapters where they are asked for.
class LayerMaker {
 public:
  LayerMaker(const Streams& streams, ParameterSet& parameters, const Lora& lora, double sd = 0.02)
      : streams_(streams), parameters_(parameters), lora_(lora), sd_(sd) {}

  /// Throws InputError where adapters are asked for on what is no linear layer. `head`: of the output head, which "all-linear" leaves alone.
  [[nodiscard]] Linear linear(const std::string& module, std::int64_t in, std::int64_t out, bool bias = true,
                              bool head = false);
  [[nodiscard]] LayerNorm layer_norm(const std::string& module, std::int64_t width, double eps);
  /// [rows, width], named NAME.weight.
  [[nodiscard]] at::Tensor embedding(const std::string& module, std::int64_t rows, std::int64_t width,
                                     std::int64_t pad_row = -1);
  [[nodiscard]] at::Tensor tensor(const std::string& name, const std::vector<std::int64_t>& shape, Init init);
  [[nodiscard]] Dropout dropout(const std::string& module, double probability) const {
    return {streams_, module, probability};
  }
  /// Modules that got an adapter.
  [[nodiscard]] const std::vector<std::string>& adapted() const { return adapted_; }

 private:
  void refuse_adapter(const std::string& module) const;

  const Streams& streams_;
  ParameterSet& parameters_;
  const Lora& lora_;
  double sd_;
  std::vector<std::string> adapted_;
};

}  // namespace seqbench::models
