#pragma once
// Private to the room: what the store holds of a paper's numbers.

#include <array>
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

  /// `input` other than "": what a row labelled "ROW @ INPUT" measured, the paper's row on another input than the paper's; where
  /// INPUT is "one-hot, epoch by validation" and there is no such row, that of "one-hot".
  [[nodiscard]] const Measured* of(const store::PublishedRow& printed, const std::string& input = "") const;
  /// The row with most trials whose name, before " @ INPUT", is of this glob: on real data at full scale, without INPUT
  /// comparable with printed rows; null: none.
  [[nodiscard]] const Row* labelled(std::string_view glob, const std::string& input) const;
  /// Seed, repetition and fold of a trial.
  using Draw = std::array<std::int64_t, 3>;
  /// Stored curves of a row's trials.
  [[nodiscard]] std::map<Draw, std::vector<store::CurvePoint>> curves(const Row& row) const;
  /// Inputs that rows of the store name, in order; "" is not among them.
  [[nodiscard]] std::vector<std::string> inputs() const;
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
  std::map<std::string, Draw> draws_;  // by the trial's key
  std::set<std::string> inputs_;
  std::map<std::string, TaskTable> tables_;
  void add(const std::string& input, const std::string& uid, const Row& row, const Row::Cell& cell);

  std::map<std::string, std::map<std::string, Measured>> by_input_;  // input -> uid of a printed number
};

}  // namespace seqbench::reports
