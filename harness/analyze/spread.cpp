#include "harness/analyze/spread.h"

#include <algorithm>
#include <cmath>
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

struct Risk {
  double half = 0, mean = 0;
};

/// The error of the first k rows by deviation, at half and on the mean over k; a tie's rows all have the tie's end.
Risk selective_risk(std::span<const double> error, std::span<const double> sd) {
  std::vector<std::size_t> order(sd.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sd[i]; });
  Risk risk;
  double sum = 0;
  bool at_half = false;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && sd[order[end]] == sd[order[begin]]) sum += error[order[end++]];
    const double so_far = sum / static_cast<double>(end);
    risk.mean += so_far * static_cast<double>(end - begin) / static_cast<double>(order.size());
    if (!at_half && 2 * end >= order.size()) {
      risk.half = so_far;
      at_half = true;
    }
    begin = end;
  }
  return risk;
}

}  // namespace

std::vector<SpreadScore> spread_scores(std::span<const double> truth, std::span<const double> prediction, std::span<const double> sd) {
  SEQBENCH_ASSERT(truth.size() == prediction.size() && truth.size() == sd.size(), "a truth and a deviation a prediction");
  if (truth.empty()) return {};
  const auto n = static_cast<double>(truth.size());
  const auto z = [&](std::size_t i) { return (truth[i] - prediction[i]) / sd[i]; };
  const auto mean = [&](const auto& term) { return sum_over(0, truth.size(), term) / n; };
  std::vector<double> error(truth.size());
  for (std::size_t i = 0; i < error.size(); ++i) error[i] = (truth[i] - prediction[i]) * (truth[i] - prediction[i]);
  const Risk risk = selective_risk(error, sd);
  return {{"coverage_50", mean([&](std::size_t i) { return std::abs(z(i)) <= kHalf50 ? 1.0 : 0.0; }), true},
          {"coverage_90", mean([&](std::size_t i) { return std::abs(z(i)) <= kHalf90 ? 1.0 : 0.0; }), true},
          {"crps", mean([&](std::size_t i) { return sd[i] * crps(z(i)); })},
          {"gaussian_nll", mean([&](std::size_t i) {
             return 0.5 * z(i) * z(i) + std::log(sd[i]) + 0.5 * std::log(2 * std::numbers::pi);
           })},
          {"interval_90", mean([&](std::size_t i) { return 2 * kHalf90 * sd[i]; })},
          {"risk_coverage", risk.mean},
          {"risk_half", risk.half}};
}

}  // namespace seqbench::analyze
