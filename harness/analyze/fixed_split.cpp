#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analyze/intervals.h"
#include "harness/analyze/sums.h"
#include "harness/analyze/two_level.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTail = 0.025, kTail90 = 0.05;
/// Right or wrong rows, summed over trials, below which accuracy takes Wilson's interval. Several trials: a resample of
/// trials and rows together works from few errors on, while Wilson's with all trials as one would be far too wide.
constexpr double kFewOfOne = 10, kFewOfSeveral = 3;

using Trials = std::span<const std::vector<double>>;

/// One statistic on its way to a summary; the method stays empty where resampling shall find the ends.
struct Statistic {
  bool share = false;     // accuracy, not a difference
  bool by_class = false;  // auroc without groups
  Summary summary;
  std::vector<Side> sides;
  Interval range;              // of the statistic
  std::vector<double> values;  // of resamples, defined ones
};

/// By the function and not the name: a copy under another name is the same metric.
bool is(const MetricInfo& info, std::string_view name) { return info.compute == metric(name).compute; }

Interval range_of(const MetricInfo& info) {
  for (const char* name : {"accuracy", "auprc", "auroc", "calibration_error", "f1"}) {
    if (is(info, name)) return {0, 1};
  }
  for (const char* name : {"log_loss", "mae", "mse", "rmse"}) {
    if (is(info, name)) return {0, kInfinity};
  }
  if (is(info, "r2")) return {-kInfinity, 1};
  for (const char* name : {"kendall", "mcc", "pearson", "spearman", "spearman_break_random"}) {
    if (is(info, name)) return {-1, 1};
  }
  return {-kInfinity, kInfinity};
}

/// Mean and s.d. over trials, and why there can be no interval, if so.
Summary estimate(const MetricInfo& metric, std::span<const double> truth, Trials predictions, std::size_t units) {
  std::vector<double> values;
  std::string note;
  for (const std::vector<double>& trial : predictions) {
    const MetricValue value = metric.compute(truth, trial, {});
    values.push_back(value.value);
    if (note.empty()) note = value.note;
  }
  Summary summary = without_interval(values, note);
  if (note.empty()) summary.method = units < 2 ? "none: fewer than 2 " : "";
  return summary;
}

std::string rows_text(const Summary& summary, const Resampling& how) {
  const std::string rows = how.groups.empty() ? "test rows" : "groups of test rows";
  return summary.trials > 1 ? "seeds x " + rows : rows;
}

bool is_near_an_edge(const Summary& accuracy, double rows) {
  const double few = rows * static_cast<double>(accuracy.trials) * std::min(accuracy.mean, 1 - accuracy.mean);
  return few < (accuracy.trials > 1 ? kFewOfSeveral : kFewOfOne) - 0.5;  // whole numbers, but for rounding
}

/// Wilson's interval with as many rows as give the statistic's variance, at most those there are.
void set_wilson_ends(Summary& summary, const Components& c, double units, const Resampling& how) {
  const double binomial = summary.mean * (1 - summary.mean);
  const double n = c.total() > 0 ? std::min(units, binomial / c.total()) : units;
  const Interval ends = wilson_at(summary.mean, n, c.critical(1 - kTail, kInfinity));
  const Interval ends90 = wilson_at(summary.mean, n, c.critical(1 - kTail90, kInfinity));
  summary.low = ends.low;
  summary.high = ends.high;
  summary.low90 = ends90.low;
  summary.high90 = ends90.high;
  summary.se = (ends.high - ends.low) / (2 * c.critical(1 - kTail, kInfinity));
  summary.degrees = c.seeds_alone() > 0 ? c.degrees() : kInfinity;
  const std::string rows = how.groups.empty() ? "test rows" : "groups of test rows";
  summary.method = n < units && summary.trials > 1 ? "Wilson over seeds x " + rows : "Wilson over " + rows;
}

Components components_of(const Statistic& statistic, const Units& units) {
  std::vector<Jackknife> models;
  std::vector<double> signs;
  for (const Side& side : statistic.sides) {
    models.push_back(jackknife(*side.metric, side.trials, units));
    signs.push_back(side.sign);
  }
  std::vector<const Jackknife*> pointers;
  for (const Jackknife& model : models) pointers.push_back(&model);
  return components_of(pointers, signs);
}

/// Fills in the ends from resampled values, or why there are none.
void set_ends(Statistic& statistic, const Units& units, int resamples, const Resampling& how) {
  Summary& summary = statistic.summary;
  const auto undefined_count = resamples - static_cast<int>(statistic.values.size());
  if (undefined_count * 100 > resamples) {
    summary.method = fmt::format("none: {} of {} resamples undefined", undefined_count, resamples);
    return;
  }
  const Components c = components_of(statistic, units);
  const auto rows = static_cast<double>(units.count());
  if (statistic.share && is_near_an_edge(summary, rows)) {
    set_wilson_ends(summary, c, rows, how);
  } else {
    summary.method = set_bootstrap_ends(summary, std::move(statistic.values), c, statistic.range);
    if (!summary.method.empty()) return;
    summary.method = fmt::format("{} (BCa, {} resamples)", rows_text(summary, how), resamples);
  }
  if (summary.trials > 1) {
    summary.run_sd = std::sqrt(c.seed_spread + std::max(0.0, summary.se * summary.se - c.seeds_alone()));
  }
}

/// Resamples the statistics that need it, all by the same rows.
void bootstrap(std::span<Statistic* const> statistics, const Units& units, bool by_class, int resamples) {
  if (statistics.empty()) return;
  std::vector<std::size_t> trials;
  for (const Side& side : statistics.front()->sides) trials.push_back(side.trials);
  Resamples draws(units, by_class, trials);
  for (int resample = 0; resample < resamples; ++resample) {
    draws.draw(resample);
    for (Statistic* statistic : statistics) {
      for (const Side& side : statistic->sides) side.metric->weigh(draws.rows);
      const double value = value_of(statistic->sides, draws.trials);
      if (!std::isnan(value)) statistic->values.push_back(value);
    }
  }
}

/// Runs what is left to run, by rows (or groups), or within classes for auroc.
void find_ends(std::vector<Statistic>& statistics, std::span<const double> truth, std::size_t trials,
               const Resampling& how) {
  const int resamples = how.resamples > 0 ? how.resamples : resamples_for(truth.size(), trials);
  for (const bool by_class : {false, true}) {
    std::vector<Statistic*> wanted;
    for (Statistic& s : statistics) {
      if (s.summary.method.empty() && s.by_class == by_class) wanted.push_back(&s);
    }
    if (wanted.empty()) continue;
    const Units units = !how.groups.empty() ? Units::groups(how.groups)
                        : by_class          ? Units::classes(truth)
                                            : Units::rows(truth.size());
    bootstrap(wanted, units, by_class, resamples);
    for (Statistic* s : wanted) set_ends(*s, units, resamples, how);
  }
}

std::size_t units_of(std::span<const double> truth, const Resampling& how) {
  SEQBENCH_ASSERT(how.groups.empty() || how.groups.size() == truth.size(), "one group a row, or none");
  return how.groups.empty() ? truth.size() : Units::groups(how.groups).count();
}

}  // namespace

int resamples_for(std::size_t rows, std::size_t trials) {
  const double most = 2e7 / std::max(1.0, static_cast<double>(rows) * static_cast<double>(trials));
  return static_cast<int>(std::clamp(most, 1000.0, 10000.0));
}

std::vector<Summary> fixed_split(std::span<const MetricInfo* const> metrics, std::span<const double> truth,
                                 Trials predictions, const Resampling& how) {
  SEQBENCH_ASSERT(!predictions.empty() && how.resamples >= 0, "an interval is over something");
  const std::size_t units = units_of(truth, how);
  std::vector<Statistic> statistics;
  for (const MetricInfo* metric : metrics) {
    Statistic& s = statistics.emplace_back();
    s.share = is(*metric, "accuracy");
    s.by_class = is(*metric, "auroc") && how.groups.empty();
    s.range = range_of(*metric);
    s.summary = estimate(*metric, truth, predictions, units);
    if (s.summary.method.starts_with("none: fewer")) s.summary.method += how.groups.empty() ? "rows" : "groups";
    if (s.summary.method.empty()) s.sides.push_back({make_resampler(*metric, truth, predictions), predictions.size(), 1});
  }
  find_ends(statistics, truth, predictions.size(), how);
  std::vector<Summary> summaries;
  for (const Statistic& s : statistics) summaries.push_back(s.summary);
  return summaries;
}

Summary fixed_split(const MetricInfo& metric, std::span<const double> truth, Trials predictions,
                    const Resampling& how) {
  const MetricInfo* one = &metric;
  return fixed_split(std::span(&one, 1), truth, predictions, how).front();
}

Summary paired_difference(const MetricInfo& metric, std::span<const double> truth, Trials a, Trials b,
                          const Resampling& how) {
  SEQBENCH_ASSERT(!a.empty() && !b.empty(), "a difference is between two");
  const std::size_t units = units_of(truth, how);
  const Summary first = estimate(metric, truth, a, units), second = estimate(metric, truth, b, units);
  std::vector<Statistic> one(1);
  Statistic& s = one[0];
  s.by_class = is(metric, "auroc") && how.groups.empty();
  const Interval range = range_of(metric);
  s.range = {range.low - range.high, range.high - range.low};
  s.summary = first;
  s.summary.mean = first.mean - second.mean;
  s.summary.sd = std::numeric_limits<double>::quiet_NaN();
  s.summary.trials = std::min(first.trials, second.trials);
  s.summary.method = first.method.empty() ? second.method : first.method;
  if (s.summary.method.starts_with("none: fewer")) s.summary.method += how.groups.empty() ? "rows" : "groups";
  if (s.summary.method.empty()) {
    s.sides.push_back({make_resampler(metric, truth, a), a.size(), 1});
    s.sides.push_back({make_resampler(metric, truth, b), b.size(), -1});
  }
  find_ends(one, truth, a.size() + b.size(), how);
  if (!s.summary.method.starts_with("none")) s.summary.method = "paired, " + s.summary.method;
  return s.summary;
}

}  // namespace seqbench::analyze
