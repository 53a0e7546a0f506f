#include "models/blocks/heads.h"

#include "models/blocks/product.h"

namespace seqbench::models {

ClassificationHead::ClassificationHead(LayerMaker& maker, const HeadSettings& settings, std::int64_t width,
                                       std::int64_t outputs)
    : settings_(settings),
      first_(maker.linear(settings.first, width, width, true, settings.kind != HeadKind::kPooler)),  // peft's all-linear takes poolers
      second_(maker.linear(settings.second, width, outputs, true, true)),
      first_dropout_(maker.dropout(settings.first, settings.kind == HeadKind::kDense ? settings.dropout : 0)),
      second_dropout_(maker.dropout(settings.second, settings.dropout)) {}

at::Tensor ClassificationHead::operator()(const at::Tensor& hidden, const Pass& pass) const {
  const at::Tensor x = first_(first_dropout_(hidden.select(1, 0), pass), pass);
  return second_(second_dropout_(activate(settings_.activation, x), pass), pass);
}

LmHead::LmHead(LayerMaker& maker, const LmHeadSettings& settings, const at::Tensor& words)
    : activation_(settings.activation),
      dense_(maker.linear(settings.dense, words.size(1), words.size(1), true, true)),
      norm_(maker.layer_norm(settings.norm, words.size(1), settings.eps)),
      decoder_(settings.tied ? words
                             : maker.tensor(settings.decoder_weight, {words.size(0), words.size(1)}, Init::normal(0.02))),
      bias_(maker.tensor(settings.bias, {words.size(0)}, Init::zeros())) {}

at::Tensor LmHead::operator()(const at::Tensor& hidden, const Pass& pass) const {
  return linear(norm_(activate(activation_, dense_(hidden, pass))), decoder_, bias_);
}

}  // namespace seqbench::models
