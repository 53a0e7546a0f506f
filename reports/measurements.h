#pragma once
// Private to the room: what the store holds of a paper's numbers.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/store/published_files.h"
#include "reports/tables.h"

namespace seqbench::reports {

/// Key of a trial -> its execution.
using Executions = std::map<std::string, std::int64_t>;

/// Stored predictions of one part by a row's trials, in the order of its keys, or why there are none. All are over
/// `examples`, which the first one sets where it is null.
[[nodiscard]] std::optional<std::vector<std::vector<double>>> predictions_of(
    const store::Reader& store, const Executions& executions, const Row& row, const std::string& split,
    std::shared_ptr<const store::ExampleSet>& examples, std::string& why);

/// What was measured of one printed number.
struct Measured {
  const Row* row;
  const Row::Cell* cell;
  int rows = 1;  // that may stand beside the number; this one has the most trials
};

/// The store's rows of a paper's tasks, found by the printed numbers they stand for.
class Measurements {
 public:
  /// `store` null: nothing is measured.
  Measurements(const store::Reader* store, const store::Paper& paper);
  Measurements(const Measurements&) = delete;
  Measurements& operator=(const Measurements&) = delete;

  [[nodiscard]] const Measured* of(const store::PublishedRow& printed) const;
  /// a - b: over the same resampled test rows where both have stored their predictions of them, else Welch's.
  struct Difference {
    analyze::Summary summary;
    bool paired = false;
  };
  [[nodiscard]] Difference difference(const Measured& a, const Measured& b) const;

 private:
  void index(const TaskTable& table);
  [[nodiscard]] std::optional<analyze::Summary> paired(const Measured& a, const Measured& b) const;

  const store::Reader* store_;
  Executions executions_;
  std::map<std::string, TaskTable> tables_;
  std::map<std::string, Measured> by_uid_;
};

}  // namespace seqbench::reports
