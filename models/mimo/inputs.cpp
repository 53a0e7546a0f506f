#include "models/mimo/inputs.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

#include <utility>

#include "harness/base/error.h"
#include "models/blocks/one_hot.h"
#include "models/blocks/reference.h"
#include "models/blocks/side_by_side.h"
#include "models/pretrained/esm_layout.h"

namespace seqbench::models::mimo {

Affine affine(ParameterSet& parameters, const std::string& name, const std::vector<std::int64_t>& shape) {
  std::int64_t fan_in = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  return {parameters.add(name + ".weight", shape, Init::kaiming(fan_in)),
          parameters.add(name + ".bias", {shape[0]}, Init::kaiming(fan_in))};
}

Inputs::Inputs(const ModelContext& context, Pooling pooling, std::string model)
    : model_(std::move(model)), pooling_(pooling), dtype_(context.dtype) {
  if (const auto* text = std::get_if<TextView>(&context.view.data)) {
    table_ = std::make_unique<EmbeddingTable>(embedding_request(esm2_family(), context, pooling), text->rows);
  } else if (const auto* codes = std::get_if<CodeView>(&context.view.data)) {
    length_ = codes->length();
    symbols_ = codes->symbols;
    reference_L_ = commonest_symbols(*codes).to(at::kByte);
  } else {
    throw InputError(fmt::format("{}: view '{}' holds neither texts nor codes", model_, context.view.name));
  }
}

std::int64_t Inputs::width() const {
  if (table_ != nullptr) return table_->width();
  return pooling_ == Pooling::kMean ? length_ * symbols_ : symbols_;
}

Batch Inputs::collate(const View& view, std::span<const std::int64_t> rows) const {
  Batch batch;
  batch.rows.assign(rows.begin(), rows.end());
  if (table_ != nullptr) {
    const auto* text = std::get_if<TextView>(&view.data);
    if (text == nullptr) throw InputError(fmt::format("{}: made for texts, view '{}' holds none", model_, view.name));
    Embedded embedded = table_->gather(text->rows, rows);
    batch.inputs = {{"embeddings", std::move(embedded.x)}};
    if (pooling_ == Pooling::kNone) batch.inputs.push_back({"lengths", std::move(embedded.lengths)});
    return batch;
  }
  const auto* codes = std::get_if<CodeView>(&view.data);
  if (codes == nullptr || codes->length() != length_ || codes->symbols != symbols_) {
    throw InputError(fmt::format("{}: made for {} positions of {} symbols, view '{}' has others", model_, length_, symbols_, view.name));
  }
  batch.inputs = {{"codes", codes->gather(rows)}};
  return batch;
}

at::Tensor Inputs::pooled(const Batch& batch) const {
  SEQBENCH_ASSERT(pooling_ == Pooling::kMean, "the inputs were made pooled");
  if (table_ != nullptr) return batch.input("embeddings").to(dtype_);
  return batch.input("codes");
}

at::Tensor Inputs::first(const at::Tensor& pooled, std::span<const Affine> layers) const {
  if (table_ != nullptr) return side_by_side(pooled, layers, true);
  std::vector<at::Tensor> outputs;
  for (std::size_t m = 0; m < layers.size(); ++m) {
    const at::Tensor codes_BL = pooled.size(1) == length_ ? pooled : pooled.narrow(1, static_cast<std::int64_t>(m) * length_, length_);
    outputs.push_back(one_hot_linear(codes_BL, symbols_, reference_L_, layers[m].weight, layers[m].bias));
  }
  return at::relu(outputs.size() == 1 ? outputs[0] : at::cat(outputs, 1));
}

Sequence Inputs::sequence(const Batch& batch) const {
  SEQBENCH_ASSERT(pooling_ == Pooling::kNone, "the inputs were made by position");
  if (table_ == nullptr) return sequence(batch.input("codes"));
  const at::Tensor x_BLC = batch.input("embeddings").to(dtype_);
  const at::Tensor place_L = at::arange(x_BLC.size(1), batch.input("lengths").options());
  return {x_BLC.transpose(1, 2), place_L.unsqueeze(0).lt(batch.input("lengths").unsqueeze(1)).to(dtype_).unsqueeze(1)};
}

Sequence Inputs::sequence(const at::Tensor& codes_BL) const {
  return {one_hot(codes_BL, symbols_, dtype_), codes_BL.ne(symbols_).to(dtype_).unsqueeze(1)};
}

std::vector<ParamSpec> with_encoder(std::vector<ParamSpec> own) {
  for (ParamSpec& spec : encoder_params(esm2_family())) own.push_back(std::move(spec));
  return own;
}

ParamSpec integer(const char* name, std::int64_t fallback, double low, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = low, .high = high, .choices = {}};
}

ParamSpec number(const char* name, double fallback, double low, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = low, .high = high, .choices = {}};
}

ParamSpec dropout_param() { return number("dropout", 0, 0, 0.99, "share of hidden units that training drops"); }

std::vector<std::int64_t> sizes(const Params& params, const char* name, std::size_t count) {
  const std::vector<std::int64_t>& values = params.integers(name);
  if (values.size() != count) throw InputError(fmt::format("'{}' must be {} sizes, got {}", name, count, values.size()));
  for (const std::int64_t value : values) {
    if (value < 1 || value > 65536) throw InputError(fmt::format("'{}' must be sizes from 1 to 65536, got {}", name, value));
  }
  return values;
}

std::vector<Setting> recipe(double learning_rate, std::int64_t epochs) {
  return {{"optimizer", std::string("adam")}, {"learning_rate", learning_rate},    {"epochs", epochs},
          {"batch", std::int64_t{64}},        {"eval_batch", std::int64_t{256}},   {"schedule", std::string("step")},
          {"step_size", std::int64_t{10}},    {"gamma", 0.1},                      {"scale_targets", false}};
}

}  // namespace seqbench::models::mimo
