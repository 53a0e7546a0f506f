#pragma once
// Views as columns of numbers, for the linear models: one-hot positions x symbols, sets and bits as 0/1, dense
// values as they are. Only columns that some training row uses are kept; a weight on any other could not be learnt.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "harness/contract/model.h"
#include "harness/contract/view.h"

namespace seqbench::models {

class Columns {
 public:
  Columns() = default;
  /// `features` int64 [P], ascending, of 0 ... width-1.
  Columns(at::Tensor features, std::int64_t width);
  /// The columns that are not 0 in some of these rows. Throws InputError for a view of text.
  [[nodiscard]] static Columns seen_in(const View& view, std::span<const std::int64_t> rows);

  [[nodiscard]] std::int64_t count() const { return features_.defined() ? features_.numel() : 0; }
  [[nodiscard]] std::int64_t width() const { return static_cast<std::int64_t>(column_of_.size()); }
  [[nodiscard]] const at::Tensor& features() const { return features_; }
  /// Calls visit(i, column, value) for the values of the i-th of these rows that are not 0. Throws InputError when the
  /// view has another width than these columns were made from.
  void visit(const View& view, std::span<const std::int64_t> rows,
             const std::function<void(std::size_t, std::int64_t, double)>& visit) const;
  /// f64 [rows, count]; throws as visit.
  [[nodiscard]] at::Tensor expand(const View& view, std::span<const std::int64_t> rows) const;

 private:
  at::Tensor features_;
  std::vector<std::int64_t> column_of_;  // [width], -1 = not kept
};

/// Calls `visit(begin, block)` with consecutive rows, few enough that an expanded block stays small.
void for_each_block(std::span<const std::int64_t> rows,
                    const std::function<void(std::size_t begin, std::span<const std::int64_t> block)>& visit);

/// f64 copy of `values` from `begin` on in that shape.
[[nodiscard]] at::Tensor tensor_from(std::span<const double> values, std::size_t begin,
                                     const std::vector<std::int64_t>& shape);

/// Weighted means over the training rows.
struct Means {
  double weight = 0;  // sum of weights
  at::Tensor x;       // f64 [P]
  at::Tensor y;       // f64 [T]
};
[[nodiscard]] Means weighted_means(const Columns& columns, const FitRows& train, const FitControl& control);

}  // namespace seqbench::models
