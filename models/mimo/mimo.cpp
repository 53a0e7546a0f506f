// The MIMO paper's multi-input multi-output network (after Havasi et al. 2021): M proteins at once through one trunk, one head
// each. In training row i of a batch goes into slot i % M, and the head of that slot tells it; in evaluation a row goes into
// all slots, the mean of the heads is the prediction and their standard deviation its spread. Widths are a reading: the
// paper gives none (419,331 parameters for M = 3 and embeddings of 320).

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "models/blocks/dropout.h"
#include "models/blocks/side_by_side.h"
#include "models/mimo/inputs.h"
#include "models/mimo/slots.h"

namespace seqbench::models::mimo {
namespace {

// Letters: B rows, M members, E numbers of an input, T targets.

constexpr double kSmallestSpread = 1e-6;  // in scaled units: heads may agree to the bit

class Mimo final : public Network {
 public:
  explicit Mimo(const ModelContext& context)
      : slots_(context.params, context.view, context.streams),
        inputs_(context, Pooling::kMean, "mimo"),
        parameters_(context.streams, context.dtype),
        first_dropout_(context.streams, "trunk1", context.params.number("dropout")),
        second_dropout_(context.streams, "trunk2", context.params.number("dropout")),
        targets_(context.targets),
        summed_(context.params.text("head_loss") == "sum") {
    const std::int64_t width = context.params.integer("width"), all = slots_.members() * width;
    for (std::int64_t m = 0; m < slots_.members(); ++m) {
      in_.push_back(affine(parameters_, fmt::format("in.{}", m), {width, inputs_.width()}));
    }
    trunk1_ = affine(parameters_, "trunk1", {all, all});
    trunk2_ = affine(parameters_, "trunk2", {all, all});
    for (std::int64_t m = 0; m < slots_.members(); ++m) {
      out_.push_back(affine(parameters_, fmt::format("out.{}", m), {targets_, width}));
    }
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return inputs_.collate(view, rows);
  }
  /// [B, 2 T]: predictions, then logarithms of spreads; in training zeros in their place.
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override;
  [[nodiscard]] LossSum loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) override;
  [[nodiscard]] bool predicts_spread() const override { return true; }
  [[nodiscard]] std::int64_t members() const override { return slots_.members(); }
  [[nodiscard]] at::Tensor member_variance() const override { return heads_BMT_.sub(heads_BMT_.mean(1, true)).square().mean(1); }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  /// A row's class decides which head its loss is of in evaluation.
  [[nodiscard]] bool replayable(DeviceWork work) const override { return work != DeviceWork::kLoss; }
  [[nodiscard]] std::optional<std::vector<std::int64_t>> sample_epoch(std::span<const std::int64_t> train_rows,
                                                                      std::int64_t epoch) const override {
    return slots_.epoch(train_rows, epoch);
  }

 private:
  [[nodiscard]] at::Tensor heads(const at::Tensor& inputs, const Pass& pass) const;
  [[nodiscard]] LossSum evaluation_loss(std::string_view name, const Batch& batch) const;

  Slots slots_;
  Inputs inputs_;
  ParameterSet parameters_;
  Dropout first_dropout_, second_dropout_;
  std::int64_t targets_;
  bool summed_;
  std::vector<Affine> in_, out_;
  Affine trunk1_, trunk2_;
  at::Tensor heads_BMT_;  // of the last pass, where it was an evaluation
};

/// Rows of E that all members read, or of M E, each its own -> [rows, M T].
at::Tensor Mimo::heads(const at::Tensor& inputs, const Pass& pass) const {
  at::Tensor x = inputs_.first(inputs, in_);
  x = first_dropout_(side_by_side(x, {&trunk1_, 1}, true), pass);
  x = second_dropout_(side_by_side(x, {&trunk2_, 1}, true), pass);
  return side_by_side(x, out_, false);
}

at::Tensor Mimo::forward(const Batch& batch, const Pass& pass) {
  const at::Tensor x_BE = inputs_.pooled(batch);
  const std::int64_t rows = x_BE.size(0), members = slots_.members();
  if (!pass.training) {
    heads_BMT_ = heads(x_BE, pass).view({rows, members, targets_});
    const at::Tensor mean_BT = heads_BMT_.mean(1);
    return at::cat({mean_BT, member_variance().sqrt().clamp_min(kSmallestSpread).log()}, 1);
  }
  if (rows % members != 0) {
    throw InputError(fmt::format("mimo: a training batch of {} rows does not fill {} 'members': 'train.batch' must be a multiple "
                                 "of them, and so must an epoch, as 'train.sampler' \"model\" sees to", rows, members));
  }
  heads_BMT_ = at::Tensor();
  const at::Tensor told_BT = heads(x_BE.view({rows / members, members * x_BE.size(1)}), pass).view({rows, targets_});
  return at::constant_pad_nd(told_BT, {0, targets_});
}

/// "sum": the loss of a group of M rows is the sum over its heads, so that M rows count as one.
LossSum Mimo::loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) {
  LossSum loss = heads_BMT_.defined() ? evaluation_loss(name, batch) : loss_sum(name, outputs.narrow(1, 0, targets_), batch);
  if (summed_) loss.count /= static_cast<double>(slots_.members());
  return loss;
}

/// By the head of a row's own slot; rows that have none count nothing. Where any row goes into any slot, by all heads.
LossSum Mimo::evaluation_loss(std::string_view name, const Batch& batch) const {
  LossSum total{heads_BMT_.sum().mul(0), 0};
  for (std::int64_t member = 0; member < slots_.members(); ++member) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < batch.rows.size(); ++i) {
      if (!slots_.by_class() || slots_.slot_of(batch.rows[i]) == member) rows.push_back(static_cast<std::int64_t>(i));
    }
    if (rows.empty()) continue;
    const at::Tensor index = at::tensor(rows, at::kLong).to(batch.labels.device());
    const Batch part{.inputs = {}, .labels = batch.labels.index_select(0, index),
                     .weights = batch.weights.defined() ? batch.weights.index_select(0, index) : at::Tensor(), .rows = {}};
    const LossSum own = loss_sum(name, heads_BMT_.select(1, member).index_select(0, index).to(batch.labels.scalar_type()), part);
    total.sum = total.sum.add(own.sum);
    total.count += own.count;
  }
  return total;
}

ParamSpec choice(const char* name, const char* fallback, const char* help, std::vector<std::string> choices) {
  return {.name = name, .fallback = std::string(fallback), .help = help, .choices = std::move(choices)};
}

std::vector<ParamSpec> mimo_params() {
  return with_encoder({
      integer("members", 3, 1, 64, "slots: inputs that are read at once, and heads"),
      integer("width", 128, 1, 65536, "units of a member; the trunk has members x width"),
      choice("slot_assignment", "by_mutation_count",
             "a row's slot: by the number of positions at which it differs from most rows (1 ... members), or free, as Havasi et al.",
             {"by_mutation_count", "free"}),
      choice("epoch_draw", "balanced",
             "by_mutation_count: the smallest class `repeats` times and as many of the others; cropped: all cut to the smallest once; "
             "redrawn: cut anew each epoch", {"balanced", "cropped", "redrawn"}),
      integer("repeats", 10, 1, 1000, "of the smallest class in a balanced epoch"),
      integer("batch_repetitions", 4, 1, 1000, "free: how often a row stands in each member's list of an epoch"),
      number("input_repetition", 0, 0, 1, "free: share of an epoch in which all members see the same row"),
      choice("head_loss", "sum", "over the heads, of a group of rows that are read at once", {"sum", "mean"}),
      dropout_param()});
}

}  // namespace
}  // namespace seqbench::models::mimo

namespace seqbench {

SEQBENCH_MODEL(mimo) {
  ModelEntry entry;
  entry.summary = "MIMO as the paper on GFP has it: several proteins through one trunk at once, a head each, which agree or not about one";
  entry.citation = "Havasi et al. 2021, Training independent subnetworks for robust prediction";
  entry.views = {"protein", "one_hot"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = models::mimo::mimo_params();
  entry.train = models::mimo::recipe(1e-3, 30);
  for (Setting& setting : entry.train) {
    if (setting.key == "batch") setting.value = std::int64_t{192};  // 64 groups of three
  }
  entry.train.push_back({"sampler", std::string("model")});
  entry.frozen_encoder = {.param = "encoder.folder", .views = {"protein"}};
  entry.network = [](const ModelContext& context) -> std::unique_ptr<Network> {
    return std::make_unique<models::mimo::Mimo>(context);
  };
  return entry;
}

}  // namespace seqbench
