#pragma once
// What stands on an encoder: classification and regression heads of the families, and the masked language model's.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "models/blocks/layers.h"

namespace seqbench::models {

enum class HeadKind {
  kPooler,         // BERT, GENA: tanh(pooler(h_0)) -> dropout -> classifier
  kPreClassifier,  // DistilBERT: relu(pre_classifier(h_0)) -> dropout -> classifier
  kDense           // ESM, NT, BigBird: h_0 -> dropout -> activation(dense) -> dropout -> out_proj
};

struct HeadSettings {
  HeadKind kind = HeadKind::kPooler;
  std::string first, second;  // modules: pooler or dense, then classifier or out_proj
  Activation activation = Activation::kTanh;  // after the first
  double dropout = 0;
};

class ClassificationHead {
 public:
  ClassificationHead(LayerMaker& maker, const HeadSettings& settings, std::int64_t width, std::int64_t outputs);
  /// hidden [B, L, H] -> [B, outputs], from the first token.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& hidden, const Pass& pass) const;

 private:
  HeadSettings settings_;
  Linear first_, second_;
  Dropout first_dropout_, second_dropout_;
};

struct LmHeadSettings {
  std::string dense, norm;   // modules
  std::string decoder_weight, bias;  // tensors
  std::string decoder_bias = {};  // another name of the bias, which counts where files hold both and they differ; "": none
  Activation activation = Activation::kGelu;
  double eps = 1e-12;
  bool tied = true;  // the decoder's weight is the word embedding
};

class LmHead {
 public:
  /// `words` [V, H]: the encoder's embedding, used where the head is tied.
  LmHead(LayerMaker& maker, const LmHeadSettings& settings, const at::Tensor& words);
  /// hidden [B, L, H] -> [B, L, V].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& hidden, const Pass& pass) const;

 private:
  Activation activation_;
  Linear dense_;
  LayerNorm norm_;
  at::Tensor decoder_, bias_;
};

}  // namespace seqbench::models
