#pragma once
// Metrics, in double, after sorting by the caller: rows come in the order of sorted example ids, sums are
// pairwise with fixed blocks, so batch order and threads never reach a metric. Equal to scikit-learn and scipy
// to 1e-9, except where an undefined value is documented here.

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

/// mse rmse mae r2 pearson spearman spearman_break_random accuracy f1 mcc auroc auprc log_loss; sorted by name.
[[nodiscard]] std::span<const MetricInfo> metrics_table();
/// InputError naming the nearest.
[[nodiscard]] const MetricInfo& metric(std::string_view name);

/// Ties of predictions and truth keep midranks (as_is), or ties among predictions are broken by a fixed Philox
/// stream keyed by `seed` (break_random; truth keeps midranks): tied predictions then earn nothing.
enum class Ties { kAsIs, kBreakRandom };
[[nodiscard]] MetricValue spearman(std::span<const double> truth, std::span<const double> prediction,
                                   std::span<const double> weights, Ties ties, std::uint64_t seed = 0);

/// Sum with fixed blocks of 128, pairwise above.
[[nodiscard]] double pairwise_sum(std::span<const double> values);
/// Midranks from 1, [n].
[[nodiscard]] std::vector<double> midranks(std::span<const double> values);

}  // namespace seqbench::analyze
