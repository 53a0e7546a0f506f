#pragma once
// Which rows of a data set a trial trains, validates and tests on.

#include <cstdint>
#include <vector>

#include "harness/contract/task.h"
#include "harness/data/splits.h"
#include "harness/run/trial.h"

namespace seqbench::run {

/// Rows of the data set, each part in the order of sorted ids. Throws InputError when a part that the trial
/// needs is empty, naming split, limit and rows.
[[nodiscard]] data::SplitRows split_rows(const Examples& examples, const TrialConfig& config);
/// Targets with the rows of training and validation permuted among themselves (labels = "shuffled").
[[nodiscard]] std::vector<double> shuffled_targets(const Examples& examples, const data::SplitRows& rows,
                                                   std::int64_t targets, const Streams& streams);

}  // namespace seqbench::run
