#pragma once
// Predictions of a trial's parts become metric rows and stored predictions.

#include <array>
#include <string>
#include <vector>

#include "harness/contract/task.h"
#include "harness/data/splits.h"
#include "harness/run/trial.h"
#include "harness/store/records.h"

namespace seqbench::run {

inline constexpr std::array<const char*, 3> kPartNames = {"train", "validation", "test"};

/// Truth of one part, for metrics and for the store.
[[nodiscard]] store::ExampleSet example_set(const Examples& examples, const TrialConfig& config, int part,
                                            std::span<const std::int64_t> rows);
/// Metrics over all rows of a part, and on the test part by each slice field.
void add_metrics(store::TrialRecord& record, const TrialConfig& config, int part, const store::ExampleSet& truth,
                 std::span<const double> predictions);

}  // namespace seqbench::run
