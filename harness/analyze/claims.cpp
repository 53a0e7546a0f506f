#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/analyze/forensics.h"
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

ClaimResult claim_trend(std::span<const int> levels, std::span<const double> means) {
  SEQBENCH_ASSERT(means.size() >= 2 && levels.size() == means.size(), "a trend is of two or more");
  if (std::ranges::any_of(means, [](double m) { return std::isnan(m); })) {
    return {Support::kUndecided, 1, "a mean is undefined"};
  }
  const Trend up = trend_of(levels, means);
  if (std::isnan(up.tau)) return {Support::kUndecided, 1, "all levels or all means are equal"};
  std::vector<double> turned(means.begin(), means.end());
  for (double& m : turned) m = -m;
  const double p = std::min(1.0, 2 * std::min(up.p, trend_of(levels, turned).p));
  ClaimResult result{.p_against = up.tau < 0 ? p : 1};
  if (p <= kLevel) result.support = up.tau > 0 ? Support::kSupported : Support::kContradicted;
  result.reason = fmt::format("Kendall's tau {:.3g} of {} means, p {:.3g}", up.tau, means.size(), p);
  if (means.size() < 5) result.reason += "; fewer than 5 means cannot decide";
  return result;
}

}  // namespace seqbench::analyze
