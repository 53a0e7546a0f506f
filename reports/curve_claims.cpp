#include "reports/curve_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr double kLevel = 0.05;
constexpr double kHigh = 1.1;  // times its lowest
constexpr std::size_t kFewestEpochs = 5;  // of which a trend can be told
constexpr int kTrain = 0, kValidation = 1, kTest = 2;  // codes of the store's parts

/// Of one trial, a value an epoch.
struct Curve {
  std::vector<double> epochs, values;

  [[nodiscard]] std::size_t lowest() const { return static_cast<std::size_t>(std::ranges::min_element(values) - values.begin()); }
};

/// Empty where a value is missing or not finite.
Curve curve_of(const std::vector<store::CurvePoint>& points, int part, std::string_view name) {
  Curve curve;
  for (const store::CurvePoint& point : points) {
    if (point.split != part || point.name != name) continue;
    if (!std::isfinite(point.value)) return {};
    curve.epochs.push_back(point.epoch);
    curve.values.push_back(point.value);
  }
  return curve;
}

/// Of one row on one input.
using TrialCurves = std::map<Measurements::Draw, std::vector<store::CurvePoint>>;

/// Trials for which it holds, and for which the opposite does.
struct Tally {
  std::int64_t holds = 0, fails = 0, seen = 0;
  std::string words = "";

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
  std::vector<int> levels(curve.values.size());
  std::iota(levels.begin(), levels.end(), 0);
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

/// Of a metric where lower is better.
Tally lowest_first(const TrialCurves& trials) {
  Tally tally;
  std::vector<double> test_epochs, validation_epochs, rises;
  for (const auto& [draw, points] : trials) {
    const std::string metric = test_metric(points);
    const Curve test = curve_of(points, kTest, metric), validation = curve_of(points, kValidation, metric);
    const analyze::MetricInfo* info = registered(metric);
    if (test.values.empty() || test.epochs != validation.epochs || info == nullptr || info->higher_is_better) continue;
    const std::size_t at = test.lowest(), lowest = validation.lowest();
    test_epochs.push_back(test.epochs[at]);
    validation_epochs.push_back(validation.epochs[lowest]);
    rises.push_back(validation.values[at] / validation.values[lowest]);
    tally.count(at < lowest && rises.back() >= kHigh ? -1 : at > lowest ? 1 : 0);
  }
  if (test_epochs.empty()) return tally;
  tally.words = fmt::format("lowest on test after epoch {}, on validation after {}, which is then {} times its lowest", range_text(test_epochs),
                            range_text(validation_epochs), range_text(rises));
  return tally;
}

Tally falls(const TrialCurves& trials) {
  Tally tally;
  for (const auto& [draw, points] : trials) {
    const Curve train = curve_of(points, kTrain, "loss"), validation = curve_of(points, kValidation, "loss");
    if (std::min(train.values.size(), validation.values.size()) < kFewestEpochs) continue;
    const int of_train = trend(train), of_validation = trend(validation);
    tally.count(of_train > 0 || of_validation > 0 ? 1 : of_train < 0 && of_validation < 0 ? -1 : 0);
  }
  return tally;
}

Tally steadier(const TrialCurves& left, const TrialCurves& right) {
  Tally tally;
  std::vector<double> of_left, of_right;
  for (const auto& [draw, points] : left) {
    const auto other = right.find(draw);
    if (other == right.end()) continue;
    const double a = roughness(curve_of(points, kValidation, "loss")), b = roughness(curve_of(other->second, kValidation, "loss"));
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    of_left.push_back(a);
    of_right.push_back(b);
    tally.count(a - b);
  }
  if (of_left.empty()) return tally;
  tally.words = fmt::format("mean second difference of the log validation loss {} against {}", range_text(of_left), range_text(of_right));
  return tally;
}

TrialCurves trials_of(const std::vector<std::string>& globs, const Measurements& measured, const std::string& input) {
  TrialCurves trials;
  for (const std::string& glob : globs) {
    if (const Row* row = measured.labelled(glob, input)) trials.merge(measured.curves(*row));
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
  if (tally.seen == 0) return out;
  out.result.p_against = heads(tally.fails, tally.seen);
  if (heads(tally.holds, tally.seen) <= kLevel) out.result.support = analyze::Support::kSupported;
  else if (out.result.p_against <= kLevel) out.result.support = analyze::Support::kContradicted;
  out.result.reason = fmt::format("holds for {} of {} trials{}{}", tally.holds, tally.seen, tally.words.empty() ? "" : "; ", tally.words);
  if (tally.seen < 5) out.result.reason += "; fewer than 5 trials cannot decide";
  return out;
}

}  // namespace seqbench::reports
