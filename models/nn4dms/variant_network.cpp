#include "models/nn4dms/variant_network.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.h"
#include "models/blocks/aaindex.h"

namespace seqbench::models::nn4dms {
namespace variant_network {
namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kOneHot = "one_hot";
constexpr const char* kBoth = "one_hot,aa_index";

const CodeView& codes_of(const View& view, const std::string& model) {
  const auto* codes = std::get_if<CodeView>(&view.data);
  if (codes == nullptr) throw InputError(fmt::format("{}: view '{}' does not hold codes", model, view.name));
  return *codes;
}

bool has_components(const ModelContext& context, std::int64_t symbols, const std::string& model) {
  const std::string& encoding = context.params.text("encoding");
  const bool protein = symbols == static_cast<std::int64_t>(kProteinSymbols.size());
  if (encoding == kBoth && !protein) {
    throw InputError(fmt::format("{}: 'encoding' is \"{}\", which is of the {} symbols {}, but view '{}' has {}", model,
                                 encoding, kProteinSymbols.size(), kProteinSymbols, context.view.name, symbols));
  }
  return encoding != kOneHot && protein;
}

/// [symbols + 1, D]: a row a symbol, one-hot and then components; the last is padding's, `pads`: a symbol too, else zeros.
at::Tensor encoding_table(std::int64_t symbols, bool pads, bool components) {
  const std::int64_t one_hot = symbols + (pads ? 1 : 0), width = one_hot + (components ? kComponents : 0);
  at::Tensor table = at::zeros({symbols + 1, width}, at::kFloat);
  auto* values = table.mutable_data_ptr<float>();
  for (std::int64_t symbol = 0; symbol < one_hot; ++symbol) {
    float* row = values + symbol * width;
    row[symbol] = 1;
    if (!components || symbol >= kAminoAcids) continue;
    std::ranges::copy(aa_components()[static_cast<std::size_t>(symbol)], row + one_hot);
  }
  return table;
}

}  // namespace
}  // namespace variant_network

at::Tensor leaky(const at::Tensor& x) { return at::leaky_relu(x, 0.2); }

VariantNetwork::VariantNetwork(const ModelContext& context, std::string model)
    : parameters_(context.streams, context.dtype),
      dtype_(context.dtype),
      model_(std::move(model)),
      length_(variant_network::codes_of(context.view, model_).length()),
      symbols_(variant_network::codes_of(context.view, model_).symbols) {
  const bool components = variant_network::has_components(context, symbols_, model_);
  // Zeros under biases that start as zeros would stand on the kink of LeakyReLU.
  const bool pads = variant_network::codes_of(context.view, model_).lengths.lt(length_).any().item<bool>();
  encoding_ = keep("encoding", variant_network::encoding_table(symbols_, pads, components));
}

Batch VariantNetwork::collate(const View& view, std::span<const std::int64_t> rows) const {
  const CodeView& codes = variant_network::codes_of(view, model_);
  if (codes.length() != length_ || codes.symbols != symbols_) {
    throw InputError(fmt::format("{}: made for {} positions of {} symbols, the view has {} of {}", model_, length_, symbols_,
                                 codes.length(), codes.symbols));
  }
  Batch batch;
  batch.rows.assign(rows.begin(), rows.end());
  batch.inputs = {{"codes", codes.gather(rows)}};
  return batch;
}

at::Tensor VariantNetwork::forward(const Batch& batch, const Pass& pass) {
  const at::Tensor x_BLD = at::embedding(encoding_, batch.input("codes").to(at::kLong));
  at::Tensor x_BH = features(x_BLD).flatten(1);
  for (std::size_t i = 0; i < hidden_.size(); ++i) {
    x_BH = dropouts_[i](leaky(at::linear(x_BH, hidden_[i].weight, hidden_[i].bias)), pass);
  }
  return at::linear(x_BH, output_.weight, output_.bias);
}

Layer VariantNetwork::layer(const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t fan_in,
                            std::int64_t fan_out) {
  const double bound = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  return {add(name + ".weight", shape, Init::uniform(bound)), add(name + ".bias", {shape[0]}, Init::zeros())};
}

void VariantNetwork::add_hidden(const ModelContext& context, std::int64_t inputs, std::int64_t layers) {
  const std::int64_t units = context.params.integer("hidden");
  for (std::int64_t i = 1; i <= layers; ++i) {
    const std::string name = fmt::format("dense{}", i);
    hidden_.push_back(layer(name, {units, inputs}, inputs, units));
    dropouts_.emplace_back(context.streams, name, context.params.number("dropout"));
    inputs = units;
  }
  output_ = layer("output", {context.targets, inputs}, inputs, context.targets);
}

at::Tensor VariantNetwork::keep(const std::string& name, const at::Tensor& values) {
  return frozen_.emplace_back(name, values.to(dtype_)).tensor;
}

ParamSpec count(const char* name, std::int64_t fallback, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = 1, .high = high, .choices = {}};
}

ModelEntry variant_entry(double learning_rate, std::int64_t batch) {
  using namespace variant_network;
  ModelEntry entry;
  entry.views = {"one_hot"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = {count("hidden", 100, 65536, "units of a hidden layer"),
                  {.name = "dropout", .fallback = 0.2, .help = "share of the hidden units that training drops", .low = 0,
                   .high = 0.99, .choices = {}},
                  {.name = "encoding",
                   .fallback = std::string(kAuto),
                   .help = "numbers of a position: one-hot, of amino acids and stop (21 symbols) also the 19 principal "
                           "components of AAindex; auto: both where there are 21 symbols",
                   .choices = {kAuto, kOneHot, kBoth}}};
  entry.train = {{"optimizer", std::string("adam")},
                 {"learning_rate", learning_rate},
                 {"batch", batch},
                 {"eval_batch", std::int64_t{512}},
                 {"epochs", std::int64_t{300}},
                 {"best_by", std::string("loss")},
                 {"early_stop.patience", std::int64_t{15}},
                 {"early_stop.min_delta", 1e-5}};
  entry.citation = "Gelman et al. 2021, doi:10.1073/pnas.2104878118";
  return entry;
}

}  // namespace seqbench::models::nn4dms
