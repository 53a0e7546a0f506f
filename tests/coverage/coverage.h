#pragma once
// Simulations with known truth, for the quick test and for the full table (tests/full/coverage).

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/analyze/intervals.h"

namespace seqbench::coverage {

/// One experiment: truth of test rows and predictions of several trials, whose skill differs from trial to trial.
struct Design {
  std::string_view metric;    // mse, pearson or accuracy
  std::size_t trials, rows;
  double level = 0.9;         // of accuracy; pearson: of one trial in expectation
  double seed_spread = 0.05;  // s.d. between trials of log error, or of the latent threshold
};

struct Draw {
  std::vector<double> truth;
  std::vector<std::vector<double>> predictions;
  double target = 0;  // expected metric: of a new trial on a new row; one trial: of that trial on a new row
};
/// Row errors are half shared by all trials, half their own.
[[nodiscard]] Draw draw(const Design& design, std::uint32_t repetition);

struct Coverage {
  int covered = 0, missed_low = 0, missed_high = 0, without = 0;  // missed_low: the target lies below the interval
  double width = 0;                                               // mean over intervals
  [[nodiscard]] double percent() const;
};
/// 95 % intervals of `repetitions` experiments, by `resamples`.
[[nodiscard]] Coverage measure(const Design& design, int repetitions, int resamples);

}  // namespace seqbench::coverage
