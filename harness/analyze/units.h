#pragma once
// Private to the room: what a resample draws with replacement, and what a jackknife leaves out.

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/streams.h"

namespace seqbench::analyze {

/// Rows, or whole groups of rows (clusters), all of one stratum or of two (the classes). Draws keep the number of
/// units of each stratum.
class Units {
 public:
  [[nodiscard]] static Units rows(std::size_t count);
  /// Rows of one group number are drawn together; numbers need no order.
  [[nodiscard]] static Units groups(std::span<const std::int64_t> group_of_row);
  /// Rows, those of class 1 and the others apart.
  [[nodiscard]] static Units classes(std::span<const double> truth);

  [[nodiscard]] std::size_t row_count() const { return rows_; }
  [[nodiscard]] std::size_t count() const;
  /// How often each row is drawn, [rows].
  void draw(Draws draws, std::span<double> weights) const;

  /// One set of rows for a jackknife to leave out: one unit, or, where a stratum has more than 2,000, one of 200 blocks
  /// of nearly equal size (every 200th unit, so that neighbours in the order of rows are spread over blocks).
  struct Block {
    std::size_t stratum;
    std::vector<std::uint32_t> rows;
  };
  [[nodiscard]] std::vector<Block> blocks() const;

 private:
  explicit Units(std::size_t row_count) : rows_(row_count) {}
  std::size_t rows_;
  std::vector<std::vector<std::uint32_t>> strata_;   // unit numbers; none: one stratum of all rows in order
  std::vector<std::vector<std::uint32_t>> members_;  // rows of each unit; none: unit = row
};

}  // namespace seqbench::analyze
