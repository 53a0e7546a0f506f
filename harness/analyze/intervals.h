#pragma once
// Intervals of a metric over trials of one configuration, and constants to hold it against. Which is used for which
// design, and how often each covers in simulations: docs/statistics.md.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

struct Summary {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  double mean = 0;
  double sd = 0;        // over trials, n-1; NaN for one trial
  double low = 0, high = 0;  // 95 %; NaN when there is none
  std::int64_t trials = 0;
  std::string method;   // "test rows (BCa, 10000 resamples)", "seeds x test rows (...)",
                        // "corrected resampled t over folds", "Wilson over test rows", "none: why"
  double se = kNone;       // standard error of the mean over the design
  double degrees = kNone;  // Satterthwaite's of se^2; folds: n - 1; infinite for Wilson
  double low90 = kNone, high90 = kNone;  // 90 % by the same method
  /// Standard deviation of one more run: between trials, and test sampling where predictions show it. NaN for one
  /// trial, which shows nothing of the spread between runs.
  double run_sd = kNone;
};

/// Mean and standard deviation, no interval; `why` completes the method "none: ".
[[nodiscard]] Summary without_interval(std::span<const double> trial_values, const std::string& why);

/// What resampling may know besides rows.
struct Resampling {
  int resamples = 0;                        // 0: resamples_for(rows, trials)
  std::span<const std::int64_t> groups = {};  // [n] group of each row, drawn as wholes (genomes, plates); empty: rows
};
/// 10,000 where rows x trials are at most 2,000, then fewer in proportion, from 20,000 on 1,000.
[[nodiscard]] int resamples_for(std::size_t rows, std::size_t trials);

/// Fixed split: BCa bootstrap by the stream `bootstrap` of seed 0 of test rows (one trial) or of trials and test rows
/// together (two levels: the same rows for all trials of a resample; the statistic is the mean over the trials drawn).
/// `predictions[s]` belongs to trial s, all over the same `truth`. auroc draws within classes unless groups are given.
/// Each end's distance from the mean is then scaled by t / z and by the ratio of standard error to bootstrap deviation
/// that variance components show (few trials: a bootstrap alone is too short; few rows: a little), and kept inside the
/// metric's range. One trial: the interval is about this trained model; several: about the training procedure.
/// No interval: fewer than 2 rows or groups, an undefined metric, more than 1 % undefined resamples, all resamples equal
/// or on one side of the mean. Accuracy with fewer than 10 rows right or wrong in one trial, or fewer than 3 in
/// several together: Wilson's interval over the rows, as if further trials told nothing new.
[[nodiscard]] Summary fixed_split(const MetricInfo& metric, std::span<const double> truth,
                                  std::span<const std::vector<double>> predictions, const Resampling& how = {});
/// The same for several metrics, which share the resamples; in the order of `metrics`.
[[nodiscard]] std::vector<Summary> fixed_split(std::span<const MetricInfo* const> metrics,
                                               std::span<const double> truth,
                                               std::span<const std::vector<double>> predictions,
                                               const Resampling& how = {});
/// Mean of a's metric minus b's, both over the same truth and the same resampled rows; trials of a and b are drawn
/// apart (a seed's number means nothing to another model) and may differ in number. sd: NaN; trials: the fewer.
[[nodiscard]] Summary paired_difference(const MetricInfo& metric, std::span<const double> truth,
                                        std::span<const std::vector<double>> a,
                                        std::span<const std::vector<double>> b, const Resampling& how = {});
/// Welch's difference of two means that share no rows; the weaker test, and the method says so.
[[nodiscard]] Summary unpaired_difference(const Summary& a, const Summary& b);

/// K folds: mean of fold values, interval by the corrected resampled t (Nadeau and Bengio 2003):
/// mean -+ t(0.975, n - 1) sqrt((1/n + ratio) s^2), ratio = n_test / n_train. ratio = 0: values
/// that share nothing (seeds whose predictions are not stored), the plain t.
[[nodiscard]] Summary over_folds(std::span<const double> fold_values, double ratio);

struct Interval {
  double low = 0, high = 0;
};
/// Wilson's score interval of a share of `n` rows, 1 <= n; `tail` on each side.
[[nodiscard]] Interval wilson(double share, double n, double tail = 0.025);

/// The constant that scores best on these rows: a diagnostic, no model may use it. Squared error, r2, log_loss:
/// the mean; mae: the median; accuracy: the commoner class; f1: 1. auroc, auprc, mcc: every constant scores the
/// same, the mean is given. NaN for correlations, which no constant has, and for no rows.
[[nodiscard]] double best_constant(const MetricInfo& metric, std::span<const double> truth);
/// Population variance, centred first; NaN for no values.
[[nodiscard]] double variance(std::span<const double> values);

}  // namespace seqbench::analyze
