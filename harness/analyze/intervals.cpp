#include "harness/analyze/intervals.h"

#include <algorithm>

#include "harness/analyze/distributions.h"
#include "harness/analyze/sums.h"
#include "harness/analyze/two_level.h"
#include "harness/base/error.h"
#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTail = 0.025;
constexpr double kTail90 = 0.05;

double mean_of(std::span<const double> values) {
  return values.empty() ? kNaN : pairwise_sum(values) / static_cast<double>(values.size());
}

/// Squared deviations from the mean, summed.
double squares_of(std::span<const double> values) {
  const double mean = mean_of(values);
  return sum_over(0, values.size(), [&](std::size_t i) { return (values[i] - mean) * (values[i] - mean); });
}

double median(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return quantile(sorted, 0.5);
}

void set_symmetric_ends(Summary& summary) {
  const double half = student_quantile(1 - kTail, summary.degrees) * summary.se;
  const double half90 = student_quantile(1 - kTail90, summary.degrees) * summary.se;
  summary.low = summary.mean - half;
  summary.high = summary.mean + half;
  summary.low90 = summary.mean - half90;
  summary.high90 = summary.mean + half90;
}

}  // namespace

Summary without_interval(std::span<const double> trial_values, const std::string& why) {
  const auto n = trial_values.size();
  const double sd = n > 1 ? std::sqrt(squares_of(trial_values) / static_cast<double>(n - 1)) : kNaN;
  return {.mean = mean_of(trial_values),
          .sd = sd,
          .low = kNaN,
          .high = kNaN,
          .trials = static_cast<std::int64_t>(n),
          .method = "none: " + why};
}

Summary over_folds(std::span<const double> fold_values, double ratio) {
  SEQBENCH_ASSERT(ratio >= 0, "a ratio of rows");
  Summary summary = without_interval(fold_values, "");
  const auto n = static_cast<double>(fold_values.size());
  if (std::isnan(summary.mean)) {
    summary.method = "none: undefined in a fold";
  } else if (fold_values.size() < 2) {
    summary.method = "none: one fold";
  } else if (summary.sd == 0) {
    summary.method = "none: identical values";
  } else {
    summary.se = summary.sd * std::sqrt(1 / n + ratio);
    summary.degrees = n - 1;
    summary.run_sd = summary.sd;
    set_symmetric_ends(summary);
    summary.method = ratio > 0 ? "corrected resampled t over folds" : "t over seeds";
  }
  return summary;
}

Interval wilson(double share, double n, double tail) { return wilson_at(share, n, inverse_normal(1 - tail)); }

Interval wilson_at(double share, double n, double z) {
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {share == 0 ? 0 : centre - half, share == 1 ? 1 : centre + half};
}

Summary unpaired_difference(const Summary& a, const Summary& b) {
  Summary summary = without_interval(std::vector<double>{a.mean - b.mean}, "one of the two has no interval");
  summary.sd = kNaN;
  summary.trials = std::min(a.trials, b.trials);
  if (!(a.se >= 0 && b.se >= 0 && a.se + b.se > 0)) return summary;
  const double first = a.se * a.se, second = b.se * b.se;
  summary.se = std::sqrt(first + second);
  summary.degrees = (first + second) * (first + second) / (first * first / a.degrees + second * second / b.degrees);
  summary.run_sd = std::hypot(a.run_sd, b.run_sd);
  set_symmetric_ends(summary);
  summary.method = "unpaired (Welch)";
  return summary;
}

double best_constant(const MetricInfo& metric, std::span<const double> truth) {
  if (truth.empty() || metric.name == "pearson" || metric.name == "kendall" ||
      metric.name.starts_with("spearman")) return kNaN;
  if (metric.name == "mae") return median(truth);
  if (metric.name == "f1") return 1;
  const double mean = mean_of(truth);
  if (metric.name == "accuracy") return mean >= 0.5 ? 1 : 0;
  return mean;
}

double variance(std::span<const double> values) {
  return values.empty() ? kNaN : squares_of(values) / static_cast<double>(values.size());
}

}  // namespace seqbench::analyze
