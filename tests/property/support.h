#pragma once
// The cases of the conformance suite, taken from the tables of tasks and models: what is added there is tested on
// arrival.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "harness/contract/task.h"

namespace seqbench::property {

inline constexpr std::int64_t kTwinRows = 200;

[[nodiscard]] std::vector<TaskEntry> all_tasks();
[[nodiscard]] std::vector<ModelEntry> all_models();
[[nodiscard]] bool offers(const TaskEntry& task, std::string_view view);

/// The task's twin with default parameters.
[[nodiscard]] std::unique_ptr<Dataset> load_twin(const TaskEntry& task, std::int64_t rows = kTwinRows);

/// A model on one view of one task.
struct Case {
  ModelEntry model;
  TaskEntry task;
  std::string view;
};
/// Every view that a model accepts and a task of its kind offers, of networks or of estimators.
[[nodiscard]] std::vector<Case> cases(bool networks);
[[nodiscard]] std::string test_name(const Case& one);

/// A case with its data loaded: twins are loaded once a process.
struct Loaded {
  const Case& one;
  const Examples& examples;
  const View& view;
  Params params;

  [[nodiscard]] std::int64_t targets() const { return static_cast<std::int64_t>(one.task.targets.size()); }
  [[nodiscard]] ModelContext context(std::uint64_t seed, at::ScalarType dtype = at::ScalarType::Float) const {
    return {params, view, one.task.kind, targets(), Streams(seed), dtype};
  }
};
[[nodiscard]] Loaded load(const Case& one);

[[nodiscard]] std::vector<std::int64_t> row_range(std::int64_t begin, std::int64_t end);
/// [rows, T] of these rows.
[[nodiscard]] std::vector<double> targets_of(const Loaded& loaded, std::span<const std::int64_t> rows);
/// The same view with every third row cut to about half its length; views without lengths as they are.
[[nodiscard]] View with_short_rows(const View& view);
[[nodiscard]] bool same(const View& a, const View& b);

}  // namespace seqbench::property
