// The best constant that can be had from the training rows: the floor of every table.

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/linear_scores.h"

namespace seqbench::models::constant {
namespace {

constexpr std::array<std::string_view, 1> kState = {"constant"};

class Constant final : public Estimator {
 public:
  explicit Constant(std::int64_t targets) : targets_(static_cast<std::size_t>(targets)) {}

  void fit(const FitRows& train, const FitRows& /*validation*/, const FitControl& /*control*/) override {
    double weight = 0;
    constant_.assign(targets_, 0);
    for (std::size_t row = 0; row < train.rows.size(); ++row) {
      weight += train.weights[row];
      for (std::size_t t = 0; t < targets_; ++t) constant_[t] += train.weights[row] * train.targets[row * targets_ + t];
    }
    if (!(weight > 0)) throw InputError("constant: the weights of the training rows sum to 0");
    for (double& value : constant_) value /= weight;
  }

  [[nodiscard]] std::vector<double> predict(const View& /*view*/, std::span<const std::int64_t> rows) const override {
    SEQBENCH_ASSERT(!constant_.empty(), "fit or load_state comes before predict");
    std::vector<double> predictions;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      predictions.insert(predictions.end(), constant_.begin(), constant_.end());
    }
    return predictions;
  }

  [[nodiscard]] std::vector<NamedTensor> state() const override {
    return {{"constant", tensor_from(constant_, 0, {static_cast<std::int64_t>(constant_.size())})}};
  }

  void load_state(std::span<const NamedTensor> state) override {
    const at::Tensor constant = take_tensors("constant", state, kState).front();
    if (constant.numel() != static_cast<std::int64_t>(targets_) || constant.scalar_type() != at::kDouble) {
      throw InputError(fmt::format("constant: tensor 'constant' must hold {} doubles", targets_));
    }
    constant_ = to_vector(constant);
  }

 private:
  std::size_t targets_;
  std::vector<double> constant_;  // [T]
};

std::unique_ptr<Estimator> make(const ModelContext& context) { return std::make_unique<Constant>(context.targets); }

}  // namespace
}  // namespace seqbench::models::constant

namespace seqbench {

SEQBENCH_MODEL(constant) {
  ModelEntry entry;
  entry.summary = "the weighted mean of the training targets; of two classes, the share of class 1";
  entry.views = {"one_hot",     "kmer_counts", "mutations", "dna",    "protein",    "composition",
                 "codon_phase", "longest_orf", "num_tfs",   "tf_set", "histone_log", "features", "sentence"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.controls = {{.label = "constant (training mean)", .view = "", .params = {}, .train = {}}};
  entry.trained_by_loop = false;
  entry.seeded = false;
  entry.estimator = &models::constant::make;
  return entry;
}

}  // namespace seqbench
