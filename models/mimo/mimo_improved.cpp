// Paper 004's improved model: two convolutions over ESM-2's embeddings of each residue, or over one-hot positions, then
// their mean. The paper gives no sizes; 64 and 32 channels of 5 positions and 64 hidden units are a reading (114,913
// parameters at a width of 320).

#include <ATen/core/Tensor.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "models/blocks/dropout.h"
#include "models/mimo/inputs.h"

namespace seqbench::models::mimo_improved {
namespace {

using mimo::Affine;

class Convolutions final : public Network {
 public:
  explicit Convolutions(const ModelContext& context)
      : inputs_(context, Pooling::kNone, "mimo_improved"),
        parameters_(context.streams, context.dtype),
        dropout_(context.streams, "hidden", context.params.number("dropout")) {
    const std::vector<std::int64_t> channels = mimo::sizes(context.params, "channels", 2);
    const std::int64_t kernel = context.params.integer("kernel");
    const std::int64_t hidden = context.params.integer("hidden");
    if (kernel % 2 == 0) throw InputError(fmt::format("mimo_improved: 'kernel' must be odd, got {}", kernel));
    conv1_ = mimo::affine(parameters_, "conv1", {channels[0], inputs_.width(), kernel});
    conv2_ = mimo::affine(parameters_, "conv2", {channels[1], channels[0], kernel});
    hidden_ = mimo::affine(parameters_, "hidden", {hidden, channels[1]});
    output_ = mimo::affine(parameters_, "output", {context.targets, hidden});
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return inputs_.collate(view, rows);
  }

  /// Between the convolutions places behind a row's end are 0, as beside a row that is alone.
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const auto [x, keep_B1L] = inputs_.sequence(batch);
    const std::int64_t half = conv1_.weight.size(2) / 2;
    at::Tensor x_BCL = at::relu(at::conv1d(x, conv1_.weight, conv1_.bias, 1, half)).mul(keep_B1L);
    x_BCL = at::relu(at::conv1d(x_BCL, conv2_.weight, conv2_.bias, 1, half)).mul(keep_B1L);
    const at::Tensor mean_BC = x_BCL.sum(2).div(keep_B1L.sum(2).clamp_min(1));
    const at::Tensor x_BH = at::relu(at::linear(mean_BC, hidden_.weight, hidden_.bias));
    return at::linear(dropout_(x_BH, pass), output_.weight, output_.bias);
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }

 private:
  mimo::Inputs inputs_;
  ParameterSet parameters_;
  Dropout dropout_;
  Affine conv1_, conv2_, hidden_, output_;
};

}  // namespace
}  // namespace seqbench::models::mimo_improved

namespace seqbench {

SEQBENCH_MODEL(mimo_improved) {
  using models::mimo::integer;
  ModelEntry entry;
  entry.summary = "paper 004's improved model: convolutions over ESM-2's embeddings of each residue, or over one-hot positions";
  entry.views = {"protein", "one_hot"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = models::mimo::with_encoder(
      {{.name = "channels", .fallback = std::vector<std::int64_t>{64, 32}, .help = "of the two convolutions", .choices = {}},
       integer("kernel", 5, 1, 255, "positions that a convolution sees; odd"),
       integer("hidden", 64, 1, 65536, "units of the hidden layer"), models::mimo::dropout_param()});
  entry.train = models::mimo::recipe(1e-4, 50);
  entry.frozen_encoder = {.param = "encoder.folder", .views = {"protein"}};
  entry.network = [](const ModelContext& context) -> std::unique_ptr<Network> {
    return std::make_unique<models::mimo_improved::Convolutions>(context);
  };
  return entry;
}

}  // namespace seqbench
