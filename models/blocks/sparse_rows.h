#pragma once
// Rows as lists of their columns that are not 0, for sums over many columns. What fits into memory is kept, the rest is
// made anew at each pass.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/blocks/columns.h"

namespace seqbench::models {

struct SparseRow {
  std::span<const std::int32_t> columns;
  std::span<const float> values;
};

class SparseRows {
 public:
  /// `rows` and `view` must outlive this.
  SparseRows(const Columns& columns, const View& view, std::span<const std::int64_t> rows)
      : columns_(columns), view_(view), rows_(rows) {}

  /// Calls visit(i, row) for each, in order; `check_stop` between blocks.
  void for_each(const std::function<void()>& check_stop, const std::function<void(std::size_t, const SparseRow&)>& visit);

 private:
  struct Block {
    std::vector<std::int32_t> columns;
    std::vector<float> values;
    std::vector<std::size_t> ends;  // of each row
  };
  [[nodiscard]] Block make(std::span<const std::int64_t> rows) const;

  const Columns& columns_;
  const View& view_;
  std::span<const std::int64_t> rows_;
  std::vector<Block> kept_;
  std::size_t kept_values_ = 0;
};

}  // namespace seqbench::models
