#include "models/tape/value_network.h"

#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::models::tape {
namespace value_network {
namespace {

constexpr std::int64_t kCls = 2, kSep = 3, kUnknown = 4;

const Texts& texts_of(const View& view) {
  const auto* text = std::get_if<TextView>(&view.data);
  if (text == nullptr) throw InputError(fmt::format("tape: view '{}' does not hold texts", view.name));
  return text->rows;
}

std::int64_t token_of(char residue) {
  if (residue == '*' || residue == 'J') return kUnknown;
  if (residue < 'A' || residue > 'Z') {
    throw InputError(fmt::format("tape: '{}' is no amino acid: expected A to Z, or * for a stop", printable({&residue, 1})));
  }
  return 5 + (residue - 'A') - (residue > 'J' ? 1 : 0);
}

}  // namespace
}  // namespace value_network

std::vector<std::int64_t> tokens_of(std::string_view protein, std::int64_t most) {
  if (most > 0) protein = protein.substr(0, static_cast<std::size_t>(most - 2));
  std::vector<std::int64_t> tokens = {value_network::kCls};
  for (const char residue : protein) tokens.push_back(value_network::token_of(residue));
  tokens.push_back(value_network::kSep);
  return tokens;
}

at::Tensor NormedLinear::operator()(const at::Tensor& x) const { return at::linear(x, v.mul(g.div(v.norm())), bias); }

ValueNetwork::ValueNetwork(const ModelContext& context)
    : streams_(context.streams),
      max_length_(context.params.integer("max_length")),
      parameters_(context.streams, context.dtype),
      maker_(streams_, parameters_, no_adapters_) {
  if (max_length_ == 1) throw InputError("tape: 'max_length' is 1, expected 0 or at least 2");
}

Batch ValueNetwork::collate(const View& view, std::span<const std::int64_t> rows) const {
  const Texts& texts = value_network::texts_of(view);
  std::vector<std::vector<std::int64_t>> tokens;
  std::size_t longest = 0;
  for (const std::int64_t row : rows) {
    tokens.push_back(tokens_of(texts[static_cast<std::size_t>(row)], max_length_));
    longest = std::max(longest, tokens.back().size());
  }
  const at::Tensor ids = at::full({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(longest)}, kPad, at::kLong);
  auto* values = ids.mutable_data_ptr<std::int64_t>();
  for (const auto& row : tokens) {
    std::ranges::copy(row, values);
    values += longest;
  }
  Batch batch;
  batch.rows.assign(rows.begin(), rows.end());
  batch.inputs = {{"input_ids", ids}, {"attention_mask", ids.ne(kPad)}};
  return batch;
}

at::Tensor ValueNetwork::forward(const Batch& batch, const Pass& pass) {
  return output_(at::relu(hidden_(pooled(batch.input("input_ids"), batch.input("attention_mask"), pass))));
}

bool ValueNetwork::decays(std::string_view parameter) const {
  constexpr std::array<std::string_view, 4> kSpared = {"bias", "gamma", "beta", "LayerNorm"};
  return std::ranges::none_of(kSpared, [&](std::string_view part) { return parameter.find(part) != std::string_view::npos; });
}

std::vector<std::int64_t> ValueNetwork::lengths(const View& view, std::span<const std::int64_t> rows) const {
  const Texts& texts = value_network::texts_of(view);
  std::vector<std::int64_t> lengths;
  for (const std::int64_t row : rows) {
    const auto length = static_cast<std::int64_t>(texts[static_cast<std::size_t>(row)].size()) + 2;
    lengths.push_back(max_length_ > 0 ? std::min(length, max_length_) : length);
  }
  return lengths;
}

NormedLinear ValueNetwork::normed_linear(const std::string& name, std::int64_t in, std::int64_t out) {
  NormedLinear layer;
  layer.bias = parameters_.add(name + ".bias", {out}, Init::zeros());
  layer.v = parameters_.add(name + ".weight_v", {out, in}, Init::kaiming(in));
  const Init norm{Init::Kind::kConstant, layer.v.detach().norm().item<double>()};
  layer.g = parameters_.add(name + ".weight_g", {}, norm);
  return layer;
}

void ValueNetwork::add_head(const ModelContext& context, std::int64_t width) {
  const std::int64_t units = context.params.integer("head");
  hidden_ = normed_linear("predict.value_prediction.main.0", width, units);
  output_ = normed_linear("predict.value_prediction.main.3", units, context.targets);
}

ParamSpec count(const char* name, std::int64_t fallback, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = 1, .high = high, .choices = {}};
}

ParamSpec dropout(const char* name, const char* help) {
  return {.name = name, .fallback = 0.1, .help = help, .low = 0, .high = 0.99, .choices = {}};
}

ModelEntry tape_entry(std::vector<ParamSpec> sizes) {
  ModelEntry entry;
  entry.views = {"protein"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = std::move(sizes);
  entry.params.push_back(count("head", 512, 65536, "hidden units of the head; published: 512"));
  entry.params.push_back({.name = "max_length",
                          .fallback = std::int64_t{0},
                          .help = "tokens, two added ones included, that a protein is cut to, at least 2; 0: no cut",
                          .low = 0,
                          .high = 1e6,
                          .choices = {}});
  entry.train = {{"optimizer", std::string("adamw")},
                 {"learning_rate", 1e-4},
                 {"eps", 1e-6},
                 {"weight_decay", 0.01},
                 {"schedule", std::string("linear")},
                 {"warmup", 0.1},
                 {"clip_norm", 1.0},
                 {"batch", std::int64_t{32}},
                 {"eval_batch", std::int64_t{64}},
                 {"epochs", std::int64_t{8}},
                 {"best_by", std::string("loss")}};
  entry.citation = "Rao et al. 2019, arXiv:1906.08230";
  return entry;
}

}  // namespace seqbench::models::tape
