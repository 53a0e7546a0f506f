#pragma once
// Private to the room: a table's values as they come out of the store, and which of them its cells summarise.

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

/// What a column of Values is, beside its names.
struct ColumnFacts {
  int split = 2;
  bool whole = true;  // the slice is "all"
  int version = 1;
  bool higher_is_better = false;
  std::string unit;
};

/// Fills a table's values, trial by trial; names are looked up once a column, never a row.
class ValueReader {
 public:
  /// Store and values must outlive the reader; about `trials` are expected.
  ValueReader(const store::Reader& store, Values& values, std::size_t trials)
      : store_(store), names_(store.names()), values_(values), expected_(trials) {}

  /// Appends a done trial of the table's row `row`.
  void add(std::uint32_t row, const store::TrialResult& trial);
  [[nodiscard]] const Values& values() const { return values_; }
  [[nodiscard]] const std::vector<ColumnFacts>& facts() const { return facts_; }
  /// Entries of the trial at this index of Values::trials.
  [[nodiscard]] std::span<const Values::Entry> of(std::size_t trial) const;
  /// Why the entry has no value, or ""; `entry` is one of values().entries.
  [[nodiscard]] std::string note(const Values::Entry& entry) const;

 private:
  struct Place {
    std::size_t scanned;   // index into scanned_
    std::uint32_t column;  // index into Values::columns
  };
  /// Whether the scanned rows have the names of the trial before, in its order.
  [[nodiscard]] bool same_names() const;
  void find_places();
  [[nodiscard]] std::uint32_t column_of(const store::ScannedMetric& metric);

  const store::Reader& store_;
  std::map<std::int64_t, store::NameRow> names_;
  Values& values_;
  std::size_t expected_;
  std::vector<ColumnFacts> facts_;
  std::vector<std::size_t> first_;              // of each trial, in entries
  std::map<std::size_t, std::string> notes_;    // by index into entries
  std::vector<store::ScannedMetric> scanned_;
  std::vector<store::ScannedMetric> before_;    // names of the trial before
  std::vector<Place> places_;                   // of the names, sorted by split, metric, slice
  std::map<std::array<std::int64_t, 3>, std::uint32_t> columns_;  // split, name, slice
};

/// The columns that become cells, in the order of cells: split (test first), slice, metric.
struct ColumnChoice {
  std::vector<std::uint32_t> columns;
  std::vector<std::uint32_t> place;  // of each column of Values, its position in `columns`; columns.size() = none
  std::size_t left_out = 0;
  std::set<std::string> resampled = {};  // not empty: intervals are of these metrics over whole parts alone

  [[nodiscard]] bool has_interval(const Values::Column& column) const {
    return resampled.empty() || (column.slice == "all" && resampled.contains(column.metric));
  }
};
/// At most `most` columns: whole parts before slices, `metrics` in their order, slices of `declared` fields before others. `only` not
/// empty: these metrics over whole parts alone.
[[nodiscard]] ColumnChoice choose_columns(const ValueReader& values, const std::vector<std::string>& metrics,
                                          const std::vector<std::string>& declared, std::size_t most,
                                          const std::set<std::string>& only = {});

/// Orders of parts and slices in tables: test, validation, others; "all" before any, numbers by value.
[[nodiscard]] int split_order(std::string_view split);
[[nodiscard]] std::tuple<bool, std::string, double, std::string> slice_order(const std::string& slice);

}  // namespace seqbench::reports
