#pragma once
// Ranks with what chance leaves of them (HARNESS 10.3).

#include <span>
#include <vector>

#include "harness/analyze/intervals.h"

namespace seqbench::analyze {

/// 2.5 and 97.5 % of a model's ranks over resamples; 1 is best, equal values share midranks.
struct RankInterval {
  double low = 0, high = 0;
  /// Its rank interval overlaps the leader's, and the 95 % interval of the paired difference contains 0. The leader (the
  /// best mean; of equal ones the first) ties with itself.
  bool ties_with_leader = false;
};

/// Joint bootstrap: each resample draws the same rows for all models, and each model's own trials. predictions[m][s]
/// belongs to model m, trial s, all over the same truth; resamples 0: resamples_for. A model whose metric is undefined
/// ranks last, with the others so, and never ties. Resamples in which a defined model is undefined are left out.
[[nodiscard]] std::vector<RankInterval> rank_intervals(const MetricInfo& metric, std::span<const double> truth,
                                                       std::span<const std::vector<std::vector<double>>> predictions,
                                                       int resamples = 0);
/// The same from scores alone: scores[m][k] of model m in place k (fold, or seed), places equal for all models, drawn
/// together. Differences by the corrected resampled t with `ratio` = n_test / n_train (0: independent places, plain t).
[[nodiscard]] std::vector<RankInterval> rank_intervals(bool higher_is_better,
                                                       std::span<const std::vector<double>> scores, double ratio,
                                                       int resamples = 10000);

}  // namespace seqbench::analyze
