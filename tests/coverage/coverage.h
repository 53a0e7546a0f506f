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

/// A published run whose method truly differs from ours by the margin, against several of our runs.
struct Published {
  std::size_t trials;
  double run_sd;           // between runs, in margins
  std::size_t rows = 0;    // 0: scores alone, t over seeds; else mse over so many rows, the published run on its own rows
  std::size_t folds = 0;   // > 0: scores of so many folds, that share a part of their error
};
struct Refutations {
  int draws = 0, refuted = 0;
  int literally = 0;  // by HARNESS 8.9's rule 3 word for word: the prediction interval widened by half a unit alone
};
/// Draws alternate between a published value that is better and one that is worse.
[[nodiscard]] Refutations refute(const Published& design, int draws, int resamples);

}  // namespace seqbench::coverage
