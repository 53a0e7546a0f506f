// TAPE's LSTM: two stacks, one over the protein and one over its reverse. Final states of all layers are weighted by one
// learned number each, then a tanh layer. Published size: layers 3, width 1024, embedding 128.
// The reference lets its stacks run on over padding, so that a row's final states depend on the batch; here a row's final
// state is that at its own last token. Rows of one length, which need no padding, are the same in both.

#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <memory>

#include "models/tape/value_network.h"

namespace seqbench::models::tape_lstm {
namespace {

// E: width of the embedding.

struct Layer {
  at::Tensor input, state, input_bias, state_bias;  // [4 W, in], [4 W, W], [4 W], [4 W]
  Dropout dropout;                                  // of the layer's input

  /// x [B, L, in] -> [B, L, W].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, const Pass& pass) const {
    const at::Tensor start = at::zeros({1, x.size(0), state.size(1)}, x.options());
    const std::vector<at::Tensor> states = {start, start}, weights = {input, state, input_bias, state_bias};
    return std::get<0>(at::lstm(dropout(x, pass), states, weights, true, 1, 0.0, pass.training, false, true));
  }
};

class Lstm final : public tape::ValueNetwork {
 public:
  explicit Lstm(const ModelContext& context) : ValueNetwork(context) {
    const std::int64_t layers = context.params.integer("layers"), width = context.params.integer("width");
    const std::int64_t embedding = context.params.integer("embedding");
    const double dropout = context.params.number("dropout");
    words_ = maker().embedding("lstm.embed_matrix", tape::kVocabulary, embedding);
    forward_ = stack("forward", layers, embedding, width, dropout);
    reverse_ = stack("reverse", layers, embedding, width, dropout);
    weighting_ = maker().linear("lstm.pooler.scalar_reweighting", 2 * layers, 1);
    pooler_ = maker().linear("lstm.pooler.dense", width, width);
    add_head(context, width);
  }

 private:
  [[nodiscard]] std::vector<Layer> stack(const char* direction, std::int64_t layers, std::int64_t inputs, std::int64_t width,
                                         double dropout) {
    std::vector<Layer> made;
    for (std::int64_t i = 0; i < layers; ++i) {
      const std::string name = fmt::format("lstm.encoder.{}_lstm.{}.lstm.", direction, i);
      const Init init = Init::kaiming(width);  // torch.nn.LSTM's own, by its width
      made.push_back({.input = maker().tensor(name + "weight_ih_l0", {4 * width, inputs}, init),
                      .state = maker().tensor(name + "weight_hh_l0", {4 * width, width}, init),
                      .input_bias = maker().tensor(name + "bias_ih_l0", {4 * width}, init),
                      .state_bias = maker().tensor(name + "bias_hh_l0", {4 * width}, init),
                      .dropout = maker().dropout(name + "input", i == 0 ? 0 : dropout)});
      inputs = width;
    }
    return made;
  }

  /// Final states [B, W] of each layer, appended to `states`. `last` int64 [B]: each row's last token.
  static void run(const std::vector<Layer>& layers, at::Tensor x_BLE, const at::Tensor& last, const Pass& pass,
                  std::vector<at::Tensor>& states) {
    for (const Layer& layer : layers) {
      x_BLE = layer(x_BLE, pass);
      const at::Tensor index = last.view({-1, 1, 1}).expand({-1, 1, x_BLE.size(2)});
      states.push_back(x_BLE.gather(1, index).squeeze(1));
    }
  }

  [[nodiscard]] at::Tensor pooled(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) override {
    const at::Tensor last = keep.sum(1).sub(1);
    const at::Tensor place = at::arange(ids.size(1), ids.options()).unsqueeze(0).expand(ids.sizes());
    const at::Tensor backwards = ids.gather(1, at::where(keep, last.unsqueeze(1).sub(place), place));
    std::vector<at::Tensor> states;
    run(forward_, at::embedding(words_, ids), last, pass, states);
    run(reverse_, at::embedding(words_, backwards), last, pass, states);
    return at::tanh(pooler_(weighting_(at::stack(states, 2), pass).squeeze(2), pass));
  }

  at::Tensor words_;
  std::vector<Layer> forward_, reverse_;
  Linear weighting_, pooler_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<Lstm>(context); }

}  // namespace
}  // namespace seqbench::models::tape_lstm

namespace seqbench {

SEQBENCH_MODEL(tape_lstm) {
  using models::tape::count;
  ModelEntry entry = models::tape::tape_entry({
      count("layers", 2, 64, "in each direction; published: 3"),
      count("width", 64, 16384, "published: 1024"),
      count("embedding", 32, 16384, "width of the tokens' vectors; published: 128"),
      models::tape::dropout("dropout", "of the inputs of all layers but the first")});
  entry.summary = "TAPE's LSTM from scratch, at desk size (2 layers of 64 each way); published: 3 of 1024";
  entry.network = &models::tape_lstm::make;
  return entry;
}

}  // namespace seqbench
