#pragma once
// A printed number held against a measured row (HARNESS 8.9).

#include <optional>

#include "harness/analyze/verdicts.h"
#include "harness/store/records.h"
#include "reports/render.h"

namespace seqbench::reports {

/// Nothing where they may not be compared: the row is no real data at full scale or has random weights, the number or
/// its margin is missing, or it is of another metric or part.
[[nodiscard]] std::optional<analyze::Judgement> judged(const store::PublishedRow& published, const Row& row,
                                                       const Row::Cell& cell);

}  // namespace seqbench::reports
