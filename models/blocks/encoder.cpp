#include "models/blocks/encoder.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/ones_like.h>
#include <fmt/format.h>

#include <cmath>

#include "harness/base/error.h"
#include "models/blocks/swiglu.h"

namespace seqbench::models {
namespace encoder {
namespace {

constexpr double kMaskShareInPretraining = 0.15 * 0.8;  // ESM's token dropout

}  // namespace
}  // namespace encoder

std::string with_layer(const std::string& name, std::int64_t layer) {
  const std::size_t at = name.find("{}");
  SEQBENCH_ASSERT(at != std::string::npos, "the name holds the layer's number");
  return name.substr(0, at) + std::to_string(layer) + name.substr(at + 2);
}

Encoder::Encoder(LayerMaker& maker, const EncoderSettings& settings, const EncoderNames& names,
                 const at::Tensor& frequencies)
    : settings_(settings),
      words_(maker.embedding(names.words, settings.vocabulary, settings.width, settings.pad_id)),
      embedding_dropout_(maker.dropout("embeddings", settings.embedding_dropout ? settings.hidden_dropout : 0)) {
  if (settings.positions == Positions::kRotary) {
    frequencies_ = frequencies.defined() ? frequencies : rotary_frequencies(settings.width / settings.heads);
  } else {
    const std::int64_t pad = settings.positions == Positions::kLearnedFromPad ? settings.pad_id : -1;
    positions_ = maker.embedding(names.positions, settings.max_positions, settings.width, pad);
  }
  if (settings.token_types > 0) types_ = maker.embedding(names.types, settings.token_types, settings.width);
  if (settings.embedding_norm) embedding_norm_ = maker.layer_norm(names.embedding_norm, settings.width, settings.eps);
  for (std::int64_t i = 0; i < settings.layers; ++i) layers_.push_back(make_layer(maker, names, i));
  if (settings.final_norm) final_norm_ = maker.layer_norm(names.final_norm, settings.width, settings.eps);
}

Encoder::Layer Encoder::make_layer(LayerMaker& maker, const EncoderNames& names, std::int64_t number) const {
  const auto at = [number](const std::string& name) { return with_layer(name, number); };
  const EncoderSettings& s = settings_;
  const std::int64_t in_width = s.gated ? 2 * s.feed_forward : s.feed_forward;
  return {.attention = Attention(maker, {at(names.attention.query), at(names.attention.key), at(names.attention.value),
                                         at(names.attention.output)}, s.width, s.heads, s.attention_dropout),
          .attention_norm = maker.layer_norm(at(names.attention_norm), s.width, s.eps),
          .in = maker.linear(at(names.feed_forward_in), s.width, in_width, s.feed_forward_bias),
          .out = maker.linear(at(names.feed_forward_out), s.feed_forward, s.width, s.feed_forward_bias),
          .feed_forward_norm = maker.layer_norm(at(names.feed_forward_norm), s.width, s.eps),
          .attention_dropout = maker.dropout(at(names.attention.output), s.output_dropout ? s.hidden_dropout : 0),
          .feed_forward_dropout = maker.dropout(at(names.feed_forward_out), s.hidden_dropout)};
}

void Encoder::check(const at::Tensor& ids) const {
  SEQBENCH_ASSERT(ids.dim() == 2 && ids.scalar_type() == at::kLong, "ids are int64 [B, L]");
  const std::int64_t reserved = settings_.positions == Positions::kLearnedFromPad ? settings_.pad_id + 1 : 0;
  if (settings_.max_positions > 0 && settings_.positions != Positions::kRotary &&
      ids.size(1) + reserved > settings_.max_positions) {
    throw InputError(fmt::format("a text of {} tokens, but the model has positions for {}: give a maximal length",
                                 ids.size(1), settings_.max_positions - reserved));
  }
  if (ids.is_cpu()) check_values(ids);  // who moves ids to a device has had them checked before
}

void Encoder::check_values(const at::Tensor& ids) const {
  if (ids.numel() == 0) return;
  const auto low = ids.min().item<std::int64_t>(), high = ids.max().item<std::int64_t>();
  if (low < 0 || high >= settings_.vocabulary) {
    throw InputError(fmt::format("token id {} has no row in the embedding of {}: tokenizer and weights do not belong together",
                                 low < 0 ? low : high, settings_.vocabulary));
  }
}

at::Tensor Encoder::word_part(const at::Tensor& ids, const at::Tensor& keep) const {
  at::Tensor x = at::embedding(words_, ids, settings_.pad_id);
  if (settings_.rescale_embeddings) x = x.mul(std::sqrt(static_cast<double>(settings_.width)));
  if (!settings_.token_dropout) return x;
  const at::Tensor masked = ids.eq(settings_.mask_id);
  x = x.masked_fill(masked.unsqueeze(-1), 0);
  const at::Tensor lengths = keep.defined() ? keep.sum(1) : at::ones_like(ids).sum(1);
  const at::Tensor share = masked.sum(1).to(x.scalar_type()).div(lengths.to(x.scalar_type()));
  const at::Tensor factor = share.neg().add(1).reciprocal().mul(1 - encoder::kMaskShareInPretraining);
  return x.mul(factor.unsqueeze(-1).unsqueeze(-1));
}

at::Tensor Encoder::position_part(const at::Tensor& ids) const {
  if (settings_.positions == Positions::kLearned) {
    return positions_.narrow(0, 0, ids.size(1)).unsqueeze(0);
  }
  const at::Tensor real = ids.ne(settings_.pad_id).to(at::kLong);
  return at::embedding(positions_, at::cumsum(real, 1).mul(real).add(settings_.pad_id), settings_.pad_id);
}

at::Tensor Encoder::embedded(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) const {
  at::Tensor x = word_part(ids, keep);
  if (types_.defined()) x = x.add(types_.select(0, 0));
  if (positions_.defined()) x = x.add(position_part(ids));
  if (settings_.dropout_before_norm) x = embedding_dropout_(x, pass);
  if (settings_.embedding_norm) x = embedding_norm_(x);
  if (!settings_.dropout_before_norm) x = embedding_dropout_(x, pass);
  if (settings_.mask_embeddings && keep.defined()) x = x.mul(keep.unsqueeze(-1).to(x.scalar_type()));
  return x;
}

at::Tensor Encoder::feed_forward(const Layer& layer, const at::Tensor& x, const Pass& pass) const {
  const at::Tensor inner = layer.in(x, pass);
  if (!settings_.gated) return layer.out(activate(settings_.activation, inner), pass);
  return layer.out(swiglu(inner), pass);
}

at::Tensor Encoder::block(const Layer& layer, const at::Tensor& x, const KeyMask& mask, const Rotation* rotation,
                          const BlockSparse* sparse, const Pass& pass, at::Tensor* probabilities) const {
  if (settings_.pre_norm) {
    const at::Tensor seen = layer.attention(layer.attention_norm(x), mask, rotation, sparse, pass, probabilities);
    const at::Tensor y = x.add(layer.attention_dropout(seen, pass));
    return y.add(layer.feed_forward_dropout(feed_forward(layer, layer.feed_forward_norm(y), pass), pass));
  }
  const at::Tensor seen = layer.attention(x, mask, rotation, sparse, pass, probabilities);
  const at::Tensor y = layer.attention_norm(x.add(layer.attention_dropout(seen, pass)));
  return layer.feed_forward_norm(y.add(layer.feed_forward_dropout(feed_forward(layer, y, pass), pass)));
}

bool Encoder::is_sparse(std::int64_t length, const Trace* trace) {
  if (settings_.sparsity == Sparsity::kFull || switched_to_full_) return false;
  const bool is_short = length <= full_attention_up_to(settings_.block, settings_.random_blocks);
  if (is_short && settings_.sparsity == Sparsity::kBlockSparse) {
    throw InputError(fmt::format("block-sparse attention needs more than {} tokens, the batch has {}",
                                 full_attention_up_to(settings_.block, settings_.random_blocks), length));
  }
  if (is_short && settings_.sparsity == Sparsity::kSticky) switched_to_full_ = true;
  if (!is_short && trace != nullptr && trace->attention_layer) {
    throw InputError("block-sparse attention has no full matrix of probabilities: ask for full attention, or shorter texts");
  }
  return !is_short;
}

at::Tensor Encoder::operator()(const at::Tensor& ids, const at::Tensor& keep, Pass pass, Trace* trace) {
  check(ids);
  const std::int64_t length = ids.size(1);
  const bool sparse = is_sparse(length, trace);
  const std::int64_t surplus = sparse ? (settings_.block - length % settings_.block) % settings_.block : 0;
  const at::Tensor padded_ids = surplus > 0 ? at::constant_pad_nd(ids, {0, surplus}, settings_.pad_id) : ids;
  at::Tensor real = keep;
  if (surplus > 0) real = at::constant_pad_nd(keep.defined() ? keep : at::ones_like(ids, at::kBool), {0, surplus}, 0);
  if (real.defined() && real.is_cpu() && real.all().item<bool>()) real = at::Tensor();
  at::Tensor x = embedded(padded_ids, real, pass);
  if (frequencies_.defined() && frequencies_.device() != x.device()) frequencies_ = frequencies_.to(x.device());
  at::Tensor angles = frequencies_.defined() ? rotation_angles(frequencies_, x.size(1)) : at::Tensor();
  const bool may_pack = !sparse && real.defined() && real.is_cpu() && (trace == nullptr || !trace->attention_layer);
  const std::optional<Packing> packing = may_pack ? std::optional<Packing>(real) : std::nullopt;
  if (packing) {
    x = packing->packed(x);
    pass.lengths = packing->lengths();
    if (angles.defined()) angles = packing->by_token(angles);
  }
  const std::optional<Rotation> rotation = angles.defined() ? std::optional(rotation_by(angles)) : std::nullopt;
  const auto result = [&] { return (packing ? packing->padded(x) : x).narrow(1, 0, length); };
  const auto keep_hidden = [&](std::int64_t layer) {
    if (trace != nullptr && trace->hidden_layer == layer) trace->hidden_BLH = result();
  };
  for (std::int64_t i = 0; i < settings_.layers; ++i) {
    keep_hidden(i);
    const BlockSparse pattern{settings_.block, settings_.random_blocks, i, pass.training, settings_.max_positions};
    const bool wants = trace != nullptr && trace->attention_layer == i + 1;
    x = block(layers_[static_cast<std::size_t>(i)], x, {real, packing ? &*packing : nullptr}, rotation ? &*rotation : nullptr,
              sparse ? &pattern : nullptr, pass, wants ? &trace->attention_BhLL : nullptr);
  }
  if (settings_.final_norm) x = final_norm_(x);
  keep_hidden(settings_.layers);
  return result();
}

}  // namespace seqbench::models
