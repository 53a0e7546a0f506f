// TAPE's ResNet: blocks of two convolutions of 3 with LayerNorm over a token's channels, sinusoidal positions counted from
// the protein's end, a pooled vector through a tanh layer. Published size: layers 30, width 512.
// The published pooler weighs positions by a softmax over an axis of size 1, so its weights are all 1 and it is a sum, with
// a Linear of width + 1 parameters that nothing depends on. 'pooler' = sum is that, without those; 'attention' takes the
// softmax over positions, as was meant.
// The reference adds up padding too and counts positions from the longest row's end, so that a row's output depends on the
// batch; here padding is left out and each row counts from its own end. Rows of one length are the same in both.

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>

#include "harness/base/error.h"
#include "models/blocks/rotation.h"
#include "models/tape/value_network.h"

namespace seqbench::models::tape_resnet {
namespace {

struct Convolution {
  at::Tensor weight;  // [W, W, 3]
  LayerNorm norm;

  /// x [B, L, W]; padding is 0 to the convolution. `real`: [B, L, 1] of 0 and 1, or undefined.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, const at::Tensor& real) const {
    const at::Tensor seen = real.defined() ? x.mul(real) : x;
    return norm(at::conv1d(seen.transpose(1, 2), weight, {}, 1, 1).transpose(1, 2));
  }
};

struct Block {
  Convolution first, second;
};

class ResNet final : public tape::ValueNetwork {
 public:
  explicit ResNet(const ModelContext& context)
      : ValueNetwork(context),
        width_(context.params.integer("width")),
        dropout_(context.streams, "embeddings", context.params.number("dropout")) {
    if (width_ % 2 != 0) throw InputError(fmt::format("tape_resnet: 'width' must be even, got {}", width_));
    words_ = maker().embedding("resnet.embeddings.word_embeddings", tape::kVocabulary, width_);
    norm_ = maker().layer_norm("resnet.embeddings.layer_norm", width_, kEps);
    for (std::int64_t i = 0; i < context.params.integer("layers"); ++i) {
      const std::string name = fmt::format("resnet.encoder.layer.{}.", i);
      blocks_.push_back({.first = convolution(name, 1), .second = convolution(name, 2)});
    }
    if (context.params.text("pooler") == "attention") scores_ = maker().linear("resnet.pooler.attention_weights", width_, 1);
    pooler_ = maker().linear("resnet.pooler.dense", width_, width_);
    add_head(context, width_);
  }
  /// A batch without padding is spared the masks, so that values decide.
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return false; }

 private:
  static constexpr double kEps = 1e-12;

  [[nodiscard]] Convolution convolution(const std::string& block, int number) {
    const double sd = std::sqrt(2.0 / static_cast<double>(3 * width_));  // Kaiming's normal by what goes out
    return {.weight = maker().tensor(fmt::format("{}conv{}.weight", block, number), {width_, width_, 3}, Init::normal(sd)),
            .norm = maker().layer_norm(fmt::format("{}bn{}.norm", block, number), width_, kEps)};
  }

  /// Sines, then cosines, of the number of real tokens that follow. [B, L, W].
  [[nodiscard]] at::Tensor positions(const at::Tensor& keep) const {
    const std::int64_t length = keep.size(1);
    const at::Tensor angles = rotation_angles(rotary_frequencies(width_).to(words_.options()), length);
    const at::Tensor table = at::cat({angles.sin(), angles.cos()}, 1);
    const at::Tensor place = at::arange(length, keep.options().dtype(at::kLong)).unsqueeze(0);
    return at::embedding(table, keep.sum(1, true).sub(1).sub(place).clamp_min(0));
  }

  [[nodiscard]] at::Tensor pooled(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) override {
    const at::Tensor real = keep.all().item<bool>() ? at::Tensor() : keep.unsqueeze(2).to(words_.scalar_type());
    at::Tensor x_BLW = dropout_(norm_(at::embedding(words_, ids, tape::kPad).add(positions(keep))), pass);
    for (const Block& block : blocks_) {
      const at::Tensor inner = at::gelu(block.first(x_BLW, real));
      x_BLW = at::gelu(block.second(inner, real).add(x_BLW));
    }
    return at::tanh(pooler_(sum(x_BLW, keep, real, pass), pass));
  }

  [[nodiscard]] at::Tensor sum(const at::Tensor& x_BLW, const at::Tensor& keep, const at::Tensor& real,
                               const Pass& pass) const {
    if (!scores_.weight.defined()) return (real.defined() ? x_BLW.mul(real) : x_BLW).sum(1);
    constexpr double kNever = -std::numeric_limits<double>::infinity();
    const at::Tensor scores = scores_(x_BLW, pass).masked_fill(keep.unsqueeze(2).logical_not(), kNever);
    return x_BLW.mul(at::softmax(scores, 1)).sum(1);
  }

  std::int64_t width_;
  Dropout dropout_;
  at::Tensor words_;
  LayerNorm norm_;
  std::vector<Block> blocks_;
  Linear scores_, pooler_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<ResNet>(context); }

}  // namespace
}  // namespace seqbench::models::tape_resnet

namespace seqbench {

SEQBENCH_MODEL(tape_resnet) {
  using models::tape::count;
  ModelEntry entry = models::tape::tape_entry({
      count("layers", 4, 1024, "blocks of two convolutions; published: 30"),
      count("width", 48, 16384, "channels, even; published: 512"),
      models::tape::dropout("dropout", "of the embeddings"),
      {.name = "pooler",
       .fallback = std::string("sum"),
       .help = "sum: what the published pooler computes; attention: the softmax over positions that it was meant to be",
       .choices = {"sum", "attention"}}});
  entry.summary = "TAPE's ResNet from scratch, at desk size (4 blocks of 48); published: 30 of 512";
  entry.network = &models::tape_resnet::make;
  return entry;
}

}  // namespace seqbench
