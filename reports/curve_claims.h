#pragma once
// Private to the room: claims about how losses go over epochs, held against stored curves.

#include <string>

#include "harness/analyze/verdicts.h"
#include "harness/store/published_files.h"
#include "reports/measurements.h"

namespace seqbench::reports {

/// A claim of form "curve" over the rows that its left (and right) globs name on this input, each trial (a seed, repetition and
/// fold) counting once in a one-sided sign test, 5 % either way; one that tells neither counts against both. Its column says
/// what holds for a trial:
///   lowest_first  the metric followed on test rows is lowest at an earlier epoch than on validation rows, where it is then at
///                 least 1.1 times its lowest
///   falls         training and validation loss fall over epochs (Kendall's tau below 0, p at most 0.05)
///   steadier      the logarithm of the validation loss bends less from epoch to epoch (mean absolute second difference) than
///                 in the right row's trial of the same draw
/// `measured`: trials with the curves that it takes; none: nothing is decided.
struct CurveClaim {
  analyze::ClaimResult result;
  std::size_t measured = 0;
};
[[nodiscard]] CurveClaim judge_curves(const store::Claim& claim, const Measurements& measured, const std::string& input);

}  // namespace seqbench::reports
