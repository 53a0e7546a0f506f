#pragma once
// Private to the room: pairwise sums over rows, and the checks that every metric begins with.

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

/// Sum of term(i) for begin <= i < end: blocks of 128 left to right, pairwise above.
template <typename Term>
double sum_over(std::size_t begin, std::size_t end, const Term& term) {
  constexpr std::size_t kBlock = 128;
  const std::size_t n = end - begin;
  if (n <= kBlock) {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += term(i);
    return sum;
  }
  const std::size_t blocks = (n + kBlock - 1) / kBlock;
  const std::size_t middle = begin + blocks / 2 * kBlock;
  return sum_over(begin, middle, term) + sum_over(middle, end, term);
}

inline MetricValue undefined(const std::string& why) {
  return {std::numeric_limits<double>::quiet_NaN(), "nan: " + why};
}

/// The rows that a metric is computed over.
struct Rows {
  std::span<const double> truth, prediction, weights;

  [[nodiscard]] std::size_t size() const { return truth.size(); }
  [[nodiscard]] double weight(std::size_t i) const { return weights.empty() ? 1.0 : weights[i]; }
  [[nodiscard]] double total_weight() const {
    return weights.empty() ? static_cast<double>(size()) : pairwise_sum(weights);
  }
  /// Sum of weight(i) * term(i).
  template <typename Term>
  [[nodiscard]] double weighted_sum(const Term& term) const {
    if (weights.empty()) return sum_over(0, size(), term);
    return sum_over(0, size(), [&](std::size_t i) { return weights[i] * term(i); });
  }
};

/// Why no metric is defined on these rows, if so. Sizes that differ are an assertion.
[[nodiscard]] std::optional<MetricValue> fault_of(const Rows& rows);
/// The same for classification; `probabilities`: predictions must lie in [0, 1].
[[nodiscard]] std::optional<MetricValue> fault_of_classes(const Rows& rows, bool probabilities);
/// All values of rows with weight above 0 are equal.
[[nodiscard]] bool is_constant(std::span<const double> values, std::span<const double> weights);
/// The value, or a note where arithmetic overflowed on the way.
[[nodiscard]] MetricValue defined(double value);

/// What a metric that is a mean over rows averages (rmse: before its root), by the metric's name; null for others.
using RowScore = double (*)(double truth, double prediction);
[[nodiscard]] RowScore row_score(std::string_view metric);
[[nodiscard]] RowScore regression_score(std::string_view metric);  // mse, rmse, mae
[[nodiscard]] RowScore class_score(std::string_view metric);       // accuracy, log_loss
/// Weighted mean of a score, no checks.
[[nodiscard]] double mean_score(const Rows& rows, RowScore score);

/// Deviations of a column from its weighted mean, divided by the largest: squares neither underflow nor overflow,
/// and an offset common to all rows is gone before anything is squared.
struct Centred {
  std::vector<double> values;
  double scale = 0;
  Centred(const Rows& rows, std::span<const double> column);
};

using Compute = MetricValue(std::span<const double>, std::span<const double>, std::span<const double>);
Compute mse, rmse, mae, r2, pearson, kendall;
Compute accuracy, f1, mcc, log_loss, calibration_error;
Compute auroc, auprc, spearman_as_is, spearman_break_random;

}  // namespace seqbench::analyze
