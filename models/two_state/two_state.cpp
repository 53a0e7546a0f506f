// A protein is in one of two states, dark or bright, and what is measured of a bright one is a smooth landscape of its own. Two
// decoders read the same substitutions and are averaged:
//
//   z = sum over a row's substitutions of (K^1/2 U),   q = skip(z) + out(act(hidden(z))),
//   P(bright) = sigmoid(2.5 + 3 q0),   y if bright = level + 1.5 noise q1,   E[y] = P bright + (1 - P) dark.
//
// K is a prior covariance of substitution effects (prior.h), its Cholesky factor frozen: with a penalty on U, effects that were
// not measured follow those they are alike to. A row trains P by its side of `threshold`, and on the bright side the level by a
// Huber loss in units of `noise`, so that the dark rows, whose order is noise, do not bend the landscape. Standard deviation:
// that of the mixture. The law of two states is that of Sarkisyan et al. 2016; decoders, K and penalties were chosen on
// validation rows (docs/gfp.md).

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/full.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/aaindex.h"
#include "models/blocks/dropout.h"
#include "models/blocks/parameters.h"
#include "models/blocks/product.h"
#include "models/blocks/reference.h"
#include "models/blocks/side_by_side.h"
#include "models/two_state/prior.h"
#include "models/two_state/row_sums.h"

namespace seqbench::models::two_state {
namespace {

// Letters: B rows, M substitutions of the row that has most, V substitutions, N decoders, D traits of one, H hidden units.

constexpr std::int64_t kMostSubstitutions = 8192;  // of K, whose factor has 8 V^2 bytes
constexpr std::int64_t kBlock = 4096;              // rows looked at together
constexpr double kLogOdds = 2.5, kOddsScale = 3;   // what q0 = 0 is, and its unit
constexpr double kLevel = 8, kLevelScale = 1.5;    // the same of a bright row, in units of noise above the threshold
constexpr double kStateWeight = 2;                 // of the cross entropy beside the bright rows' error
constexpr double kHuber = 2.5;                     // units of noise

/// Sum over tensors of c |w|^2, as one node of the graph.
class Squares : public torch::autograd::Function<Squares> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList weights, const std::vector<double>& factors) {
    context->save_for_backward(weights.vec());
    context->saved_data["factors"] = factors;
    at::Tensor sum = at::zeros({}, weights[0].options());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const at::Tensor flat = weights[i].flatten();
      sum.add_(flat.dot(flat), factors[i]);
    }
    return sum;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    torch::autograd::variable_list gradients = context->get_saved_variables();
    const std::vector<double> factors = context->saved_data["factors"].toDoubleVector();
    for (std::size_t i = 0; i < gradients.size(); ++i) gradients[i] = gradients[i].mul(outputs[0].mul(2 * factors[i]));
    gradients.emplace_back();
    return gradients;
  }
};

/// Narrow and smooth, or wide with dropout.
struct DecoderShape {
  const char* name;
  std::int64_t traits, hidden;
  bool wide;
  double trait_penalty, penalty;
};
constexpr DecoderShape kNarrow{"narrow", 8, 32, false, 3e-3, 1e-3}, kWide{"wide", 64, 128, true, 1e-3, 1e-4};

class Decoder {
 public:
  Decoder(const DecoderShape& shape, std::int64_t substitutions, const ModelContext& context, ParameterSet& parameters)
      : shape_(shape), dropout_(context.streams, shape.name, shape.wide ? context.params.number("dropout") : 0) {
    const std::string name = shape.name;
    traits_ = parameters.add(name + ".traits", {substitutions, shape.traits}, Init::normal(0.01));
    const auto affine = [&](const char* part, std::int64_t out, std::int64_t in, Init init) {
      return Affine{parameters.add(name + "." + part + ".weight", {out, in}, init), parameters.add(name + "." + part + ".bias", {out}, init)};
    };
    hidden_ = affine("hidden", shape.hidden, shape.traits, Init::kaiming(shape.traits));
    out_ = affine("out", 2, shape.hidden, Init::normal(0.01));
    skip_ = affine("skip", 2, shape.traits, Init::kaiming(shape.traits));
  }

  /// [V, D]
  [[nodiscard]] const at::Tensor& traits() const { return traits_; }
  /// z [B, D] -> q [B, 2].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& z_BD, const Pass& pass) const {
    const at::Tensor linear_BH = side_by_side(z_BD, {&hidden_, 1}, shape_.wide);
    const at::Tensor h_BH = dropout_(shape_.wide ? linear_BH : at::softplus(linear_BH), pass);
    return side_by_side(z_BD, {&skip_, 1}, false).add(side_by_side(h_BH, {&out_, 1}, false));
  }
  [[nodiscard]] at::Tensor penalty() const {
    const std::vector<at::Tensor> weights{traits_, hidden_.weight, hidden_.bias, out_.weight, out_.bias, skip_.weight, skip_.bias};
    std::vector<double> factors(weights.size(), shape_.penalty);
    factors.front() = shape_.trait_penalty;
    return Squares::apply(at::TensorList(weights), factors);
  }

 private:
  DecoderShape shape_;
  Dropout dropout_;
  at::Tensor traits_;
  Affine hidden_, out_, skip_;
};

const CodeView& codes_in(const View& view) {
  const auto* codes = std::get_if<CodeView>(&view.data);
  if (codes == nullptr) throw InputError(fmt::format("two_state: view '{}' does not hold codes", view.name));
  return *codes;
}

class TwoState final : public Network {
 public:
  explicit TwoState(const ModelContext& context)
      : length_(codes_in(context.view).length()),
        symbols_(codes_in(context.view).symbols),
        threshold_(context.params.number("threshold")),
        noise_(context.params.number("noise")),
        parameters_(context.streams, context.dtype) {
    if (context.targets != 1) throw InputError(fmt::format("two_state: made for one target, the task has {}", context.targets));
    read_substitutions(codes_in(context.view));
    whitening_ = factor(context);
    const std::string& which = context.params.text("decoders");
    for (const DecoderShape& shape : {kNarrow, kWide}) {
      if (which == "both" || which == shape.name) decoders_.emplace_back(shape, substitutions(), context, parameters_);
    }
    const double level = kLevel * noise_;
    dark_ = parameters_.add("dark", {1}, {Init::Kind::kConstant, threshold_ - level});
  }

  /// "substitutions" int64 [B, M], filled up with V.
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override;
  /// In training [B, 2 N] of N decoders: log odds of each, then bright values; in evaluation [B, 2]: prediction and log deviation.
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override;
  [[nodiscard]] LossSum loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) override;
  [[nodiscard]] bool predicts_spread() const override { return true; }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }
  [[nodiscard]] std::vector<NamedTensor> frozen() override { return {{"whitening", whitening_}}; }
  /// The penalties are the network's own.
  [[nodiscard]] bool decays(std::string_view /*parameter*/) const override { return false; }

 private:
  [[nodiscard]] std::int64_t substitutions() const { return static_cast<std::int64_t>(known_.size()); }
  void read_substitutions(const CodeView& view);
  void append_places(const std::uint8_t* codes, std::vector<std::int64_t>& into) const;
  [[nodiscard]] at::Tensor substituted(const at::Tensor& places_BM) const;
  [[nodiscard]] std::vector<at::Tensor> traits_of(const at::Tensor& places_BM) const;
  [[nodiscard]] at::Tensor factor(const ModelContext& context) const;

  std::int64_t length_, symbols_;
  double threshold_, noise_;
  std::vector<std::uint8_t> wild_;       // [L]: the commonest symbols
  std::vector<Substitution> known_;      // those that occur in the view; the last: that a row ends early, wherever
  std::vector<std::int64_t> place_;      // [L * symbols]: which of them, -1: none
  ParameterSet parameters_;
  at::Tensor whitening_;                 // [V + 1, V]: factor of K, below it a row of zeros
  std::vector<Decoder> decoders_;
  at::Tensor dark_;
  bool training_ = false;                // what the last pass was: of one decoder both have two columns
};

/// Codes that differ from the commonest of their position, in any row: labels are not looked at.
void TwoState::read_substitutions(const CodeView& view) {
  const std::int64_t rows = view.lengths.size(0);
  const at::Tensor commonest = commonest_symbols(view).to(at::kByte);
  wild_.assign(commonest.const_data_ptr<std::uint8_t>(), commonest.const_data_ptr<std::uint8_t>() + length_);
  std::vector<bool> seen(static_cast<std::size_t>(length_ * symbols_));
  for (std::int64_t begin = 0; begin < rows; begin += kBlock) {
    std::vector<std::int64_t> block(static_cast<std::size_t>(std::min(kBlock, rows - begin)));
    std::iota(block.begin(), block.end(), begin);
    const at::Tensor codes = view.gather(block);
    const auto* code = codes.const_data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < codes.numel(); ++i) {
      const std::int64_t position = i % codes.size(1);
      if (code[i] < symbols_ && code[i] != wild_[static_cast<std::size_t>(position)]) seen[static_cast<std::size_t>(position * symbols_ + code[i])] = true;
    }
  }
  place_.assign(seen.size(), -1);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) continue;
    const auto at = static_cast<std::int64_t>(i);
    place_[i] = substitutions();
    known_.push_back({at / symbols_, wild_[i / static_cast<std::size_t>(symbols_)], at % symbols_});
  }
  if (known_.empty()) throw InputError("two_state: all rows of the view are alike");
  known_.push_back({length_ - 1, wild_.back(), symbols_});
  if (substitutions() > kMostSubstitutions) {
    throw InputError(fmt::format("two_state: {} substitutions occur in the view, at most {} are held", known_.size(), kMostSubstitutions));
  }
}

at::Tensor TwoState::factor(const ModelContext& context) const {
  const bool protein = symbols_ == static_cast<std::int64_t>(kProteinSymbols.size());
  const at::Tensor covariance = prior_covariance(known_, contacts_of(context.params, length_, "two_state"), length_, symbols_, protein);
  return at::cat({at::linalg_cholesky(covariance), at::zeros({1, substitutions()}, at::kDouble)}).to(context.dtype);
}

Batch TwoState::collate(const View& view, std::span<const std::int64_t> rows) const {
  const CodeView& codes = codes_in(view);
  if (codes.length() != length_ || codes.symbols != symbols_) {
    throw InputError(fmt::format("two_state: made for {} positions of {} symbols, the view has {} of {}", length_, symbols_,
                                 codes.length(), codes.symbols));
  }
  const at::Tensor gathered = codes.gather(rows);
  std::vector<std::int64_t> found;
  std::vector<std::size_t> ends{0};
  std::size_t most = 1;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    append_places(gathered.const_data_ptr<std::uint8_t>() + static_cast<std::int64_t>(row) * length_, found);
    most = std::max(most, found.size() - ends.back());
    ends.push_back(found.size());
  }
  at::Tensor places = at::full({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(most)}, substitutions(), at::kLong);
  auto* place = places.mutable_data_ptr<std::int64_t>();
  for (std::size_t row = 0; row < rows.size(); ++row) std::copy(found.data() + ends[row], found.data() + ends[row + 1], place + row * most);
  Batch batch;
  batch.rows.assign(rows.begin(), rows.end());
  batch.inputs = {{"substitutions", std::move(places)}};
  return batch;
}

/// Of codes [L]; padding has the code `symbols_`.
void TwoState::append_places(const std::uint8_t* codes, std::vector<std::int64_t>& into) const {
  constexpr std::int64_t kRun = 8;  // compared at once: most are the commonest
  bool ends_early = false;
  for (std::int64_t position = 0; position < length_; ++position) {
    while (position + kRun <= length_ && std::memcmp(codes + position, wild_.data() + position, kRun) == 0) position += kRun;
    if (position == length_) break;
    const std::int64_t symbol = codes[position];
    if (symbol == wild_[static_cast<std::size_t>(position)]) continue;
    const std::int64_t place = symbol < symbols_ ? place_[static_cast<std::size_t>(position * symbols_ + symbol)] : -1;
    if (place >= 0) into.push_back(place);
    ends_early = ends_early || symbol == symbols_;
  }
  if (ends_early) into.push_back(substitutions() - 1);
}

/// [B, V]
at::Tensor TwoState::substituted(const at::Tensor& places_BM) const {
  if (places_BM.is_cpu()) return row_sums(whitening_.narrow(0, 0, substitutions()), places_BM, true);
  const at::Tensor begins_B = at::arange(0, places_BM.numel(), places_BM.size(1), places_BM.options());
  constexpr std::int64_t kSum = 0;
  return std::get<0>(at::embedding_bag(whitening_, places_BM.reshape(-1), begins_B, false, kSum, false, {}, false, substitutions()));
}

/// [B, D] of each decoder, by one product, of S traits in all. Many rows are made of K^1/2 U, whose rows are short to sum: V V S
/// multiplications instead of B V S and the sums of long rows. Which of both it is makes a difference of rounding.
std::vector<at::Tensor> TwoState::traits_of(const at::Tensor& places_BM) const {
  std::vector<at::Tensor> parts;
  std::vector<std::int64_t> widths;
  for (const Decoder& decoder : decoders_) {
    parts.push_back(decoder.traits());
    widths.push_back(decoder.traits().size(1));
  }
  const at::Tensor traits_SV = at::cat(parts, 1).t();
  const bool many = places_BM.is_cpu() && !at::GradMode::is_enabled() && 2 * places_BM.size(0) >= substitutions();
  if (!many) return models::linear(substituted(places_BM), traits_SV).split_with_sizes(widths, 1);
  const at::Tensor table_VS = models::linear(whitening_.narrow(0, 0, substitutions()), traits_SV).to(whitening_.scalar_type());
  return row_sums(table_VS.contiguous(), places_BM, false).split_with_sizes(widths, 1);
}

at::Tensor TwoState::forward(const Batch& batch, const Pass& pass) {
  training_ = pass.training;
  const std::vector<at::Tensor> traits = traits_of(batch.input("substitutions"));
  std::vector<at::Tensor> told;
  for (std::size_t i = 0; i < decoders_.size(); ++i) told.push_back(decoders_[i](traits[i], pass));
  const at::Tensor q_B2N = at::stack(told, 2);
  const at::Tensor odds_BN = q_B2N.select(1, 0).mul(kOddsScale).add(kLogOdds);
  const at::Tensor level_BN = q_B2N.select(1, 1).mul(kLevelScale * noise_).add(threshold_ + kLevel * noise_);
  if (pass.training) return at::cat({odds_BN, level_BN}, 1);
  const at::Tensor bright_B = at::sigmoid(odds_BN).mean(1), rise_B = level_BN.mean(1).sub(dark_);
  const at::Tensor variance_B = bright_B.mul(bright_B.neg().add(1)).mul(rise_B.square()).add(noise_ * noise_);
  return at::stack({bright_B.mul(rise_B).add(dark_), variance_B.log().mul(0.5)}, 1);
}

LossSum TwoState::loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) {
  if (name != "mse") throw InputError(fmt::format("two_state: 'train.loss' is \"{}\", but the model brings its own; leave it out", name));
  if (!training_) return loss_sum(name, outputs.narrow(1, 0, 1), batch);
  const auto decoders = static_cast<std::int64_t>(decoders_.size());
  const at::Tensor odds_BN = outputs.narrow(1, 0, decoders), level_BN = outputs.narrow(1, decoders, decoders);
  const at::Tensor& y_B1 = batch.labels;
  const at::Tensor bright_B1 = y_B1.gt(threshold_).to(y_B1.scalar_type());
  const at::Tensor state_BN = at::softplus(odds_BN).sub(odds_BN.mul(bright_B1));  // cross entropy
  const at::Tensor error_BN = at::huber_loss(level_BN.div(noise_), y_B1.div(noise_).expand_as(level_BN), at::Reduction::None, kHuber);
  at::Tensor bright_BN = state_BN.mul(kStateWeight).add(error_BN.mul(bright_B1));
  at::Tensor dark_B1 = y_B1.sub(dark_).square().mul(bright_B1.neg().add(1).mul(0.5 / (noise_ * noise_)));
  if (batch.weights.defined()) {
    const at::Tensor weights_B1 = batch.weights.unsqueeze(1);
    bright_BN = bright_BN.mul(weights_B1), dark_B1 = dark_B1.mul(weights_B1);
  }
  const double count = batch.weights.defined() ? batch.weights.sum(at::kDouble).item<double>() : static_cast<double>(y_B1.size(0));
  at::Tensor sum = bright_BN.sum().add(dark_B1.sum());
  for (const Decoder& decoder : decoders_) sum = sum.add(decoder.penalty(), count);
  return {sum, count};
}

}  // namespace
}  // namespace seqbench::models::two_state

namespace seqbench {

SEQBENCH_MODEL(two_state) {
  ModelEntry entry;
  entry.version = 2;
  entry.summary = "dark or bright, and a landscape of the bright state: two small decoders over substitutions with a prior on their likeness";
  entry.citation = "the two states: Sarkisyan et al. 2016, Local fitness landscape of the green fluorescent protein, Nature 533:397";
  entry.views = {"one_hot"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = {
      {.name = "threshold", .fallback = 0.0, .help = "labels above it are of the bright state; in the units that are trained on",
       .low = -1e9, .high = 1e9, .choices = {}},
      {.name = "noise", .fallback = 0.2, .help = "standard deviation of a measurement within a state; the same units",
       .low = 1e-6, .high = 1e9, .choices = {}},
      {.name = "decoders", .fallback = std::string("both"), .help = "narrow: 8 traits, 32 smooth units; wide: 64, 128 with dropout",
       .choices = {"both", "narrow", "wide"}},
      {.name = "dropout", .fallback = 0.3, .help = "of the wide decoder's hidden units", .low = 0, .high = 0.99, .choices = {}},
      models::contacts_param("likeness by position and amino acids alone")};
  entry.train = {{"optimizer", std::string("adam")}, {"learning_rate", 5e-3}, {"schedule", std::string("one_cycle")},
                 {"one_cycle.pct_start", 0.1}, {"batch", std::int64_t{256}}, {"eval_batch", std::int64_t{4096}},
                 {"epochs", std::int64_t{30}}, {"keep", std::string("last")}};
  entry.network = [](const ModelContext& context) -> std::unique_ptr<Network> {
    return std::make_unique<models::two_state::TwoState>(context);
  };
  return entry;
}

}  // namespace seqbench
