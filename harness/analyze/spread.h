#pragma once
// What standard deviations beside predictions are worth: each row's truth is taken as normal around its prediction.

#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace seqbench::analyze {

/// Names of the scores, as tables order them.
inline constexpr std::array<std::string_view, 7> kSpreadScores = {"coverage_50",  "coverage_90", "interval_90", "gaussian_nll",
                                                                  "crps", "risk_half", "risk_coverage"};

struct SpreadScore {
  std::string_view name;
  double value = 0;
  bool higher_is_better = false;
};

/// coverage_50, coverage_90: share of rows within the central interval of that probability; interval_90: its mean width;
/// gaussian_nll: mean negative log-likelihood in nats; crps: continuous ranked probability score (Gneiting and Raftery 2007,
/// section 4.2), in the target's unit; risk_half: mean squared error of the half of the rows with the smallest deviations;
/// risk_coverage: the mean of that error over all shares, the area under the risk-coverage curve (Geifman and El-Yaniv 2017).
/// Rows of equal deviations are taken together. Empty without rows. Deviations are above 0 and finite.
[[nodiscard]] std::vector<SpreadScore> spread_scores(std::span<const double> truth, std::span<const double> prediction,
                                                     std::span<const double> sd);
/// What `disagreement` is called in records and curves.
inline constexpr std::string_view kDisagreement = "disagreement";
/// Mean variance between members over the variance of predictions: scale-free, so that members which all say the same of every
/// row do not count as agreed. NaN where predictions do not vary.
[[nodiscard]] double disagreement(std::span<const double> prediction, std::span<const double> member_variance);
/// Selective risk: at [k - 1] the mean squared error of the k rows with the smallest deviations; rows of equal deviations
/// are taken together, so each has the error at the end of its tie.
[[nodiscard]] std::vector<double> risks_by_deviation(std::span<const double> truth, std::span<const double> prediction,
                                                     std::span<const double> sd);

}  // namespace seqbench::analyze
