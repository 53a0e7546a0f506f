#pragma once
// Where packed rows lie: in memory of their own, or in a file's mapping.

#include <cstdint>
#include <memory>
#include <vector>

#include "tasks/data/packed_dna.h"

namespace seqbench::tasks {

inline constexpr std::int64_t kBasesPerByte = 4;

struct PackedDna::Storage {
  std::int64_t longest = 0;
  std::int64_t stride = 0;  // bytes a row
  std::int64_t rows = 0;
  std::int64_t other_count = 0;
  const std::uint8_t* packed = nullptr;
  const std::int64_t* lengths = nullptr;
  const std::int64_t* others = nullptr;  // [n, 3]: row, position, code; rows ascending
  const double* values = nullptr;        // of a file: one a row
  std::shared_ptr<const void> mapping;   // null: what lies below is what the pointers mean

  std::vector<std::uint8_t> own_packed;
  std::vector<std::int64_t> own_lengths;
  std::vector<std::int64_t> own_others;

  explicit Storage(std::int64_t longest_row)
      : longest(longest_row), stride((longest_row + kBasesPerByte - 1) / kBasesPerByte) {}
  /// After the vectors grew.
  void point_at_own() {
    packed = own_packed.data();
    lengths = own_lengths.data();
    others = own_others.data();
    rows = static_cast<std::int64_t>(own_lengths.size());
    other_count = static_cast<std::int64_t>(own_others.size()) / 3;
  }
  /// The first of `others` at `row` or after it.
  [[nodiscard]] std::int64_t first_other(std::int64_t row) const;
  /// Codes 0 ... 4 of a row.
  void read(std::int64_t row, std::vector<std::uint8_t>& codes) const;
};

}  // namespace seqbench::tasks
