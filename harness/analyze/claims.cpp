#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/analyze/verdicts.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

constexpr double kLevel = 0.05;

}  // namespace

std::string_view to_string(Support support) {
  switch (support) {
    case Support::kSupported: return "supported";
    case Support::kContradicted: return "contradicted";
    case Support::kUndecided: return "undecided";
  }
  SEQBENCH_ASSERT(false, "a support has a word");
}

ClaimResult claim_greater(const Summary& difference, double margin) {
  SEQBENCH_ASSERT(margin >= 0, "a margin is a width");
  if (std::isnan(difference.low90) || !(difference.se > 0)) {
    return {Support::kUndecided, 1, "no interval of the difference (" + difference.method + ")"};
  }
  const double beyond = -margin - difference.mean, half = difference.high90 - difference.mean;
  const double t = student_quantile(1 - kLevel, difference.degrees) * beyond / half;
  ClaimResult result{.p_against = half > 0 ? student_tail(t, difference.degrees) : 1};
  const std::string what = fmt::format("difference {:.4g}, 90 % interval [{:.4g}, {:.4g}]", difference.mean,
                                       difference.low90, difference.high90);
  if (difference.low90 > -margin) {
    result.support = Support::kSupported;
  } else if (difference.high90 < -margin) {
    result.support = Support::kContradicted;
  }
  result.reason = margin > 0 ? fmt::format("{}, margin {:.3g}", what, margin) : what;
  return result;
}

ClaimResult claim_order(std::span<const Summary> differences, double margin) {
  SEQBENCH_ASSERT(!differences.empty(), "an order is of two or more");
  ClaimResult result{Support::kSupported, 1, ""};
  int supported = 0;
  for (const Summary& difference : differences) {
    const ClaimResult pair = claim_greater(difference, margin);
    result.p_against = std::min(result.p_against, pair.p_against);
    supported += pair.support == Support::kSupported;
  }
  const auto pairs = static_cast<int>(differences.size());
  result.p_against = std::min(1.0, result.p_against * pairs);
  if (supported < pairs) result.support = result.p_against < kLevel ? Support::kContradicted : Support::kUndecided;
  result.reason = fmt::format("{} of {} pairs supported", supported, pairs);
  return result;
}

double kendall_exact_p(int n, int score) {
  SEQBENCH_ASSERT(n >= 2 && n <= 1000, "an order is of two or more");
  std::vector<double> inversions = {1};  // share of orders of the first i with so many inversions
  for (int i = 2; i <= n; ++i) {
    std::vector<double> next(inversions.size() + static_cast<std::size_t>(i) - 1, 0.0);
    for (std::size_t k = 0; k < inversions.size(); ++k) {
      for (int place = 0; place < i; ++place) next[k + static_cast<std::size_t>(place)] += inversions[k] / i;
    }
    inversions = std::move(next);
  }
  const auto most = static_cast<int>(inversions.size()) - 1;
  double p = 0;
  for (int k = 0; k <= most; ++k) {
    if (std::abs(most - 2 * k) >= std::abs(score)) p += inversions[static_cast<std::size_t>(k)];
  }
  return std::min(1.0, p);
}

ClaimResult claim_trend(std::span<const double> means) {
  SEQBENCH_ASSERT(means.size() >= 2, "a trend is of two or more");
  const auto n = static_cast<int>(means.size());
  int score = 0;
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (std::isnan(means[i])) return {Support::kUndecided, 1, "a mean is undefined"};
    for (std::size_t j = i + 1; j < means.size(); ++j) score += (means[j] > means[i]) - (means[j] < means[i]);
  }
  const double p = kendall_exact_p(n, score);
  ClaimResult result{.p_against = score < 0 ? p : 1};
  if (p <= kLevel) result.support = score > 0 ? Support::kSupported : Support::kContradicted;
  result.reason = fmt::format("Kendall's tau {:.3g} of {} means, exact p {:.3g}", 2.0 * score / (n * (n - 1.0)), n, p);
  if (n < 5) result.reason += "; fewer than 5 means cannot decide";
  return result;
}

}  // namespace seqbench::analyze
