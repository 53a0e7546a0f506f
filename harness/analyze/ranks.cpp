#include "harness/analyze/ranks.h"

#include <algorithm>
#include <cmath>

#include "harness/analyze/two_level.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kTail = 0.025;

using Models = std::span<const std::vector<std::vector<double>>>;

/// Oriented values (higher is better) of every model over resamples, and what follows for ranks.
struct Resampled {
  std::vector<double> estimates;            // [models]; NaN: undefined
  std::vector<std::vector<double>> values;  // [models][resamples kept]; none for undefined models
  int drawn = 0;

  explicit Resampled(std::size_t models) : estimates(models, kNaN), values(models) {}

  void add(const std::vector<double>& of_models) {
    ++drawn;
    for (std::size_t m = 0; m < estimates.size(); ++m) {
      if (!std::isnan(estimates[m]) && std::isnan(of_models[m])) return;
    }
    for (std::size_t m = 0; m < estimates.size(); ++m) {
      if (!std::isnan(estimates[m])) values[m].push_back(of_models[m]);
    }
  }
  /// The first of the best; `estimates.size()` where none is defined.
  [[nodiscard]] std::size_t leader() const {
    std::size_t best = estimates.size();
    for (std::size_t m = 0; m < estimates.size(); ++m) {
      if (!std::isnan(estimates[m]) && (best == estimates.size() || estimates[m] > estimates[best])) best = m;
    }
    return best;
  }
  [[nodiscard]] std::vector<RankInterval> intervals() const;
};

/// Defined models by midranks of their values; the others share the ranks below.
std::vector<RankInterval> Resampled::intervals() const {
  std::vector<std::size_t> defined;
  for (std::size_t m = 0; m < estimates.size(); ++m) {
    if (!std::isnan(estimates[m])) defined.push_back(m);
  }
  const auto all = static_cast<double>(estimates.size()), good = static_cast<double>(defined.size());
  std::vector<RankInterval> out(estimates.size(), {(good + 1 + all) / 2, (good + 1 + all) / 2, false});
  if (defined.empty()) return out;
  const std::size_t kept = values[defined[0]].size();
  const bool enough = (drawn - static_cast<int>(kept)) * 100 <= drawn && kept > 0;
  std::vector<std::vector<double>> ranks(defined.size());
  for (std::size_t b = 0; b < kept; ++b) {
    std::vector<double> losses;
    for (const std::size_t m : defined) losses.push_back(-values[m][b]);
    const std::vector<double> of_resample = midranks(losses);
    for (std::size_t i = 0; i < defined.size(); ++i) ranks[i].push_back(of_resample[i]);
  }
  for (std::size_t i = 0; i < defined.size(); ++i) {
    std::ranges::sort(ranks[i]);
    out[defined[i]].low = enough ? quantile(ranks[i], kTail) : kNaN;
    out[defined[i]].high = enough ? quantile(ranks[i], 1 - kTail) : kNaN;
  }
  return out;
}

bool contains_zero(const Summary& difference) {
  if (std::isnan(difference.low)) return difference.mean == 0;
  return difference.low <= 0 && difference.high >= 0;
}

/// Marks the leader and those whose rank interval overlaps its own and for whom `differs` finds no difference.
template <typename Difference>
void mark_ties(std::vector<RankInterval>& ranks, const Resampled& resampled, const Difference& difference) {
  const std::size_t leader = resampled.leader();
  if (leader == ranks.size()) return;
  for (std::size_t m = 0; m < ranks.size(); ++m) {
    if (std::isnan(resampled.estimates[m])) continue;
    const bool overlaps = ranks[m].low <= ranks[leader].high && ranks[leader].low <= ranks[m].high;
    ranks[m].ties_with_leader = m == leader || (overlaps && contains_zero(difference(leader, m)));
  }
}

double mean_of(const std::vector<double>& values) { return without_interval(values, "").mean; }

/// Estimates, and a resampler for each model; an undefined model has none.
std::vector<Side> sides_of(const MetricInfo& metric, std::span<const double> truth, Models models, Resampled& out) {
  std::vector<Side> sides;
  for (std::size_t m = 0; m < models.size(); ++m) {
    SEQBENCH_ASSERT(!models[m].empty(), "a model has trials");
    std::vector<double> values;
    for (const std::vector<double>& trial : models[m]) values.push_back(metric.compute(truth, trial, {}).value);
    const double sign = metric.higher_is_better ? 1 : -1;
    out.estimates[m] = sign * mean_of(values);
    sides.push_back({std::isnan(out.estimates[m]) ? nullptr : make_resampler(metric, truth, models[m]),
                     models[m].size(), sign});
  }
  return sides;
}

void bootstrap(Resampled& out, std::span<const Side> sides, const Units& units, bool by_class, int resamples) {
  std::vector<std::size_t> trials;
  for (const Side& side : sides) trials.push_back(side.trials);
  Resamples draws(units, by_class, trials);
  for (int resample = 0; resample < resamples; ++resample) {
    draws.draw(resample);
    std::vector<double> of_models;
    for (std::size_t m = 0; m < sides.size(); ++m) {
      if (sides[m].metric) sides[m].metric->weigh(draws.rows);
      of_models.push_back(sides[m].metric ? value_of(sides.subspan(m, 1), std::span(draws.trials).subspan(m, 1)) : kNaN);
    }
    out.add(of_models);
  }
}

}  // namespace

std::vector<RankInterval> rank_intervals(const MetricInfo& metric, std::span<const double> truth, Models predictions,
                                         int resamples) {
  Resampled resampled(predictions.size());
  std::vector<Side> sides = sides_of(metric, truth, predictions, resampled);
  const bool by_class = metric.compute == analyze::metric("auroc").compute;
  const Units units = by_class ? Units::classes(truth) : Units::rows(truth.size());
  std::size_t most = 1;
  for (const Side& side : sides) most = std::max(most, side.trials);
  bootstrap(resampled, sides, units, by_class, resamples > 0 ? resamples : resamples_for(truth.size(), most));
  std::vector<RankInterval> ranks = resampled.intervals();
  std::vector<Jackknife> left(sides.size());
  const auto of_model = [&](std::size_t m) {
    if (left[m].values.empty()) left[m] = jackknife(*sides[m].metric, sides[m].trials, units);
    return &left[m];
  };
  mark_ties(ranks, resampled, [&](std::size_t leader, std::size_t m) {
    const Jackknife* both[] = {of_model(leader), of_model(m)};
    const double signs[] = {sides[leader].sign, -sides[m].sign};
    std::vector<double> values;
    for (std::size_t b = 0; b < resampled.values[m].size(); ++b) {
      values.push_back(resampled.values[leader][b] - resampled.values[m][b]);
    }
    Summary difference = without_interval(std::vector<double>{resampled.estimates[leader] - resampled.estimates[m]}, "");
    const double infinity = std::numeric_limits<double>::infinity();
    (void)set_bootstrap_ends(difference, values, components_of(both, signs), {-infinity, infinity});
    return difference;
  });
  return ranks;
}

std::vector<RankInterval> rank_intervals(bool higher_is_better, std::span<const std::vector<double>> scores,
                                         double ratio, int resamples) {
  SEQBENCH_ASSERT(!scores.empty() && !scores[0].empty() && resamples > 0, "ranks are of models with scores");
  Resampled resampled(scores.size());
  const std::size_t places = scores[0].size();
  const double sign = higher_is_better ? 1 : -1;
  for (std::size_t m = 0; m < scores.size(); ++m) {
    SEQBENCH_ASSERT(scores[m].size() == places, "every model has a score in every place");
    resampled.estimates[m] = sign * mean_of(scores[m]);
  }
  const Units units = Units::rows(places);
  Resamples draws(units, false, {});
  for (int resample = 0; resample < resamples; ++resample) {
    draws.draw(resample);
    std::vector<double> of_models;
    for (const std::vector<double>& of_model : scores) {
      double sum = 0;
      for (std::size_t k = 0; k < places; ++k) sum += draws.rows[k] * of_model[k];
      of_models.push_back(sign * sum / static_cast<double>(places));
    }
    resampled.add(of_models);
  }
  std::vector<RankInterval> ranks = resampled.intervals();
  mark_ties(ranks, resampled, [&](std::size_t leader, std::size_t m) {
    std::vector<double> differences;
    for (std::size_t k = 0; k < places; ++k) differences.push_back(scores[leader][k] - scores[m][k]);
    return over_folds(differences, ratio);
  });
  return ranks;
}

}  // namespace seqbench::analyze
