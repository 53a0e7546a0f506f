#include "harness/contract/task.h"

#include <fmt/format.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {

Verdict verify(const TaskEntry& task, std::span<const double> predictions, std::int64_t rows) {
  SEQBENCH_ASSERT(rows >= 0 && !task.targets.empty(), "a task has targets, and no part of it fewer than 0 rows");
  const std::size_t targets = task.targets.size();
  if (predictions.size() != static_cast<std::size_t>(rows) * targets) {
    return {false, fmt::format("expected {} predictions ({} rows, {} targets), got {}",
                               static_cast<std::size_t>(rows) * targets, rows, targets, predictions.size())};
  }
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const double value = predictions[i];
    const bool probability = value >= 0 && value <= 1;
    if (std::isfinite(value) && (task.kind != TaskKind::kBinary || probability)) continue;
    const char* wanted = task.kind == TaskKind::kBinary ? "a probability from 0 to 1" : "a finite number";
    return {false, fmt::format("row {}, target '{}': expected {}, got {}", i / targets, task.targets[i % targets].name,
                               wanted, format_double(value))};
  }
  return {};
}

Verdict verify_spreads(std::span<const double> spreads, std::size_t predictions) {
  if (spreads.empty()) return {};
  if (spreads.size() != predictions) return {false, fmt::format("expected {} standard deviations, got {}", predictions, spreads.size())};
  for (std::size_t i = 0; i < spreads.size(); ++i) {
    if (std::isfinite(spreads[i]) && spreads[i] > 0) continue;
    return {false, fmt::format("prediction {}: expected a standard deviation above 0, got {}", i, format_double(spreads[i]))};
  }
  return {};
}

}  // namespace seqbench
