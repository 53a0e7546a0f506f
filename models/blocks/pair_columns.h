#pragma once
// Columns and the products of two of them, as lists of what is not 0 in a row: for linear models of thousands of features
// whose rows hold few.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "harness/contract/view.h"
#include "models/blocks/columns.h"

namespace seqbench::models {

/// The values of rows that are not 0, row after row.
struct ListedRows {
  std::vector<std::size_t> ends;  // of each row in the two lists
  std::vector<std::int64_t> columns;
  std::vector<double> values;
};

class PairColumns {
 public:
  PairColumns() = default;
  /// `pairs` int64 [Q, 2]: columns a < b, ascending. Throws InputError where they are not.
  PairColumns(Columns columns, at::Tensor pairs);
  /// The columns that are not 0 in some of these rows, and the pairs that are so together in at least `min_rows` of them. On
  /// codes a symbol that half of the rows have at its position is their background and pairs with none: such a pair would
  /// repeat the other column. Throws InputError for a view of text and where rows hold too many pairs to be listed.
  [[nodiscard]] static PairColumns seen_in(const View& view, std::span<const std::int64_t> rows, std::int64_t min_rows);

  /// Of columns and, after them, of pairs.
  [[nodiscard]] std::int64_t count() const { return columns_.count() + static_cast<std::int64_t>(codes_.size()); }
  [[nodiscard]] const Columns& columns() const { return columns_; }
  [[nodiscard]] const at::Tensor& pairs() const { return pairs_; }
  /// Throws InputError when the view has another width than these columns were made from.
  [[nodiscard]] ListedRows list(const View& view, std::span<const std::int64_t> rows) const;

 private:
  Columns columns_;
  at::Tensor pairs_;
  std::vector<std::int64_t> codes_;  // a * count of columns + b, ascending
};

}  // namespace seqbench::models
