#include "harness/analyze/intervals.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/analyze/bootstrap.h"
#include "harness/analyze/distributions.h"
#include "harness/analyze/sums.h"
#include "harness/base/error.h"
#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTail = 0.025;

double mean_of(std::span<const double> values) {
  return values.empty() ? kNaN : pairwise_sum(values) / static_cast<double>(values.size());
}

/// Squared deviations from the mean, summed.
double squares_of(std::span<const double> values) {
  const double mean = mean_of(values);
  return sum_over(0, values.size(), [&](std::size_t i) { return (values[i] - mean) * (values[i] - mean); });
}

/// Linear interpolation between order statistics (Hyndman and Fan's type 7); `sorted` ascending, not empty.
double quantile(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

/// How often each of `n` things is drawn in n draws with replacement.
void draw_multiplicities(Draws draws, std::span<double> counts) {
  std::ranges::fill(counts, 0.0);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[draws.below(counts.size())] += 1;
}

/// One metric's statistic over resamples.
struct Resampled {
  std::unique_ptr<Resampler> resampler;
  std::vector<double> values;  // defined ones

  void add(std::span<const double> rows, std::span<const double> trials) {
    resampler->weigh(rows);
    double sum = 0;
    for (std::size_t s = 0; s < trials.size(); ++s) {
      if (trials[s] > 0) sum += trials[s] * resampler->value(s).value;
    }
    if (!std::isnan(sum)) values.push_back(sum / static_cast<double>(trials.size()));
  }
};

void bootstrap(std::span<Resampled* const> metrics, std::size_t rows, std::size_t trials, int resamples) {
  const Stream stream = Streams(0).open("bootstrap");
  std::vector<double> row_counts(rows), trial_counts(trials, 1.0);
  for (int step = 0; step < resamples; ++step) {
    const auto at = [&](std::uint32_t item) {
      return stream.at({.epoch = 0, .step = static_cast<std::uint32_t>(step), .item = item});
    };
    if (trials > 1) draw_multiplicities(at(0), trial_counts);
    draw_multiplicities(at(1), row_counts);
    for (Resampled* metric : metrics) metric->add(row_counts, trial_counts);
  }
}

/// Fills in the ends from the resampled values, or why there are none.
void set_ends(Summary& summary, std::vector<double> values, int resamples) {
  const auto undefined_count = resamples - static_cast<int>(values.size());
  if (undefined_count * 100 > resamples) {
    summary.method = fmt::format("none: {} of {} resamples undefined", undefined_count, resamples);
    return;
  }
  std::ranges::sort(values);
  if (values.empty() || values.front() == values.back()) {
    summary.method = "none: all resamples equal";
    return;
  }
  summary.low = quantile(values, kTail);
  summary.high = quantile(values, 1 - kTail);
  summary.method = summary.trials > 1 ? "seeds x test rows" : "test rows";
}

/// The estimate itself; the method stays empty where resampling shall find the ends.
Summary estimate(const MetricInfo& metric, std::span<const double> truth,
                 std::span<const std::vector<double>> predictions) {
  std::vector<double> values;
  std::string note;
  for (const std::vector<double>& trial : predictions) {
    const MetricValue value = metric.compute(truth, trial, {});
    values.push_back(value.value);
    if (note.empty()) note = value.note;
  }
  Summary summary = without_interval(values, note);
  if (!note.empty()) return summary;
  summary.method = truth.size() < 2 ? "none: fewer than 2 rows" : "";
  const bool extreme = std::ranges::all_of(values, [&](double v) { return v == values[0] && (v == 0 || v == 1); });
  if (metric.name == "accuracy" && extreme) {
    const Interval ends = wilson(summary.mean, static_cast<double>(truth.size()));
    summary.low = ends.low;
    summary.high = ends.high;
    summary.method = "Wilson over test rows";
  }
  return summary;
}

double median(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return quantile(sorted, 0.5);
}

}  // namespace

Summary without_interval(std::span<const double> trial_values, const std::string& why) {
  const auto n = trial_values.size();
  const double sd = n > 1 ? std::sqrt(squares_of(trial_values) / static_cast<double>(n - 1)) : kNaN;
  return {mean_of(trial_values), sd, kNaN, kNaN, static_cast<std::int64_t>(n), "none: " + why};
}

std::vector<Summary> fixed_split(std::span<const MetricInfo* const> metrics, std::span<const double> truth,
                                 std::span<const std::vector<double>> predictions, int resamples) {
  SEQBENCH_ASSERT(!predictions.empty() && resamples > 0, "an interval is over something");
  std::vector<Summary> summaries;
  std::vector<Resampled> resampled(metrics.size());
  std::vector<Resampled*> wanted;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    summaries.push_back(estimate(*metrics[m], truth, predictions));
    if (!summaries[m].method.empty()) continue;
    resampled[m].resampler = make_resampler(*metrics[m], truth, predictions);
    wanted.push_back(&resampled[m]);
  }
  if (!wanted.empty()) bootstrap(wanted, truth.size(), predictions.size(), resamples);
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (resampled[m].resampler) set_ends(summaries[m], std::move(resampled[m].values), resamples);
  }
  return summaries;
}

Summary fixed_split(const MetricInfo& metric, std::span<const double> truth,
                    std::span<const std::vector<double>> predictions, int resamples) {
  const MetricInfo* one = &metric;
  return fixed_split(std::span(&one, 1), truth, predictions, resamples).front();
}

Summary over_folds(std::span<const double> fold_values, double ratio) {
  SEQBENCH_ASSERT(ratio > 0, "folds have rows to test and to train on");
  Summary summary = without_interval(fold_values, "");
  const auto n = static_cast<double>(fold_values.size());
  if (std::isnan(summary.mean)) {
    summary.method = "none: undefined in a fold";
  } else if (fold_values.size() < 2) {
    summary.method = "none: one fold";
  } else if (summary.sd == 0) {
    summary.method = "none: identical values";
  } else {
    const double half = student_quantile(1 - kTail, n - 1) * summary.sd * std::sqrt(1 / n + ratio);
    summary.low = summary.mean - half;
    summary.high = summary.mean + half;
    summary.method = "corrected resampled t over folds";
  }
  return summary;
}

Interval wilson(double share, double n) {
  const double z = inverse_normal(1 - kTail);
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double best_constant(const MetricInfo& metric, std::span<const double> truth) {
  if (truth.empty() || metric.name == "pearson" || metric.name.starts_with("spearman")) return kNaN;
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
