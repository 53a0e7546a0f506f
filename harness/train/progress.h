#pragma once
// Where a fit stands: everything of it that is not a tensor.

#include <cstdint>
#include <limits>

#include "harness/base/json.h"
#include "harness/train/batches.h"

namespace seqbench::train {

/// The length of a fit.
struct FitLength {
  std::int64_t rows_per_epoch = 0, steps_per_epoch = 0, steps = 0;
  std::int64_t used_rows = 0;  // of an epoch: fewer than rows_per_epoch where drop_last leaves some out
};
/// Throws InputError when the settings give no step.
[[nodiscard]] FitLength fit_length(const FitSettings& settings, std::int64_t rows_per_epoch);

/// Metrics are NaN until there is one; a metric that is NaN never beats another.
struct Progress {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  std::int64_t step = 0;         // steps done; epoch and position in it follow
  LossTotal loss;                // training loss since the last evaluation
  double metric = kNone;         // on validation, at the last evaluation
  double kept_metric = kNone;
  std::int64_t kept_step = -1;   // the step of the best state; -1: none yet
  double reference = kNone;      // the metric that patience compares with
  std::int64_t stale = 0;        // evaluations since that was beaten
};

/// Doubles as the hex digits of their bits, so that nothing is rounded.
[[nodiscard]] Json to_json(const Progress& progress, const FitLength& length);
/// Throws InputError for a value that is missing or makes no sense, and for another length than `length`.
[[nodiscard]] Progress progress_from_json(const Json& state, const FitLength& length);

}  // namespace seqbench::train
