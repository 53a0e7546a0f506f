#pragma once
// Private to the room: the bootstrap over trials x test rows of a mean over trials, or of a difference of two such
// means, with the variance components that say how far its ends must be moved when trials are few.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/analyze/bootstrap.h"
#include "harness/analyze/intervals.h"
#include "harness/analyze/units.h"

namespace seqbench::analyze {

/// One model's trials in a statistic: sign times the mean of the metric over them.
struct Side {
  std::unique_ptr<Resampler> metric;
  std::size_t trials = 0;
  double sign = 1;
};

/// Calls use(row weights, trial counts of each side) for resamples 0, 1, 2 ...: stream `bootstrap` of seed 0,
/// step = resample; item 0: trials of the first side, 1: rows, 2: rows by class, 3 and on: trials of further sides.
/// A side of one trial always keeps it.
class Resamples {
 public:
  Resamples(const Units& units, bool by_class, std::span<const std::size_t> trials_of_side);
  /// Draws the given resample into the members below.
  void draw(int resample);
  std::vector<double> rows;                 // [n] multiplicities
  std::vector<std::vector<double>> trials;  // [sides][trials] multiplicities

 private:
  const Units& units_;
  std::uint32_t row_item_;
};

/// The statistic's value under given multiplicities; NaN where a metric is undefined. weigh() was called.
[[nodiscard]] double value_of(std::span<const Side> sides, std::span<const std::vector<double>> trial_counts);

/// Variance of the statistic by source, from a jackknife of rows in each trial and from the spread between trials.
struct Components {
  double seeds = 0;        // s^2 / S summed over sides: trials, and what rows and trials do together
  double rows = 0;         // rows, and what both do together
  double both = 0;         // what rows and trials do together, in both of the above
  double bootstrap = 0;    // what a bootstrap of both levels shows on average
  double seed_spread = 0;  // s^2 summed over sides: variance of one trial's value on these rows
  double seed_degrees = 0, row_degrees = 0, both_degrees = 0;
  double acceleration = 0;
  bool defined = true;     // no metric was undefined on the way

  /// Two-way clustering (Cameron, Gelbach and Miller 2011): seeds + rows - both, never below either.
  [[nodiscard]] double total() const;
  /// What trials add to rows.
  [[nodiscard]] double seeds_alone() const;
  /// Satterthwaite's for total().
  [[nodiscard]] double degrees() const;
  /// t of the mixture: root of (t(seeds)^2 seeds_alone + t(rows)^2 the rest) / total. Satterthwaite's single t covers
  /// too little at three trials (docs/statistics.md).
  [[nodiscard]] double critical(double p) const { return critical(p, row_degrees); }
  [[nodiscard]] double critical(double p, double degrees_of_rows) const;
};

/// What leaving out blocks of rows does to one model's trials.
struct Jackknife {
  std::vector<double> values;                   // [trials], of all rows
  std::vector<std::vector<double>> influence;   // [blocks][trials]; squares add up to the jackknife's variance
  std::vector<std::size_t> strata;              // [blocks]
};
[[nodiscard]] Jackknife jackknife(Resampler& metric, std::size_t trials, const Units& units);
/// Of the sum of signs[g] times the mean over the trials of models[g].
[[nodiscard]] Components components_of(std::span<const Jackknife* const> models, std::span<const double> signs);

/// BCa (Efron 1987; HARNESS 8.6) at tails `tail` and 1 - tail. `sorted` ascending and not all equal; z0 counts ties by
/// half and must be finite.
[[nodiscard]] double bias_of(std::span<const double> sorted, double estimate);
[[nodiscard]] Interval bca(std::span<const double> sorted, double bias, double acceleration, double tail);

/// Linear interpolation between order statistics (Hyndman and Fan's type 7); `sorted` ascending, not empty.
[[nodiscard]] double quantile(std::span<const double> sorted, double p);

/// Fills in ends, se and degrees of a statistic from its resampled values (any order) by BCa, the distances of the ends
/// from the mean scaled to the components (intervals.h) and kept inside `range`. "", or why there is no interval.
[[nodiscard]] std::string set_bootstrap_ends(Summary& summary, std::vector<double> values, const Components& components,
                                             Interval range);

/// Wilson's interval with another quantile than the normal distribution's.
[[nodiscard]] Interval wilson_at(double share, double n, double z);

}  // namespace seqbench::analyze
