#pragma once
// Predictions of a trial's parts become metric rows and stored predictions.

#include <array>
#include <string>
#include <vector>

#include "harness/contract/task.h"
#include "harness/data/splits.h"
#include "harness/run/trial.h"
#include "harness/store/records.h"
#include "harness/train/fit.h"

namespace seqbench::run {

inline constexpr std::array<const char*, 3> kPartNames = {"train", "validation", "test"};

/// Values of `values` [rows, width], in the order of `rows`.
[[nodiscard]] std::vector<double> gathered(std::span<const double> values, std::span<const std::int64_t> rows,
                                           std::size_t width);
/// Which of `rows` have this value: `where` is "FIELD=VALUE" as in the name of a slice. Places within `rows`; InputError
/// naming train.best_on where there are none.
[[nodiscard]] std::vector<std::int64_t> places_where(const Examples& examples, std::span<const std::int64_t> rows,
                                                     std::string_view where);
/// Truth of one part as it is stored beside predictions.
[[nodiscard]] store::ExampleSet example_set(const Examples& examples, const TrialConfig& config, int part,
                                            std::span<const std::int64_t> rows);
/// Metrics over all rows of a part; of the test part also by each slice field, and the task's own scores.
void add_metrics(store::TrialRecord& record, const TrialConfig& config, int part, const Dataset& dataset,
                 std::span<const std::int64_t> rows, std::span<const double> predictions);

/// Scores of the standard deviations, of the test part also by each slice field (regression on one target).
void add_spread(store::TrialRecord& record, const TrialConfig& config, int part, const Dataset& dataset,
                std::span<const std::int64_t> rows, const train::Predictions& predictions);

}  // namespace seqbench::run
