#include "models/ridge/pair_ridge.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/base/error.h"
#include "models/blocks/linear_scores.h"
#include "models/blocks/pair_columns.h"

namespace seqbench::models::ridge {
namespace pairs {
namespace {

using Vector = std::vector<double>;

constexpr std::array<std::string_view, 5> kState = {"features", "width", "pairs", "coefficients", "intercept"};
constexpr double kTolerance = 1e-11;  // of the residual to the right side
constexpr int kMostSteps = 10'000;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Training rows as the solver sees them: centred columns are their values less `mean`, which is never written out.
struct Problem {
  ListedRows rows;
  std::span<const double> weights;
  Vector mean;        // of columns, weighted
  double weight = 0;  // sum of weights
};

Problem make_problem(ListedRows rows, std::span<const double> weights, std::int64_t columns) {
  Problem problem{std::move(rows), weights, Vector(static_cast<std::size_t>(columns)), 0};
  for (std::size_t i = 0, j = 0; i < weights.size(); ++i) {
    problem.weight += weights[i];
    for (; j < problem.rows.ends[i]; ++j) {
      problem.mean[static_cast<std::size_t>(problem.rows.columns[j])] += weights[i] * problem.rows.values[j];
    }
  }
  if (!(problem.weight > 0)) throw InputError("the weights of the training rows sum to 0");
  for (double& mean : problem.mean) mean /= problem.weight;
  return problem;
}

/// Row by row x_i b.
Vector times(const ListedRows& rows, const Vector& b) {
  Vector scores(rows.ends.size());
  for (std::size_t i = 0, j = 0; i < scores.size(); ++i) {
    for (; j < rows.ends[i]; ++j) scores[i] += rows.values[j] * b[static_cast<std::size_t>(rows.columns[j])];
  }
  return scores;
}

/// X_c' W e for centred columns; e is made to sum to 0 under the weights, so that the means fall away.
Vector moments(const Problem& problem, Vector e) {
  const double mean = dot(e, Vector(problem.weights.begin(), problem.weights.end())) / problem.weight;
  Vector sums(problem.mean.size());
  for (std::size_t i = 0, j = 0; i < e.size(); ++i) {
    const double weighted = problem.weights[i] * (e[i] - mean);
    for (; j < problem.rows.ends[i]; ++j) {
      sums[static_cast<std::size_t>(problem.rows.columns[j])] += problem.rows.values[j] * weighted;
    }
  }
  return sums;
}

/// Solves (X_c' W X_c + strength) b = right from the given b on.
void solve(const Problem& problem, const Vector& right, double strength, const FitControl& control, Vector& b) {
  const auto apply = [&](const Vector& v) {
    Vector out = moments(problem, times(problem.rows, v));
    for (std::size_t p = 0; p < v.size(); ++p) out[p] += strength * v[p];
    return out;
  };
  Vector residual = apply(b);
  for (std::size_t p = 0; p < b.size(); ++p) residual[p] = right[p] - residual[p];
  Vector direction = residual;
  double size = dot(residual, residual);
  const double enough = kTolerance * kTolerance * dot(right, right);
  for (int step = 0; step < kMostSteps && size > enough; ++step) {
    control.check_stop();
    const Vector image = apply(direction);
    const double along = size / dot(direction, image);
    for (std::size_t p = 0; p < b.size(); ++p) {
      b[p] += along * direction[p];
      residual[p] -= along * image[p];
    }
    const double next = dot(residual, residual);
    for (std::size_t p = 0; p < b.size(); ++p) direction[p] = residual[p] + next / size * direction[p];
    size = next;
  }
}

Vector column_of(std::span<const double> table, std::size_t width, std::size_t t) {
  Vector column;
  for (std::size_t i = t; i < table.size(); i += width) column.push_back(table[i]);
  return column;
}

struct Solution {
  std::vector<Vector> coefficients;  // [T] of [P]
  Vector intercept;                  // [T]
};

/// Row-major [rows, T].
Vector scores(const ListedRows& rows, const Solution& solution) {
  const std::size_t targets = solution.intercept.size();
  Vector out(rows.ends.size() * targets);
  for (std::size_t t = 0; t < targets; ++t) {
    const Vector each = times(rows, solution.coefficients[t]);
    for (std::size_t i = 0; i < each.size(); ++i) out[i * targets + t] = each[i] + solution.intercept[t];
  }
  return out;
}

double mean_squared_error(const Vector& predicted, const FitRows& rows) {
  const std::size_t targets = predicted.size() / rows.rows.size();
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const double error = predicted[i] - rows.targets[i];
    sum += rows.weights[i / targets] * error * error;
    weight += rows.weights[i / targets];
  }
  return sum / weight;
}

class PairRidge final : public Estimator {
 public:
  PairRidge(std::vector<double> strengths, std::int64_t min_rows)
      : strengths_(checked_strengths("ridge", std::move(strengths))), min_rows_(min_rows) {}

  void fit(const FitRows& train, const FitRows& validation, const FitControl& control) override {
    check_fit_rows("ridge", train, validation, strengths_.size());
    columns_ = PairColumns::seen_in(train.view, train.rows, min_rows_);
    const Problem problem = make_problem(columns_.list(train.view, train.rows), train.weights, columns_.count());
    const ListedRows judged = columns_.list(validation.view, validation.rows);
    const std::size_t targets = train.targets.size() / train.rows.size();
    Solution trial{std::vector<Vector>(targets, Vector(problem.mean.size())), Vector(targets)};
    mse_ = std::numeric_limits<double>::infinity();
    solution_ = {};
    std::int64_t done = 0;
    for (const double strength : strengths_) {  // descending: each starts from the stronger one's, of equals that stays
      control.progress(done++, static_cast<std::int64_t>(strengths_.size()));
      for (std::size_t t = 0; t < targets; ++t) {
        const Vector labels = column_of(train.targets, targets, t);
        solve(problem, moments(problem, labels), strength, control, trial.coefficients[t]);
        const double mean = dot(labels, Vector(train.weights.begin(), train.weights.end())) / problem.weight;
        trial.intercept[t] = mean - dot(problem.mean, trial.coefficients[t]);
      }
      const double mse = validation.rows.empty() ? 0 : mean_squared_error(scores(judged, trial), validation);
      if (!(mse < mse_)) continue;
      mse_ = mse;
      strength_ = strength;
      solution_ = trial;
    }
    validated_ = !validation.rows.empty();
    if (solution_.intercept.empty()) throw InputError("ridge: no strength gives a finite validation error");
  }

  [[nodiscard]] std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const override {
    SEQBENCH_ASSERT(!solution_.intercept.empty(), "fit or load_state comes before predict");
    return scores(columns_.list(view, rows), solution_);
  }

  [[nodiscard]] std::vector<NamedTensor> state() const override {
    const auto targets = static_cast<std::int64_t>(solution_.intercept.size());
    at::Tensor coefficients = at::zeros({columns_.count(), targets}, at::kDouble);
    for (std::int64_t t = 0; t < targets; ++t) {
      coefficients.select(1, t).copy_(tensor_from(solution_.coefficients[static_cast<std::size_t>(t)], 0, {columns_.count()}));
    }
    return {{"features", columns_.columns().features()},
            {"width", at::full({1}, columns_.columns().width(), at::kLong)},
            {"pairs", columns_.pairs()},
            {"coefficients", coefficients},
            {"intercept", tensor_from(solution_.intercept, 0, {targets})}};
  }

  void load_state(std::span<const NamedTensor> state) override {
    const std::vector<at::Tensor> taken = take_tensors("ridge", state, kState);
    const bool typed = taken[0].scalar_type() == at::kLong && taken[1].scalar_type() == at::kLong &&
                       taken[2].scalar_type() == at::kLong && taken[3].scalar_type() == at::kDouble &&
                       taken[4].scalar_type() == at::kDouble;
    const std::int64_t targets = taken[4].numel();
    if (!typed || taken[1].numel() != 1 || taken[2].dim() != 2 || taken[2].size(1) != 2 || taken[3].dim() != 2 ||
        taken[3].size(0) != taken[0].numel() + taken[2].size(0) || taken[3].size(1) != targets) {
      throw InputError("ridge: expected 'features' [P], 'width' [1] and 'pairs' [Q, 2] as int64, 'coefficients' [P + Q, T] and "
                       "'intercept' [T] as f64; got other types or shapes");
    }
    columns_ = PairColumns(Columns(taken[0].clone(), taken[1].item<std::int64_t>()), taken[2].clone());
    solution_ = {{}, to_vector(taken[4])};
    for (std::int64_t t = 0; t < targets; ++t) solution_.coefficients.push_back(to_vector(taken[3].select(1, t)));
  }

  [[nodiscard]] std::vector<Setting> chosen() const override {
    std::vector<Setting> facts = {{"strength", strength_}, {"pairs", columns_.pairs().size(0)}};
    if (validated_) facts.push_back({"validation_mse", mse_});
    return facts;
  }

 private:
  std::vector<double> strengths_;
  std::int64_t min_rows_;
  PairColumns columns_;
  Solution solution_;
  double strength_ = 0, mse_ = 0;
  bool validated_ = false;
};

}  // namespace
}  // namespace pairs

std::unique_ptr<Estimator> make_pair_ridge(std::vector<double> strengths, std::int64_t min_rows) {
  return std::make_unique<pairs::PairRidge>(std::move(strengths), min_rows);
}

}  // namespace seqbench::models::ridge
