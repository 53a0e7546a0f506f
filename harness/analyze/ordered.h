#pragma once
// Private to the room: metrics of the order of rows, split so that sorting is done once and the rest, linear in
// rows, again for each set of weights.

#include <cstdint>
#include <span>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

/// Rows by ascending value; groups of ties.
struct Ordered {
  std::vector<std::uint32_t> rows;        // [n]
  std::vector<std::uint32_t> group_ends;  // index into `rows` one past each group, ascending
};

[[nodiscard]] Ordered order_of(std::span<const double> values);
/// Every row its own group: ties are put in the order of the stream `permutation` of `seed`.
[[nodiscard]] Ordered order_with_broken_ties(std::span<const double> values, std::uint64_t seed);

/// Midranks of the sample in which each row stands weights[row] times, centred and doubled (whole numbers when
/// weights are, so that sums are exact up to about 2 * 10^5 rows), times the weight.
struct WeightedRanks {
  std::vector<double> weighted;  // [n], weight * rank
  double squares = 0;            // sum of weight * rank * rank; 0 when all are tied
  double total = 0;              // sum of weights
};
void rank_into(WeightedRanks& ranks, const Ordered& order, std::span<const double> weights);

/// Values finite, weights good and not all 0: the callers have looked.
[[nodiscard]] MetricValue spearman_of(const WeightedRanks& truth, const Ordered& prediction,
                                      std::span<const double> weights);
/// Kendall's tau-b; neither column constant among rows of weight above 0.
[[nodiscard]] MetricValue kendall_of(const Ordered& truth, const Ordered& prediction, std::span<const double> weights);
[[nodiscard]] MetricValue auroc_of(const Ordered& prediction, std::span<const double> truth,
                                   std::span<const double> weights);
[[nodiscard]] MetricValue auprc_of(const Ordered& prediction, std::span<const double> truth,
                                   std::span<const double> weights);

}  // namespace seqbench::analyze
