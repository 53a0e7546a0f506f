#pragma once
// Intervals of a metric over trials of one configuration.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

struct Summary {
  double mean = 0;
  double sd = 0;        // over trials, n-1; NaN for one trial
  double low = 0, high = 0;  // 95 %
  std::int64_t trials = 0;
  std::string method;   // "test rows", "seeds x test rows", "corrected resampled t over folds", "none: why"
};

/// Fixed split: percentile bootstrap, 1,000 resamples by the stream `bootstrap` (step = resample), of test rows
/// (one trial) or of trials and test rows together (several seeds, two levels). `predictions[s]` belongs to
/// trial s, all over the same `truth`.
[[nodiscard]] Summary fixed_split(const MetricInfo& metric, std::span<const double> truth,
                                  std::span<const std::vector<double>> predictions, int resamples = 1000);
/// K folds: mean of fold values, interval by the corrected resampled t (Nadeau-Bengio) with ratio = n_test / n_train.
[[nodiscard]] Summary over_folds(std::span<const double> fold_values, double ratio);

/// The constant that scores best on these rows: a diagnostic, no model may use it. Squared error: the mean.
[[nodiscard]] double best_constant(const MetricInfo& metric, std::span<const double> truth);
[[nodiscard]] double variance(std::span<const double> values);  // population

}  // namespace seqbench::analyze
