// A Gaussian process over sets of mutations (Rasmussen and Williams 2006): near variants are alike, each mutation adds its own,
// and what is far from all that was measured has a wide standard deviation. Of two sets x and x'
//
//   k(x, x') = amplitude^2 exp(-d / length) + linear^2 |x & x'| + constant^2,    d = |x ^ x'|,
//
// with noise^2 on each reading, divided by the row's weight. Prior mean and unit are mean and standard deviation of the training
// targets; several targets share one kernel. Sets are taken as they are; of codes the positions that differ from the commonest
// symbol of the training rows taken.
//
// Exact: a Cholesky factor in f64 of at most `max_rows` training rows, drawn by their numbers, so that their order is nothing.
// The kernel is that of greatest marginal likelihood on the first `choice_rows` of them: its slopes are exact, and validation
// rows, on which models are compared, choose nothing. Cost: 8 max_rows^2 bytes, max_rows^3 / 3 multiplications, and max_rows^2 of
// them for each standard deviation.

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/linear_scores.h"
#include "models/mutation_gp/kernel.h"
#include "models/mutation_gp/process.h"

namespace seqbench::models::mutation_gp {
namespace {

/// Positions in `train` of rows that weigh something, each training row's own number deciding its place: a prefix is a sample.
std::vector<std::size_t> in_drawn_order(const FitRows& train, const Stream& stream) {
  std::vector<std::pair<double, std::size_t>> drawn;
  for (std::size_t i = 0; i < train.rows.size(); ++i) {
    if (!(train.weights[i] > 0)) continue;
    drawn.emplace_back(stream.at({.item = static_cast<std::uint32_t>(train.rows[i])}).uniform(), i);
  }
  std::ranges::sort(drawn, {}, [&](const auto& one) { return std::pair(one.first, train.rows[one.second]); });
  std::vector<std::size_t> order;
  for (const auto& [draw, i] : drawn) order.push_back(i);
  return order;
}

class MutationGp final : public Estimator {
 public:
  explicit MutationGp(const ModelContext& context)
      : stream_(context.streams.open("subsample")),
        max_rows_(context.params.integer("max_rows")),
        choice_rows_(context.params.integer("choice_rows")),
        sites_(context.params.flag("sites")),
        kernel_(context.params.numbers("kernel")) {
    if (sites_ && std::holds_alternative<SetView>(context.view.data)) {
      throw InputError(fmt::format("mutation_gp: 'sites' needs codes, whose positions are known; view '{}' holds sets",
                                   context.view.name));
    }
    if (kernel_.empty() || (kernel_.size() == 5 && is_kernel(Kernel::of(kernel_)))) return;
    throw InputError(fmt::format("mutation_gp: 'kernel' must be [] or five finite numbers of at least 0, the second and the last "
                                 "above 0; got [{}]",
                                 fmt::join(kernel_, ", ")));
  }

  void fit(const FitRows& train, const FitRows& /*validation*/, const FitControl& control) override {
    if (train.rows.empty()) throw InputError("mutation_gp: there are no training rows");
    Data data = data_of(train);
    const std::int64_t rows = data.targets.size(0), chosen_on = std::min(choice_rows_, rows);
    control.check_stop();
    control.progress(0, rows);
    const Readings readings = data.readings(chosen_on);
    data.kernel = kernel_.empty() ? most_likely(readings, control.check_stop) : Kernel::of(kernel_);
    evidence_ = evidence(data.kernel, readings).value;
    chosen_on_ = chosen_on;
    process_ = Process(std::move(data), control);
  }

  [[nodiscard]] std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const override {
    SEQBENCH_ASSERT(process_.is_made(), "fit or load_state comes before predict");
    return to_vector(process_.mean(view, rows));
  }

  [[nodiscard]] std::vector<double> spread(const View& view, std::span<const std::int64_t> rows) const override {
    SEQBENCH_ASSERT(process_.is_made(), "fit or load_state comes before spread");
    return to_vector(process_.deviation(view, rows));
  }

  /// The factor is made anew: it is as large as the square of the rows.
  [[nodiscard]] std::vector<NamedTensor> state() const override { return process_.data().state(); }
  void load_state(std::span<const NamedTensor> state) override { process_ = Process(Data::of(state), {}); }
  [[nodiscard]] std::vector<Setting> chosen() const override;

 private:
  [[nodiscard]] Data data_of(const FitRows& train) const;

  Stream stream_;
  std::int64_t max_rows_;
  std::int64_t choice_rows_;
  bool sites_;
  std::vector<double> kernel_;
  Process process_;
  double evidence_ = 0;
  std::int64_t chosen_on_ = 0;
};

/// All but the kernel.
Data MutationGp::data_of(const FitRows& train) const {
  std::vector<std::size_t> taken = in_drawn_order(train, stream_);
  if (taken.empty()) throw InputError("mutation_gp: the weights of the training rows sum to 0");
  taken.resize(std::min(taken.size(), static_cast<std::size_t>(max_rows_)));
  const auto count = static_cast<std::int64_t>(taken.size());
  if (count > kMostRows) {
    const double gib = std::pow(static_cast<double>(count), 2) / std::pow(2.0, 27);
    throw InputError(fmt::format("mutation_gp: max_rows = {} takes {} training rows, a covariance of {:.1f} GiB; expected at "
                                 "most {}",
                                 max_rows_, count, gib, kMostRows));
  }
  const std::size_t targets = train.targets.size() / train.rows.size();
  std::vector<std::int64_t> rows;
  std::vector<double> labels, weights;
  for (const std::size_t i : taken) {
    rows.push_back(train.rows[i]);
    weights.push_back(train.weights[i]);
    for (std::size_t t = 0; t < targets; ++t) labels.push_back(train.targets[i * targets + t]);
  }
  Data data;
  data.reader = Reader(train.view, rows);
  data.sites = sites_;
  data.sets = data.reader.read(train.view, rows);
  const at::Tensor weights_N = tensor_from(weights, 0, {count});
  data.targets = tensor_from(labels, 0, {count, static_cast<std::int64_t>(targets)});
  data.variance = weights_N.reciprocal();
  data.scale = at::empty({2, data.targets.size(1)}, at::kDouble);
  data.scale[0].copy_(weights_N.matmul(data.targets).div_(weights_N.sum()));
  data.targets.sub_(data.scale[0]);
  data.scale[1].copy_(weights_N.matmul(data.targets.square()).div_(weights_N.sum()).sqrt_());
  data.scale[1].masked_fill_(data.scale[1].eq(0), 1);  // all alike
  data.targets.div_(data.scale[1]);
  return data;
}

std::vector<Setting> MutationGp::chosen() const {
  const Kernel& kernel = process_.data().kernel;
  return {{"amplitude", kernel.amplitude}, {"length", kernel.length}, {"linear", kernel.linear},
          {"constant", kernel.constant},   {"noise", kernel.noise},   {"rows", process_.data().targets.size(0)},
          {"choice_rows", chosen_on_},     {"log_marginal_likelihood", evidence_}};
}

std::unique_ptr<Estimator> make(const ModelContext& context) { return std::make_unique<MutationGp>(context); }

std::vector<ParamSpec> params() {
  return {{.name = "max_rows", .fallback = std::int64_t{6000},
           .help = "training rows taken at most, a sample of them; memory grows with the square, work with the cube",
           .low = 1, .high = 1e9, .choices = {}},
          {.name = "choice_rows", .fallback = std::int64_t{2000},
           .help = "of these: rows whose marginal likelihood chooses the kernel", .low = 1, .high = 8192, .choices = {}},
          {.name = "sites", .fallback = false,
           .help = "rows that hold different symbols at a site differ by 1 there, not by 2; views of codes only", .choices = {}},
          {.name = "kernel", .fallback = std::vector<double>{},
           .help = "amplitude, length, linear, constant, noise, in standard deviations of the target but the length; []: chosen",
           .choices = {}}};
}

}  // namespace
}  // namespace seqbench::models::mutation_gp

namespace seqbench {

SEQBENCH_MODEL(mutation_gp) {
  ModelEntry entry;
  entry.summary = "Gaussian process over sets of mutations: mean and standard deviation, kernel of greatest marginal likelihood";
  entry.views = {"mutations", "one_hot"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = models::mutation_gp::params();
  entry.trained_by_loop = false;
  entry.estimator = &models::mutation_gp::make;
  entry.citation = "Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, MIT Press";
  return entry;
}

}  // namespace seqbench
