// Global epistasis: an additive score of a variant's features (its latent traits) seen through one monotone function that
// all variants share (Otwinowski, McCandlish and Plotkin 2018; the form of MAVE-NN, Tareen et al. 2022, jbkinney/mavenn):
//
//   phi = sum of the weights of the features,  y = a + sum_k b_k act(c_k phi + d_k),  b, c >= 0 by softplus.
//
// With several traits c_k is a row of non-negative numbers: y rises with each of them. Noise may be learned beside it, of one
// size or a polynomial of y, as in MAVE-NN.
//
// On codes the commonest symbol of a position is the reference and has no weight, which fixes the sum that could move
// between positions; without it a step of all weights at once would move phi by hundreds of them. What a padded position
// stands for is a symbol of its own. A site's and a symbol's shared part (`shared`) speak for substitutions not seen.

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/one_hot.h"
#include "models/blocks/parameters.h"
#include "models/blocks/reference.h"

namespace seqbench::models::global_epistasis {
namespace {

// Letters: B rows, M features of a row or positions, S symbols with padding, T targets, K traits, U units.

constexpr double kRange = 3;                   // standard deviations of the targets over which the start is linear
constexpr double kMostLogSd = 4;               // a polynomial knows no bounds

/// What softplus makes `value` of.
double unsoftplus(double value) { return std::log(std::expm1(value)); }

class GlobalEpistasis final : public Network {
 public:
  explicit GlobalEpistasis(const ModelContext& context)
      : parameters_(context.streams, context.dtype),
        targets_(context.targets),
        traits_(context.params.integer("traits")),
        tanh_(context.params.text("activation") == "tanh"),
        noise_(context.params.text("noise")) {
    read_shape(context.view);
    const bool shared = context.params.flag("shared");
    if (shared && symbols_ == 0) {
      throw InputError(fmt::format("global_epistasis: 'shared' needs codes, whose positions are known; view '{}' holds sets",
                                   context.view.name));
    }
    const std::int64_t columns = targets_ * traits_;
    additive_ = parameters_.add("additive", {features_, columns}, Init::normal(0.01));
    if (shared) {
      site_ = parameters_.add("site", {features_ / symbols_, columns}, Init::normal(0.01));
      symbol_ = parameters_.add("symbol", {symbols_, columns}, Init::normal(0.01));
    }
    start_linear(context.params.integer("units"), context.dtype);
    if (noise_ == "gaussian") log_sd_ = parameters_.add("log_sd", {targets_}, Init::zeros());
    if (noise_ == "heteroscedastic") log_sd_ = parameters_.add("log_sd", {3, targets_}, Init::zeros());
  }

  /// Sets: "features" int64 [B, M], filled up with the number of features. Codes: "codes" uint8 [B, L].
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    Batch batch;
    batch.rows.assign(rows.begin(), rows.end());
    if (const auto* codes = std::get_if<CodeView>(&view.data); codes != nullptr && symbols_ > 0) {
      check_width(view, codes->length() * (codes->symbols + 1));
      batch.inputs = {{"codes", codes->gather(rows)}};
    } else if (const auto* sets = std::get_if<SetView>(&view.data); sets != nullptr && symbols_ == 0) {
      check_width(view, sets->features);
      batch.inputs = {{"features", padded(*sets, rows)}};
    } else {
      throw InputError(fmt::format("global_epistasis: made for {}, view '{}' holds something else",
                                   symbols_ > 0 ? "codes" : "sets", view.name));
    }
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& /*pass*/) override {
    const at::Tensor phi_BTK = traits(batch);
    const at::Tensor c_TUK = at::softplus(slope_);
    const at::Tensor z_BTU = phi_BTK.unsqueeze(2).mul(c_TUK).sum(3).add(shift_);
    const at::Tensor unit_BTU = tanh_ ? at::tanh(z_BTU) : at::sigmoid(z_BTU);
    const at::Tensor y_BT = unit_BTU.mul(at::softplus(height_)).sum(2).add(offset_);
    if (!predicts_spread()) return y_BT;
    return at::cat({y_BT, log_sd(y_BT)}, 1);
  }

  [[nodiscard]] bool predicts_spread() const override { return noise_ != "none"; }

  /// Without noise the loss of that name; with it the Gaussian negative log likelihood of the scaled labels.
  [[nodiscard]] LossSum loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) override {
    if (!predicts_spread()) return loss_sum(name, outputs, batch);
    const at::Tensor log_sd_BT = outputs.narrow(1, targets_, targets_);
    const at::Tensor error_BT = outputs.narrow(1, 0, targets_).sub(batch.labels).mul(at::exp(log_sd_BT.neg()));
    const at::Tensor each_B = error_BT.square().mul(0.5).add(log_sd_BT).add(0.5 * std::log(2 * std::numbers::pi)).sum(1);
    if (!batch.weights.defined()) return {each_B.sum(), static_cast<double>(batch.labels.numel())};
    const double weight = batch.weights.sum(at::kDouble).item<double>();
    return {each_B.mul(batch.weights).sum(), weight * static_cast<double>(targets_)};
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }
  [[nodiscard]] std::vector<NamedTensor> buffers() override {
    return symbols_ > 0 ? std::vector<NamedTensor>{{"reference", reference_}} : std::vector<NamedTensor>{};
  }
  /// The weights of features alone: the function that all share has data enough.
  [[nodiscard]] bool decays(std::string_view parameter) const override {
    return parameter == "additive" || parameter == "site" || parameter == "symbol";
  }

 private:
  void read_shape(const View& view) {
    if (const auto* codes = std::get_if<CodeView>(&view.data)) {
      symbols_ = codes->symbols + 1;
      features_ = codes->length() * symbols_;
      reference_ = commonest_symbols(*codes);
    } else if (const auto* sets = std::get_if<SetView>(&view.data)) {
      features_ = sets->features;
    } else {
      throw InputError(fmt::format("global_epistasis: view '{}' holds neither codes nor sets", view.name));
    }
  }

  /// Units side by side over the range, each as high as it is wide: nearly the identity there, flat outside.
  void start_linear(std::int64_t units, at::ScalarType dtype) {
    const double width = 2 * kRange / static_cast<double>(units);
    const double slope = 2.0 / static_cast<double>(traits_);
    slope_ = parameters_.add("slope", {targets_, units, traits_}, Init::normal(0.1));
    slope_.detach().add_(unsoftplus(slope));
    shift_ = parameters_.add("shift", {targets_, units}, Init::zeros());
    shift_.detach().copy_(at::linspace(-kRange + width / 2, kRange - width / 2, units, dtype).mul_(-2).expand({targets_, units}));
    height_ = parameters_.add("height", {targets_, units}, Init::zeros());
    height_.detach().fill_(unsoftplus(tanh_ ? width / 2 : width));
    offset_ = parameters_.add("offset", {targets_}, Init::zeros());
    if (!tanh_) offset_.detach().fill_(-kRange);
  }

  void check_width(const View& view, std::int64_t width) const {
    if (width == features_) return;
    throw InputError(fmt::format("global_epistasis: made for {} features, view '{}' has {}", features_, view.name, width));
  }

  [[nodiscard]] at::Tensor padded(const SetView& sets, std::span<const std::int64_t> rows) const {
    const at::Tensor offsets = sets.offsets.contiguous(), members = sets.members.contiguous();
    const auto* offset = offsets.const_data_ptr<std::int64_t>();
    const auto* member = members.const_data_ptr<std::int64_t>();
    std::int64_t most = 1;
    for (const std::int64_t row : rows) most = std::max(most, offset[row + 1] - offset[row]);
    at::Tensor index_BM = at::full({static_cast<std::int64_t>(rows.size()), most}, features_, at::kLong);
    auto* index = index_BM.mutable_data_ptr<std::int64_t>();
    for (const std::int64_t row : rows) {
      std::copy(member + offset[row], member + offset[row + 1], index);
      index += most;
    }
    return index_BM;
  }

  /// [B, T, K].
  [[nodiscard]] at::Tensor traits(const Batch& batch) const {
    at::Tensor weights = additive_;
    if (site_.defined()) {
      weights = weights.view({-1, symbols_, targets_ * traits_}).add(site_.unsqueeze(1)).add(symbol_).flatten(0, 1);
    }
    if (symbols_ > 0) return of_codes(weights, batch.input("codes")).view({-1, targets_, traits_});
    const at::Tensor none = at::zeros({1, weights.size(1)}, weights.options());
    const at::Tensor each = at::embedding(at::cat({weights, none}), batch.input("features"), features_);
    return each.sum(1).view({-1, targets_, traits_});
  }

  /// The sum over the positions that differ from the reference: [B, T K].
  [[nodiscard]] at::Tensor of_codes(const at::Tensor& weights, const at::Tensor& codes_BL) const {
    if (!codes_BL.is_cpu()) return of_all_codes(weights, codes_BL);
    const at::Tensor place_D2 = codes_BL.ne(reference_.to(at::kByte)).nonzero();
    const at::Tensor row_D = place_D2.select(1, 0), position_D = place_D2.select(1, 1);
    const at::Tensor code_D = codes_BL.flatten().index_select(0, row_D.mul(codes_BL.size(1)).add(position_D)).to(at::kLong);
    return sums_by_row(weights, position_D.mul(symbols_).add(code_D), row_D, codes_BL.size(0));
  }

  /// The same without finding out where they differ, for which one would wait for the device.
  [[nodiscard]] at::Tensor of_all_codes(const at::Tensor& weights, const at::Tensor& codes_BL) const {
    const at::Tensor code_BL = codes_BL.to(at::kLong), first_L = at::arange(codes_BL.size(1), code_BL.options()).mul(symbols_);
    const at::Tensor differs_BL1 = code_BL.ne(reference_).unsqueeze(2).to(weights.scalar_type());
    return at::embedding(weights, code_BL.add(first_L)).mul(differs_BL1).sum(1);
  }

  /// [B, T].
  [[nodiscard]] at::Tensor log_sd(const at::Tensor& y_BT) const {
    if (noise_ == "gaussian") return log_sd_.expand_as(y_BT);
    const at::Tensor raw = log_sd_[0].add(y_BT.mul(log_sd_[1].add(y_BT.mul(log_sd_[2]))));
    return raw.div(kMostLogSd).tanh().mul(kMostLogSd);
  }

  ParameterSet parameters_;
  std::int64_t targets_;
  std::int64_t traits_;
  bool tanh_;
  std::string noise_;
  std::int64_t symbols_ = 0;  // padding counted; 0: the view holds sets
  std::int64_t features_ = 0;
  at::Tensor reference_;  // int64 [L]
  at::Tensor additive_, site_, symbol_, slope_, shift_, height_, offset_, log_sd_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<GlobalEpistasis>(context); }

std::vector<ParamSpec> params() {
  return {{.name = "units", .fallback = std::int64_t{20}, .help = "of the monotone function", .low = 1, .high = 4096, .choices = {}},
          {.name = "traits", .fallback = std::int64_t{1}, .help = "additive scores that the function sees; it rises with each",
           .low = 1, .high = 1024, .choices = {}},
          {.name = "activation", .fallback = std::string("sigmoid"), .help = "of the units", .choices = {"sigmoid", "tanh"}},
          {.name = "noise", .fallback = std::string("none"),
           .help = "none: the loss asked for; else Gaussian likelihood, its sd one number or a function of the prediction",
           .choices = {"none", "gaussian", "heteroscedastic"}},
          {.name = "shared", .fallback = false,
           .help = "a weight is its own part plus its site's plus its symbol's; views of codes only", .choices = {}}};
}

}  // namespace
}  // namespace seqbench::models::global_epistasis

namespace seqbench {

SEQBENCH_MODEL(global_epistasis) {
  ModelEntry entry;
  entry.summary = "global epistasis: additive traits through one learned monotone function, with learned noise if wanted";
  entry.views = {"mutations", "one_hot"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = models::global_epistasis::params();
  entry.train = {{"optimizer", std::string("adam")},
                 {"learning_rate", 0.02},
                 {"weight_decay", 1e-5},
                 {"batch", std::int64_t{256}},
                 {"eval_batch", std::int64_t{4096}},
                 {"epochs", std::int64_t{40}},
                 {"best_by", std::string("loss")}};
  entry.network = &models::global_epistasis::make;
  entry.citation = "Otwinowski, McCandlish and Plotkin 2018, Inferring the shape of global epistasis, PNAS 115:E7550";
  return entry;
}

}  // namespace seqbench
