// The MIMO paper's base model: a perceptron of two hidden layers over ESM-2's mean embedding of a protein, or over its one-hot
// positions. The paper gives no sizes; 128 and 64 are a reading (49,409 parameters at a width of 320).

#include <ATen/core/Tensor.h>

#include "models/blocks/dropout.h"
#include "models/blocks/side_by_side.h"
#include "models/mimo/inputs.h"

namespace seqbench::models::mimo_base {
namespace {

class Perceptron final : public Network {
 public:
  explicit Perceptron(const ModelContext& context)
      : inputs_(context, Pooling::kMean, "mimo_base"),
        parameters_(context.streams, context.dtype),
        first_dropout_(context.streams, "first", context.params.number("dropout")),
        second_dropout_(context.streams, "second", context.params.number("dropout")) {
    const std::vector<std::int64_t> hidden = mimo::sizes(context.params, "hidden", 2);
    first_ = mimo::affine(parameters_, "first", {hidden[0], inputs_.width()});
    second_ = mimo::affine(parameters_, "second", {hidden[1], hidden[0]});
    output_ = mimo::affine(parameters_, "output", {context.targets, hidden[1]});
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return inputs_.collate(view, rows);
  }
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    at::Tensor x_BH = first_dropout_(inputs_.first(inputs_.pooled(batch), {&first_, 1}), pass);
    x_BH = second_dropout_(side_by_side(x_BH, {&second_, 1}, true), pass);
    return side_by_side(x_BH, {&output_, 1}, false);
  }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }

 private:
  mimo::Inputs inputs_;
  ParameterSet parameters_;
  Dropout first_dropout_, second_dropout_;
  Affine first_, second_, output_;
};

}  // namespace
}  // namespace seqbench::models::mimo_base

namespace seqbench {

SEQBENCH_MODEL(mimo_base) {
  ModelEntry entry;
  entry.summary = "the MIMO paper's base model: a perceptron over a protein's mean ESM-2 embedding, or over one-hot positions";
  entry.views = {"protein", "one_hot"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = models::mimo::with_encoder(
      {{.name = "hidden", .fallback = std::vector<std::int64_t>{128, 64}, .help = "units of the two hidden layers", .choices = {}},
       models::mimo::dropout_param()});
  entry.train = models::mimo::recipe(1e-2, 50);
  entry.frozen_encoder = {.param = "encoder.folder", .views = {"protein"}};
  entry.network = [](const ModelContext& context) -> std::unique_ptr<Network> {
    return std::make_unique<models::mimo_base::Perceptron>(context);
  };
  return entry;
}

}  // namespace seqbench
