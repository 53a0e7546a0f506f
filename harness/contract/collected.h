#pragma once
// Predictions that come from outside: by name, in any order.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/catalog.h"

namespace seqbench {

class CollectedPredictions {
 public:
  /// `names` of all rows of a data set, which must outlive this; `rows` are those to be predicted. Throws InputError
  /// where two of them share a name.
  CollectedPredictions(std::span<const std::string> names, std::vector<std::int64_t> rows, std::int64_t targets, TaskKind kind);

  /// One row's values; `cells` are their texts. Throws InputError for a name that is unknown or comes twice, for another
  /// number of values, and for one that is not finite or, of two classes, no probability.
  void add(std::string_view name, std::span<const std::string_view> cells);
  void add(std::string_view name, std::span<const double> values);
  [[nodiscard]] bool knows(std::string_view name) const { return place_of(name) < rows_.size(); }
  /// InputError with the number of names missing and the first five.
  void check_complete() const;
  /// [rows, targets]; of rows that were to be predicted.
  [[nodiscard]] std::vector<double> of(std::span<const std::int64_t> rows) const;

 private:
  [[nodiscard]] std::size_t place_of(std::string_view name) const;  // rows_.size() = unknown

  std::span<const std::string> names_;
  std::vector<std::int64_t> rows_;  // sorted by name
  std::vector<double> values_;      // [rows_, targets]; NaN: not yet
  std::size_t targets_;
  bool probabilities_;
};

}  // namespace seqbench
