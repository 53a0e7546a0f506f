// The MIMO paper's improved model: two convolutions over ESM-2's embeddings of each residue, or over one-hot positions, then
// their mean. The paper gives no sizes; 64 and 32 channels of 5 positions and 64 hidden units are a reading (114,913
// parameters at a width of 320).

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "models/blocks/dropout.h"
#include "models/blocks/one_hot.h"
#include "models/blocks/product.h"
#include "models/blocks/side_by_side.h"
#include "models/mimo/inputs.h"
#include "models/mimo/windows.h"

namespace seqbench::models::mimo_improved {
namespace {

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

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor mean_BC = mean(batch);
    const at::Tensor x_BH = side_by_side(mean_BC, {&hidden_, 1}, true);
    return side_by_side(dropout_(x_BH, pass), {&output_, 1}, false);
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }

 private:
  /// Places behind a row's end are 0, as beside a row that is alone.
  [[nodiscard]] static at::Tensor layer(const Affine& conv, const at::Tensor& x_BCL, const at::Tensor& keep_B1L) {
    return at::relu(convolution(x_BCL, conv.weight, conv.bias)).mul(keep_B1L);
  }
  [[nodiscard]] at::Tensor mean(const Batch& batch) const;
  [[nodiscard]] at::Tensor sum_near_reference(const mimo::Windows& windows, std::int64_t rows) const;

  mimo::Inputs inputs_;
  ParameterSet parameters_;
  Dropout dropout_;
  Affine conv1_, conv2_, hidden_, output_;
};

at::Tensor Convolutions::mean(const Batch& batch) const {
  if (inputs_.reference().defined()) {
    const at::Tensor& codes_BL = batch.input("codes");
    if (const auto windows = mimo::windows_of(codes_BL, inputs_.reference(), inputs_.symbols(), conv1_.weight.size(2))) {
      return sum_near_reference(*windows, codes_BL.size(0)).div(codes_BL.ne(inputs_.symbols()).sum(1, true).clamp_min(1));
    }
  }
  const auto [x, keep_B1L] = inputs_.sequence(batch);
  return layer(conv2_, layer(conv1_, x, keep_B1L), keep_B1L).sum(2).div(keep_B1L.sum(2).clamp_min(1));
}

/// Rows of the table. The gradient of index_select would take them one by one.
at::Tensor picked(const at::Tensor& table, const at::Tensor& index) {
  return sums_by_row(table, index, at::arange(index.numel(), index.options()), index.numel());
}

/// The sum over the reference's positions, and for each window what it has instead.
at::Tensor Convolutions::sum_near_reference(const mimo::Windows& windows, std::int64_t rows) const {
  const auto [x, keep] = inputs_.sequence(inputs_.reference().unsqueeze(0));
  const at::Tensor first_1CL = layer(conv1_, x, keep), second_LC = layer(conv2_, first_1CL, keep).squeeze(0).t();
  const auto kept = [&](const at::Tensor& y, const at::Tensor& within) { return at::relu(y).mul(within.unsqueeze(1)); };

  const at::Tensor of_symbols = at::constant_pad_nd(conv1_.weight.permute({2, 1, 0}), {0, 0, 0, 1}).flatten(0, 1);
  const std::int64_t near = windows.seen_NK.size(0), kernel = windows.seen_NK.size(1);
  const at::Tensor place = at::arange(near, windows.seen_NK.options()).repeat_interleave(kernel);
  const at::Tensor first_NC = kept(sums_by_row(of_symbols, windows.seen_NK.flatten(), place, near).add(conv1_.bias), windows.keep_N);

  const at::Tensor table = at::cat({first_1CL.squeeze(0).t(), at::zeros({1, first_NC.size(1)}, first_NC.options()), first_NC});
  const at::Tensor seen = picked(table, windows.seen_FK.flatten()).view({windows.seen_FK.size(0), -1});
  const at::Tensor second_FC = kept(linear(seen, conv2_.weight.transpose(1, 2).flatten(1), conv2_.bias), windows.keep_F);

  const at::Tensor change_FC = second_FC.sub(picked(second_LC, windows.position_F));
  const at::Tensor each = at::arange(change_FC.size(0), windows.row_F.options());
  return sums_by_row(change_FC, each, windows.row_F, rows).add(second_LC.sum(0));
}

}  // namespace
}  // namespace seqbench::models::mimo_improved

namespace seqbench {

SEQBENCH_MODEL(mimo_improved) {
  using models::mimo::integer;
  ModelEntry entry;
  entry.summary = "the MIMO paper's improved model: convolutions over ESM-2's embeddings of each residue, or over one-hot positions";
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
