#include "harness/analyze/two_level.h"

#include <algorithm>
#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/analyze/sums.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

void draw_multiplicities(Draws draws, std::span<double> counts) {
  std::ranges::fill(counts, 0.0);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[draws.below(counts.size())] += 1;
}

/// Values of every trial without each block in turn: [blocks][trials].
using Left = std::vector<std::vector<double>>;

Left leave_out(Resampler& metric, std::size_t trials, const std::vector<Units::Block>& blocks, std::size_t rows) {
  Left values;
  std::vector<double> weights(rows, 1.0);
  for (const Units::Block& block : blocks) {
    std::vector<double>& of_block = values.emplace_back();
    for (std::size_t s = 0; s < trials; ++s) {
      const std::optional<double> quick = metric.without(s, block.rows);
      if (!quick) break;
      of_block.push_back(*quick);
    }
    if (of_block.size() == trials) continue;
    for (const std::uint32_t row : block.rows) weights[row] = 0;
    metric.weigh(weights);
    for (std::size_t s = of_block.size(); s < trials; ++s) of_block.push_back(metric.value(s).value);
    for (const std::uint32_t row : block.rows) weights[row] = 1;
  }
  return values;
}

/// Turns values without a block into the block's influence: deviations from the stratum's mean, scaled so that their
/// squares add up to the jackknife's variance.
void centre(Left& values, const std::vector<Units::Block>& blocks) {
  std::size_t begin = 0;
  while (begin < blocks.size()) {
    std::size_t end = begin;
    while (end < blocks.size() && blocks[end].stratum == blocks[begin].stratum) ++end;
    const auto size = static_cast<double>(end - begin);
    for (std::size_t s = 0; s < values[begin].size(); ++s) {
      const double mean = sum_over(begin, end, [&](std::size_t b) { return values[b][s]; }) / size;
      for (std::size_t b = begin; b < end; ++b) values[b][s] = (mean - values[b][s]) * std::sqrt((size - 1) / size);
    }
    begin = end;
  }
}

double mean_of(std::span<const double> values) { return pairwise_sum(values) / static_cast<double>(values.size()); }

double squares_about_mean(std::span<const double> values) {
  const double mean = mean_of(values);
  return sum_over(0, values.size(), [&](std::size_t i) { return (values[i] - mean) * (values[i] - mean); });
}

/// Degrees of freedom of a variance from its kurtosis: rows with heavy tails tell less of their variance.
double degrees_of(std::span<const double> influence) {
  const auto n = static_cast<double>(influence.size());
  const double second = sum_over(0, influence.size(), [&](std::size_t i) { return influence[i] * influence[i]; });
  const double fourth = sum_over(0, influence.size(), [&](std::size_t i) { return std::pow(influence[i], 4); });
  if (!(second > 0)) return n - 1;
  const double kurtosis = n * fourth / (second * second);
  return std::clamp(2 * n / std::max(kurtosis - 1, 1e-9), 1.0, n - 1);
}

double share(double part, double degrees) { return part > 0 ? part * part / degrees : 0; }

/// Adds what one model's trials say.
void add_trials(Components& c, double& seeds_over_degrees, const Jackknife& model) {
  if (model.values.size() < 2) return;
  const auto trials = static_cast<double>(model.values.size());
  const double spread = squares_about_mean(model.values) / (trials - 1);
  double both = 0;
  for (const std::vector<double>& of_block : model.influence) both += squares_about_mean(of_block);
  both /= trials * (trials - 1);
  c.seeds += spread / trials;
  c.seed_spread += spread;
  c.both += both;
  c.bootstrap += (trials - 1) / trials * (spread / trials + both);
  c.both_degrees = std::max(c.both_degrees, (trials - 1) * static_cast<double>(model.influence.size() - 1));
  seeds_over_degrees += share(spread / trials, trials - 1);
}

}  // namespace

Resamples::Resamples(const Units& units, bool by_class, std::span<const std::size_t> trials_of_side)
    : rows(units.row_count()), units_(units), row_item_(by_class ? 2 : 1) {
  for (const std::size_t count : trials_of_side) trials.emplace_back(count, 1.0);
}

void Resamples::draw(int resample) {
  const Stream stream = Streams(0).open("bootstrap");
  const auto at = [&](std::size_t item) {
    return stream.at({0, static_cast<std::uint32_t>(resample), static_cast<std::uint32_t>(item)});
  };
  for (std::size_t side = 0; side < trials.size(); ++side) {
    if (trials[side].size() > 1) draw_multiplicities(at(side == 0 ? 0 : side + 2), trials[side]);
  }
  units_.draw(at(row_item_), rows);
}

double value_of(std::span<const Side> sides, std::span<const std::vector<double>> trial_counts) {
  double total = 0;
  for (std::size_t g = 0; g < sides.size(); ++g) {
    double sum = 0;
    for (std::size_t s = 0; s < sides[g].trials; ++s) {
      if (trial_counts[g][s] > 0) sum += trial_counts[g][s] * sides[g].metric->value(s).value;
    }
    total += sides[g].sign * sum / static_cast<double>(sides[g].trials);
  }
  return total;
}

double Components::seeds_alone() const { return std::max({seeds - both, seeds - rows, 0.0}); }

double Components::total() const { return rows + seeds_alone(); }

double Components::degrees() const {
  const double over = share(seeds, seed_degrees) + share(rows, row_degrees) + share(both, both_degrees);
  return over > 0 ? total() * total() / over : row_degrees;
}

double Components::critical(double p, double degrees_of_rows) const {
  const double by_rows = student_quantile(p, degrees_of_rows);
  const double part = total() > 0 ? seeds_alone() / total() : 0;
  if (part == 0) return by_rows;
  const double by_seeds = student_quantile(p, seed_degrees);
  return std::sqrt(by_seeds * by_seeds * part + by_rows * by_rows * (1 - part));
}

Jackknife jackknife(Resampler& metric, std::size_t trials, const Units& units) {
  const std::vector<Units::Block> blocks = units.blocks();
  Jackknife out;
  out.influence = leave_out(metric, trials, blocks, units.row_count());
  centre(out.influence, blocks);
  for (const Units::Block& block : blocks) out.strata.push_back(block.stratum);
  const std::vector<double> ones(units.row_count(), 1.0);
  metric.weigh(ones);
  for (std::size_t s = 0; s < trials; ++s) out.values.push_back(metric.value(s).value);
  return out;
}

Components components_of(std::span<const Jackknife* const> models, std::span<const double> signs) {
  Components c;
  const std::vector<std::size_t>& strata = models.front()->strata;
  std::vector<double> influence(strata.size(), 0.0), size_of(strata.size(), 0.0);
  double seeds_over_degrees = 0, cubes = 0;
  for (std::size_t g = 0; g < models.size(); ++g) {
    add_trials(c, seeds_over_degrees, *models[g]);
    for (std::size_t b = 0; b < strata.size(); ++b) influence[b] += signs[g] * mean_of(models[g]->influence[b]);
  }
  for (const std::size_t stratum : strata) size_of[stratum] += 1;
  for (std::size_t b = 0; b < strata.size(); ++b) {
    const double square = influence[b] * influence[b], size = size_of[strata[b]];
    c.rows += square;
    c.bootstrap += square * (size - 1) / size;
    cubes += square * influence[b];
  }
  c.defined = !std::isnan(c.rows);
  c.seed_degrees = seeds_over_degrees > 0 ? c.seeds * c.seeds / seeds_over_degrees : 1;
  c.row_degrees = degrees_of(influence);
  c.acceleration = c.total() > 0 ? cubes / (6 * std::pow(c.total(), 1.5)) : 0;
  return c;
}

double bias_of(std::span<const double> sorted, double estimate) {
  const double rounding = 1e-9 * (sorted.back() - sorted.front());  // equal means of other trials differ in last bits
  const auto below = std::ranges::lower_bound(sorted, estimate - rounding) - sorted.begin();
  const auto equal = std::ranges::upper_bound(sorted, estimate + rounding) - sorted.begin() - below;
  const double part = (static_cast<double>(below) + static_cast<double>(equal) / 2) / static_cast<double>(sorted.size());
  const double infinity = std::numeric_limits<double>::infinity();
  return part <= 0 ? -infinity : part >= 1 ? infinity : inverse_normal(part);
}

Interval bca(std::span<const double> sorted, double bias, double acceleration, double tail) {
  const auto at = [&](double z) {
    const double shrink = 1 - acceleration * (bias + z);
    return quantile(sorted, shrink > 0 ? normal_cdf(bias + (bias + z) / shrink) : (bias + z > 0 ? 1.0 : 0.0));
  };
  return {at(inverse_normal(tail)), at(inverse_normal(1 - tail))};
}

std::string set_bootstrap_ends(Summary& summary, std::vector<double> values, const Components& c, Interval range) {
  std::ranges::sort(values);
  if (!c.defined) return "none: undefined without one row";
  if (values.empty() || values.front() == values.back() || !(c.bootstrap > 0)) return "none: all resamples equal";
  const double mean = summary.mean, bias = bias_of(values, mean);
  if (std::isinf(bias)) return "none: all resamples on one side of the estimate";
  const double ratio = std::sqrt(c.total() / c.bootstrap);
  const auto moved = [&](double tail) {
    const Interval ends = bca(values, bias, c.acceleration, tail);
    const double k = ratio * c.critical(1 - tail) / inverse_normal(1 - tail);
    const double low = ends.low < mean ? mean - k * (mean - ends.low) : ends.low;
    const double high = ends.high > mean ? mean + k * (ends.high - mean) : ends.high;
    return Interval{std::max(low, range.low), std::min(high, range.high)};
  };
  const Interval ends = moved(0.025), ends90 = moved(0.05);
  summary.low = ends.low;
  summary.high = ends.high;
  summary.low90 = ends90.low;
  summary.high90 = ends90.high;
  summary.se = ratio * std::sqrt(variance(values));
  summary.degrees = c.degrees();
  return "";
}

double quantile(std::span<const double> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

}  // namespace seqbench::analyze
