// L2 logistic regression by Newton's method, or L-BFGS for many columns: minimizes sum_i w_i log(1 + exp(-+ z_i)) + strength/2 |b|^2 with a free
// intercept (strength = 1/C of scikit-learn). Dense columns are scaled to unit variance over the training rows. The
// strength is chosen by the log loss on the validation rows.

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/lbfgs.h"
#include "models/blocks/linear_scores.h"
#include "models/blocks/sparse_rows.h"

namespace seqbench::models::logistic {
namespace {

// Letters: N rows of a block, P kept columns, Q = P + 1 with the intercept last.

constexpr int kMaxSteps = 100;
constexpr int kMaxHalvings = 40;
constexpr std::int64_t kNewtonColumns = 1500;  // above, a Hessian costs more than many gradients
constexpr int kPatience = 2;  // strengths in a row that validate worse, then weaker and slower ones of many columns are not tried
constexpr double kConverged = 1e-12;  // of the objective that a Newton step still promises to gain

/// log(1 + exp(z)) - y z, summed with weights.
double log_loss_sum(const at::Tensor& z, const at::Tensor& y, const at::Tensor& weights) {
  const at::Tensor losses = z.clamp_min(0).add_(z.abs().neg_().exp_().log1p_()).sub_(y.mul(z));
  return losses.mul_(weights).sum().item<double>();
}

/// The objective at a point, with its derivatives.
struct Point {
  at::Tensor theta;     // f64 [Q]
  double objective = 0;
  at::Tensor gradient;  // [Q]
  at::Tensor hessian;   // [Q, Q]
};

/// The training rows as standardized columns.
class Problem {
 public:
  Problem(const FitRows& train, const FitControl& control)
      : train_(train), control_(control), columns_(Columns::seen_in(train.view, train.rows)), rows_(columns_, train.view, train.rows) {
    means_ = weighted_means(columns_, train, control);
    const double share = means_.y.item<double>();
    if (share == 0 || share == 1) {
      throw InputError(fmt::format("logistic: every training label is {}, expected both classes", share));
    }
    scales_ = std::holds_alternative<DenseView>(train.view.data) ? deviations() : at::ones_like(means_.x);
  }

  [[nodiscard]] std::int64_t size() const { return columns_.count() + 1; }
  [[nodiscard]] bool is_large() const { return size() > kNewtonColumns; }
  [[nodiscard]] Point evaluate(const at::Tensor& theta, double strength) const;
  /// Value and gradient alone.
  [[nodiscard]] Slope slope(const at::Tensor& theta, double strength);
  /// The same function over the columns as the view has them.
  [[nodiscard]] LinearScores unscaled(const at::Tensor& theta) const;

 private:
  [[nodiscard]] at::Tensor deviations() const;

  const FitRows& train_;
  const FitControl& control_;
  Columns columns_;
  Means means_;
  at::Tensor scales_;  // [P]
  SparseRows rows_;
};

at::Tensor Problem::deviations() const {
  at::Tensor variance = at::zeros_like(means_.x);
  for_each_block(train_.rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    control_.check_stop();
    const at::Tensor weights = tensor_from(train_.weights, begin, {static_cast<std::int64_t>(block.size())});
    variance.add_(weights.matmul(columns_.expand(train_.view, block).sub_(means_.x).square_()));
  });
  const at::Tensor deviation = variance.div_(means_.weight).sqrt_();
  return deviation.masked_fill(deviation.eq(0), 1);  // a constant column is 0 once centred
}

Point Problem::evaluate(const at::Tensor& theta, double strength) const {
  at::Tensor penalty = at::full({size()}, strength, at::kDouble);
  penalty.narrow(0, size() - 1, 1).zero_();  // the intercept is free
  Point point{theta, penalty.dot(theta.square()).item<double>() / 2, penalty.mul(theta), penalty.diag()};
  for_each_block(train_.rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    control_.check_stop();
    const auto count = static_cast<std::int64_t>(block.size());
    const at::Tensor x_NP = columns_.expand(train_.view, block).sub_(means_.x).div_(scales_);
    const at::Tensor x_NQ = at::cat({x_NP, at::ones({count, 1}, at::kDouble)}, 1);
    const at::Tensor y = tensor_from(train_.targets, begin, {count});
    const at::Tensor weights = tensor_from(train_.weights, begin, {count});
    const at::Tensor z = x_NQ.matmul(theta);
    const at::Tensor p = z.sigmoid();
    point.objective += log_loss_sum(z, y, weights);
    point.gradient.add_(x_NQ.t().matmul(weights.mul(p.sub(y))));
    const at::Tensor curvature = p.sub(p.square()).mul_(weights);
    point.hessian.addmm_(x_NQ.t(), x_NQ.mul(curvature.unsqueeze(1)));
  });
  return point;
}

Slope Problem::slope(const at::Tensor& theta, double strength) {
  const std::int64_t last = size() - 1;
  const at::Tensor coefficients = theta.narrow(0, 0, last).div(scales_);
  const double intercept = theta[last].item<double>() - means_.x.dot(coefficients).item<double>();
  const double* b = coefficients.const_data_ptr<double>();
  at::Tensor pull = at::zeros({last}, at::kDouble);  // of each column as the view has it
  auto* g = pull.mutable_data_ptr<double>();
  double value = 0, sum = 0;
  rows_.for_each(control_.check_stop, [&](std::size_t i, const SparseRow& row) {
    double z = intercept;
    for (std::size_t j = 0; j < row.columns.size(); ++j) z += b[row.columns[j]] * static_cast<double>(row.values[j]);
    const double e = std::exp(-std::abs(z)), weight = train_.weights[i];
    value += weight * (std::max(z, 0.0) - train_.targets[i] * z + std::log1p(e));
    const double residual = weight * ((z > 0 ? 1 : e) / (1 + e) - train_.targets[i]);
    sum += residual;
    for (std::size_t j = 0; j < row.columns.size(); ++j) g[row.columns[j]] += residual * static_cast<double>(row.values[j]);
  });
  Slope slope{value, theta.mul(strength)};
  slope.value += theta.narrow(0, 0, last).square().sum().item<double>() * strength / 2;
  slope.gradient.narrow(0, 0, last).add_(pull.sub_(means_.x, sum).div_(scales_));
  slope.gradient[last].fill_(sum);
  return slope;
}

LinearScores Problem::unscaled(const at::Tensor& theta) const {
  const at::Tensor coefficients = theta.narrow(0, 0, size() - 1).div(scales_);
  const at::Tensor intercept = theta.narrow(0, size() - 1, 1).sub(means_.x.dot(coefficients));
  return {columns_, coefficients.unsqueeze(1), intercept};
}

at::Tensor newton_direction(const Point& point) {
  const auto [factor, info] = at::linalg_cholesky_ex(point.hessian);
  if (info.item<int>() != 0) throw InputError("logistic: the strength is too small, the system is singular");
  return at::cholesky_solve(point.gradient.unsqueeze(1), factor).squeeze(1).neg_();
}

/// From `theta` to the minimum; halves a step that does not descend.
at::Tensor minimize(Problem& problem, at::Tensor theta, double strength) {
  if (problem.is_large()) {
    return minimize_lbfgs([&](const at::Tensor& point) { return problem.slope(point, strength); }, std::move(theta),
                          fmt::format("logistic at strength {}", strength));
  }
  Point point = problem.evaluate(theta, strength);
  for (int step = 0; step < kMaxSteps; ++step) {
    at::Tensor direction = newton_direction(point);
    const double gain = -point.gradient.dot(direction).item<double>() / 2;
    if (gain <= kConverged * (1 + point.objective)) return point.theta.add(direction);
    Point next = problem.evaluate(point.theta.add(direction), strength);
    for (int halving = 0; next.objective > point.objective && halving < kMaxHalvings; ++halving) {
      direction.mul_(0.5);
      next = problem.evaluate(point.theta.add(direction), strength);
    }
    point = std::move(next);
  }
  throw InputError(fmt::format("logistic: no convergence in {} Newton steps at strength {}", kMaxSteps, strength));
}

class Logistic final : public Estimator {
 public:
  explicit Logistic(std::vector<double> strengths) : strengths_(checked_strengths("logistic", std::move(strengths))) {}

  void fit(const FitRows& train, const FitRows& validation, const FitControl& control) override {
    check_fit_rows("logistic", train, validation, strengths_.size());
    Problem problem(train, control);
    at::Tensor theta = at::zeros({problem.size()}, at::kDouble);
    chosen_ = {};
    std::int64_t done = 0;
    int worse = 0;
    for (const double strength : strengths_) {  // descending: each starts where the stronger one ended
      control.progress(done++, static_cast<std::int64_t>(strengths_.size()));
      theta = minimize(problem, theta, strength);
      LinearScores candidate = problem.unscaled(theta);
      const double loss = validation.rows.empty() ? 0 : mean_log_loss(candidate, validation);
      if (!(loss < chosen_.log_loss)) {
        if (++worse == kPatience && problem.is_large()) break;
        continue;
      }
      worse = 0;
      chosen_ = {strength, loss, !validation.rows.empty()};
      scores_ = std::move(candidate);
    }
    if (!scores_.coefficients.defined()) throw InputError("logistic: no strength gives a finite validation log loss");
  }

  [[nodiscard]] std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const override {
    return to_vector(scores_.scores(view, rows).sigmoid_());
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return scores_.state(); }
  void load_state(std::span<const NamedTensor> state) override { scores_.load("logistic", state); }

  [[nodiscard]] std::vector<Setting> chosen() const override {
    std::vector<Setting> facts = {{"strength", chosen_.strength}};
    if (chosen_.validated) facts.push_back({"validation_log_loss", chosen_.log_loss});
    return facts;
  }

 private:
  struct Choice {
    double strength = 0;
    double log_loss = std::numeric_limits<double>::infinity();
    bool validated = false;
  };

  static double mean_log_loss(const LinearScores& scores, const FitRows& rows) {
    const at::Tensor z = scores.scores(rows.view, rows.rows).squeeze(1);
    const at::Tensor weights = tensor_from(rows.weights, 0, {z.numel()});
    return log_loss_sum(z, tensor_from(rows.targets, 0, {z.numel()}), weights) / weights.sum().item<double>();
  }

  std::vector<double> strengths_;
  Choice chosen_;
  LinearScores scores_;
};

std::unique_ptr<Estimator> make(const ModelContext& context) {
  if (context.targets != 1) throw InputError(fmt::format("logistic: one target, got {}", context.targets));
  return std::make_unique<Logistic>(context.params.numbers("strengths"));
}

}  // namespace
}  // namespace seqbench::models::logistic

namespace seqbench {

SEQBENCH_MODEL(logistic) {
  ModelEntry entry;
  entry.summary = "L2 logistic regression by Newton's method or L-BFGS, strength chosen on the validation rows";
  entry.views = {"kmer_counts", "kmer6_counts", "one_hot", "mutations", "composition", "codon_phase", "longest_orf",
                 "features"};
  entry.kinds = {TaskKind::kBinary};
  entry.params = {{.name = "strengths",
                   .fallback = std::vector<double>{1e-2, 0.1, 1, 10, 100, 1e3, 1e4},
                   .help = "penalties on half the squared weights to choose from; of equals the largest",
                   .choices = {}}};
  const Setting shuffled{"labels", std::string("shuffled")};
  entry.controls = {
      {.label = "logistic, k-mers", .view = "kmer_counts", .params = {}, .train = {}},
      {.label = "logistic, 6-mers", .view = "kmer6_counts", .params = {}, .train = {}},
      {.label = "logistic, GC and length", .view = "composition", .params = {}, .train = {}},
      {.label = "logistic, codons by phase", .view = "codon_phase", .params = {}, .train = {}},
      {.label = "logistic, longest ORF", .view = "longest_orf", .params = {}, .train = {}},
      {.label = "logistic, one-hot", .view = "one_hot", .params = {}, .train = {}},
      {.label = "logistic, features", .view = "features", .params = {}, .train = {}},
      {.label = "logistic, k-mers, shuffled labels", .view = "kmer_counts", .params = {}, .train = {shuffled}},
      {.label = "logistic, features, shuffled labels", .view = "features", .params = {}, .train = {shuffled}}};
  entry.trained_by_loop = false;
  entry.seeded = false;
  entry.estimator = &models::logistic::make;
  return entry;
}

}  // namespace seqbench
