#include "harness/analyze/spread.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "harness/analyze/sums.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

constexpr double kHalf50 = 0.67448975019608171, kHalf90 = 1.6448536269514722;  // standard normal quantiles of 0.75 and 0.95

double crps(double z) {
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
  return z * std::erf(z / std::numbers::sqrt2) + 2 * density - 1 / std::sqrt(std::numbers::pi);
}

}  // namespace

double disagreement(std::span<const double> prediction, std::span<const double> member_variance) {
  const auto n = static_cast<double>(prediction.size());
  double mean = 0, variance = 0, between = 0;
  for (const double value : prediction) mean += value / n;
  for (const double value : prediction) variance += (value - mean) * (value - mean) / n;
  for (const double value : member_variance) between += value / n;
  return variance > 0 ? between / variance : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> risks_by_deviation(std::span<const double> truth, std::span<const double> prediction, std::span<const double> sd) {
  SEQBENCH_ASSERT(truth.size() == prediction.size() && truth.size() == sd.size(), "a truth and a deviation a prediction");
  std::vector<std::size_t> order(sd.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sd[i]; });
  std::vector<double> risks(order.size());
  double sum = 0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    for (; end < order.size() && sd[order[end]] == sd[order[begin]]; ++end) {
      const double error = truth[order[end]] - prediction[order[end]];
      sum += error * error;
    }
    std::fill(risks.begin() + static_cast<std::ptrdiff_t>(begin), risks.begin() + static_cast<std::ptrdiff_t>(end),
              sum / static_cast<double>(end));
  }
  return risks;
}

std::vector<SpreadScore> spread_scores(std::span<const double> truth, std::span<const double> prediction, std::span<const double> sd) {
  SEQBENCH_ASSERT(truth.size() == prediction.size() && truth.size() == sd.size(), "a truth and a deviation a prediction");
  if (truth.empty()) return {};
  const auto n = static_cast<double>(truth.size());
  const auto z = [&](std::size_t i) { return (truth[i] - prediction[i]) / sd[i]; };
  const auto mean = [&](const auto& term) { return sum_over(0, truth.size(), term) / n; };
  const std::vector<double> risks = risks_by_deviation(truth, prediction, sd);
  return {{"coverage_50", mean([&](std::size_t i) { return std::abs(z(i)) <= kHalf50 ? 1.0 : 0.0; }), true},
          {"coverage_90", mean([&](std::size_t i) { return std::abs(z(i)) <= kHalf90 ? 1.0 : 0.0; }), true},
          {"crps", mean([&](std::size_t i) { return sd[i] * crps(z(i)); })},
          {"gaussian_nll", mean([&](std::size_t i) {
             return 0.5 * z(i) * z(i) + std::log(sd[i]) + 0.5 * std::log(2 * std::numbers::pi);
           })},
          {"interval_90", mean([&](std::size_t i) { return 2 * kHalf90 * sd[i]; })},
          {"risk_coverage", mean([&](std::size_t i) { return risks[i]; })},
          {"risk_half", risks[(risks.size() - 1) / 2]}};
}

}  // namespace seqbench::analyze
