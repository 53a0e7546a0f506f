#pragma once
// The assay of the twin. A training row was seen in c cells (c = 1 with probability 0.38, else 1 + Geometric(0.45), at
// most 20) and its label is their mean bin, to the nearest 1/c, within the bins; a test row was measured deeply.

#include "harness/base/streams.h"

namespace seqbench::tasks::dream_expression {

/// A training label around `noiseless`.
[[nodiscard]] double assay_draw(double noiseless, Draws draws);
/// The mean of assay_draw: a sum over cells and bins.
[[nodiscard]] double assay_mean_exact(double noiseless);
/// The same from a table of it, within 1e-9; `noiseless` within the bins.
[[nodiscard]] double assay_mean(double noiseless);

/// A test label is N(noiseless, 0.35^2): nothing is rounded or cut off.
inline constexpr double kTestNoise = 0.35;

}  // namespace seqbench::tasks::dream_expression
