#pragma once
// What a fitted linear model predicts from: scores = x coefficients + intercept, over the columns that were kept.

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "models/blocks/columns.h"

namespace seqbench::models {

struct LinearScores {
  Columns columns;
  at::Tensor coefficients;  // f64 [P, T]
  at::Tensor intercept;     // f64 [T]

  /// f64 [rows, T].
  [[nodiscard]] at::Tensor scores(const View& view, std::span<const std::int64_t> rows) const;
  [[nodiscard]] std::vector<NamedTensor> state() const;
  /// Throws InputError naming missing and surplus tensors and shapes that do not fit.
  void load(std::string_view model, std::span<const NamedTensor> state);
};

/// The tensors of these names in that order; throws InputError naming the model and what is missing or surplus.
[[nodiscard]] std::vector<at::Tensor> take_tensors(std::string_view model, std::span<const NamedTensor> state,
                                                   std::span<const std::string_view> names);
/// f64 values in row-major order.
[[nodiscard]] std::vector<double> to_vector(const at::Tensor& values);

/// Strengths in descending order without repeats; throws InputError unless all are positive and finite.
[[nodiscard]] std::vector<double> checked_strengths(std::string_view model, std::vector<double> strengths);

/// Throws InputError unless there are training rows, and validation rows where there is a choice to make.
void check_fit_rows(std::string_view model, const FitRows& train, const FitRows& validation, std::size_t strengths);

}  // namespace seqbench::models
