#pragma once
// Metrics, in double, after sorting by the caller: rows come in the order of sorted example ids, sums are
// pairwise with fixed blocks, so batch order and threads never reach a metric. Equal to scikit-learn 1.9 and
// scipy 1.17 to 1e-9, with `weights` as sample_weight, except for what follows.
//
// NaN with a note, for every metric: no rows (or all weights 0), a truth or prediction that is not finite (also
// in rows of weight 0), a weight that is negative or not finite. Besides:
//   r2                  truth is constant (scikit-learn: 1 or 0), which includes a single row
//   pearson, spearman, kendall   truth or prediction is constant, which includes a single row (scipy: NaN, or refused)
//   classification      truth other than 0 and 1; accuracy, f1, mcc, log_loss,
//                       calibration_error: a prediction outside [0, 1]
//   f1                  no positive in truth and none predicted (scikit-learn: 0)
//   auroc               one class (scikit-learn: NaN)
//   auprc               no positive (scikit-learn: 0)
// Defined although degenerate: mcc is 0 when truth or predicted class is constant (as scikit-learn); log_loss
// needs no two classes. A probability of 0.5 or more is class 1. auprc is average precision. log_loss clips
// probabilities to [1e-15, 1 - 1e-15]. Weighted rank correlations: Pearson's over midranks of the sample in which
// each row stands `weight` times; fractional weights continue that formula. kendall is tau-b, where a pair of rows
// weighs the product of its weights (a row repeated is tied with itself, which changes nothing).
// calibration_error (Guo et al. 2017; 15 bins, numpy reference in tests/golden/metrics): sum over bins of
// |sum of weight * (truth - probability)| / all weight; bin = floor(15 p), closed below, open above, so that 0 is in the
// first; p = 1 is in the last.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::analyze {

/// NaN with a note where a metric is undefined (one class, a constant, no rows, a NaN input).
struct MetricValue {
  double value = 0;
  std::string note;  // "" when defined; else "nan: why"
};

struct MetricInfo {
  std::string_view name;
  std::string_view help;
  bool higher_is_better;
  bool classification;       // truth is 0 or 1, prediction a probability
  bool has_ceiling;          // E[y|x] scores best in expectation
  int version;
  /// `weights` empty = 1 each; else multiplicities or weights >= 0 (bootstrap resamples are integer weights).
  MetricValue (*compute)(std::span<const double> truth, std::span<const double> prediction,
                         std::span<const double> weights);
};

/// mse rmse mae r2 pearson kendall spearman spearman_break_random accuracy f1 mcc auroc auprc log_loss
/// calibration_error; sorted by name.
[[nodiscard]] std::span<const MetricInfo> metrics_table();
/// InputError naming the nearest.
[[nodiscard]] const MetricInfo& metric(std::string_view name);

/// Ties of predictions and truth keep midranks (as_is), or ties among predictions are broken by the stream
/// `permutation` of `seed` (break_random; truth keeps midranks): tied predictions then earn nothing. A constant
/// prediction is thus a random order of the rows: a defined value, 0 in expectation over seeds. Without ties
/// among predictions both agree. A row of weight above 1 stays tied with itself.
enum class Ties { kAsIs, kBreakRandom };
[[nodiscard]] MetricValue spearman(std::span<const double> truth, std::span<const double> prediction,
                                   std::span<const double> weights, Ties ties, std::uint64_t seed = 0);

/// Sum with fixed blocks of 128, pairwise above.
[[nodiscard]] double pairwise_sum(std::span<const double> values);
/// Midranks from 1, [n].
[[nodiscard]] std::vector<double> midranks(std::span<const double> values);

}  // namespace seqbench::analyze
