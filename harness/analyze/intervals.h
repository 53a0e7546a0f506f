#pragma once
// Intervals of a metric over trials of one configuration, and constants to hold it against.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

struct Summary {
  double mean = 0;
  double sd = 0;        // over trials, n-1; NaN for one trial
  double low = 0, high = 0;  // 95 %; NaN when there is none
  std::int64_t trials = 0;
  std::string method;   // "test rows", "seeds x test rows", "corrected resampled t over folds", "none: why"
};

/// Mean and standard deviation, no interval; `why` completes the method "none: ".
[[nodiscard]] Summary without_interval(std::span<const double> trial_values, const std::string& why);

/// Fixed split: percentile bootstrap, 1,000 resamples by the stream `bootstrap` of seed 0 (step = resample), of
/// test rows (item 1; one trial) or of trials (item 0) and test rows together (several seeds, two levels: the same
/// rows for all trials of a resample; the statistic is the mean over the trials drawn). `predictions[s]` belongs to
/// trial s, all over the same `truth`. Ends are quantiles at 2.5 % and 97.5 % with linear interpolation.
/// No interval: fewer than 2 rows, an undefined metric, more than 1 % undefined resamples, all resamples equal.
/// Accuracy at exactly 0 or 1 in all trials, where resampling shows nothing: Wilson's interval over the rows.
[[nodiscard]] Summary fixed_split(const MetricInfo& metric, std::span<const double> truth,
                                  std::span<const std::vector<double>> predictions, int resamples = 1000);
/// The same for several metrics, which share the resamples; in the order of `metrics`.
[[nodiscard]] std::vector<Summary> fixed_split(std::span<const MetricInfo* const> metrics,
                                               std::span<const double> truth,
                                               std::span<const std::vector<double>> predictions,
                                               int resamples = 1000);
/// K folds: mean of fold values, interval by the corrected resampled t (Nadeau and Bengio 2003):
/// mean -+ t(0.975, n - 1) sqrt((1/n + ratio) s^2), ratio = n_test / n_train.
[[nodiscard]] Summary over_folds(std::span<const double> fold_values, double ratio);

struct Interval {
  double low = 0, high = 0;
};
/// Wilson's 95 % score interval of a share of `n` rows, 1 <= n.
[[nodiscard]] Interval wilson(double share, double n);

/// The constant that scores best on these rows: a diagnostic, no model may use it. Squared error, r2, log_loss:
/// the mean; mae: the median; accuracy: the commoner class; f1: 1. auroc, auprc, mcc: every constant scores the
/// same, the mean is given. NaN for correlations, which no constant has, and for no rows.
[[nodiscard]] double best_constant(const MetricInfo& metric, std::span<const double> truth);
/// Population variance, centred first; NaN for no values.
[[nodiscard]] double variance(std::span<const double> values);

}  // namespace seqbench::analyze
