#include "reports/curve_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr double kLevel = 0.05;
constexpr int kTrain = 0, kValidation = 1, kTest = 2;  // codes of the store's parts

/// Of one trial, a value an epoch.
struct Curve {
  std::vector<double> epochs, values;

  [[nodiscard]] std::size_t lowest() const { return static_cast<std::size_t>(std::ranges::min_element(values) - values.begin()); }
};

/// The loss, or with `part` test whichever metric was followed there. Not finite: no curve.
Curve curve_of(const std::vector<store::CurvePoint>& points, int part) {
  Curve curve;
  for (const store::CurvePoint& point : points) {
    if (point.split != part || (part != kTest && point.name != "loss") || !std::isfinite(point.value)) continue;
    curve.epochs.push_back(point.epoch);
    curve.values.push_back(point.value);
  }
  return curve;
}

/// Of one row on one input.
using TrialCurves = std::map<std::int64_t, std::vector<store::CurvePoint>>;  // by seed

/// Seeds for which it holds, and for which the opposite does.
struct Tally {
  std::int64_t holds = 0, fails = 0, seen = 0;
  std::vector<std::string> words = {};

  void count(double left_less_right) {
    ++seen;
    holds += left_less_right < 0;
    fails += left_less_right > 0;
  }
};

/// P(at least k heads in n throws).
double heads(std::int64_t k, std::int64_t n) {
  double sum = 0, ways = 1;  // ways: n over i
  for (std::int64_t i = 0; i <= n; ++i) {
    if (i >= k) sum += ways;
    ways *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return sum / std::exp2(static_cast<double>(n));
}

/// 1: rises, -1: falls, 0: neither can be told.
int trend(const Curve& curve) {
  if (curve.values.size() < 2) return 0;
  std::vector<int> levels(curve.values.size());
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<int>(i);
  const analyze::ClaimResult rising = analyze::claim_trend(levels, curve.values);
  return rising.support == analyze::Support::kSupported ? 1 : rising.support == analyze::Support::kContradicted ? -1 : 0;
}

/// NaN where a loss is not above 0, or fewer than three epochs are stored.
double roughness(const Curve& curve) {
  double sum = 0;
  for (std::size_t i = 2; i < curve.values.size(); ++i) {
    sum += std::abs(std::log(curve.values[i]) - 2 * std::log(curve.values[i - 1]) + std::log(curve.values[i - 2]));
  }
  return curve.values.size() < 3 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(curve.values.size() - 2);
}

std::string range_text(std::vector<double> values) {
  std::ranges::sort(values);
  return values.front() == values.back() ? four_digits(values.front())
                                         : fmt::format("{} to {}", four_digits(values.front()), four_digits(values.back()));
}

Tally lowest_first(const TrialCurves& trials) {
  Tally tally;
  std::vector<double> test_epochs, validation_epochs, losses;
  for (const auto& [seed, points] : trials) {
    const Curve train = curve_of(points, kTrain), validation = curve_of(points, kValidation), test = curve_of(points, kTest);
    if (test.values.empty() || validation.values.empty()) continue;
    test_epochs.push_back(test.epochs[test.lowest()]);
    validation_epochs.push_back(validation.epochs[validation.lowest()]);
    const auto at = std::ranges::find(train.epochs, test_epochs.back());
    if (at != train.epochs.end()) losses.push_back(train.values[static_cast<std::size_t>(at - train.epochs.begin())]);
    tally.count(test_epochs.back() - validation_epochs.back());
  }
  if (test_epochs.empty()) return tally;
  tally.words.push_back(fmt::format("lowest on test after epoch {}, on validation after {}", range_text(test_epochs), range_text(validation_epochs)));
  if (!losses.empty()) tally.words.push_back("training loss there " + range_text(losses));
  return tally;
}

Tally falls(const TrialCurves& trials) {
  Tally tally;
  for (const auto& [seed, points] : trials) {
    const int train = trend(curve_of(points, kTrain)), validation = trend(curve_of(points, kValidation));
    tally.count(train > 0 || validation > 0 ? 1 : train < 0 && validation < 0 ? -1 : 0);
  }
  return tally;
}

Tally steadier(const TrialCurves& left, const TrialCurves& right) {
  Tally tally;
  std::vector<double> of_left, of_right;
  for (const auto& [seed, points] : left) {
    const auto other = right.find(seed);
    if (other == right.end()) continue;
    const double a = roughness(curve_of(points, kValidation)), b = roughness(curve_of(other->second, kValidation));
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    of_left.push_back(a);
    of_right.push_back(b);
    tally.count(a - b);
  }
  if (!of_left.empty()) tally.words.push_back(fmt::format("bends of {} against {}", range_text(of_left), range_text(of_right)));
  return tally;
}

TrialCurves trials_of(const std::vector<std::string>& globs, const Measurements& measured, const std::string& input) {
  TrialCurves trials;
  for (const std::string& glob : globs) {
    for (const Row* row : measured.labelled(glob, input)) trials.merge(measured.curves(*row));
  }
  return trials;
}

}  // namespace

CurveClaim judge_curves(const store::Claim& claim, const Measurements& measured, const std::string& input) {
  const TrialCurves left = trials_of(claim.left, measured, input);
  const std::string& rule = claim.columns.front();
  const Tally tally = rule == "falls"      ? falls(left)
                      : rule == "steadier" ? steadier(left, trials_of(claim.right, measured, input))
                                           : lowest_first(left);
  CurveClaim out{.result = {}, .measured = static_cast<std::size_t>(tally.seen)};
  const std::int64_t n = tally.holds + tally.fails;
  out.result.p_against = n == 0 ? 1 : heads(tally.fails, n);
  if (n > 0 && heads(tally.holds, n) <= kLevel) out.result.support = analyze::Support::kSupported;
  else if (n > 0 && out.result.p_against <= kLevel) out.result.support = analyze::Support::kContradicted;
  out.result.reason = fmt::format("holds for {} of {} seeds", tally.holds, tally.seen);
  for (const std::string& words : tally.words) out.result.reason += "; " + words;
  if (tally.seen < 5) out.result.reason += "; fewer than 5 seeds cannot decide";
  return out;
}

}  // namespace seqbench::reports
