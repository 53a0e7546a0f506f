#pragma once
// A Gaussian process on training rows: what it is made from, its factor, and what it says of other rows.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "harness/contract/model.h"
#include "models/mutation_gp/kernel.h"
#include "models/mutation_gp/sets.h"

namespace seqbench::models::mutation_gp {

// Letters: N training rows taken, B rows of a block, T targets.

inline constexpr std::int64_t kMostRows = 16'384;  // a factor of 2 GiB

/// All that a fitted process is made from.
struct Data {
  Reader reader;
  bool sites = false;
  Sets sets;            // of the rows taken, [N]
  at::Tensor targets;   // f64 [N, T], less the mean, in standard deviations
  at::Tensor variance;  // f64 [N], of the noise in units of noise^2: 1 / weight
  at::Tensor scale;     // f64 [2, T]: mean and standard deviation of the targets
  Kernel kernel;

  [[nodiscard]] std::vector<NamedTensor> state() const;
  /// Throws InputError naming missing and surplus tensors and what does not fit.
  [[nodiscard]] static Data of(std::span<const NamedTensor> state);
  /// Of the first `count` rows with each other.
  [[nodiscard]] Readings readings(std::int64_t count) const;

  [[nodiscard]] SetIndex index(const Sets& some) const { return {some, reader.features(), sites ? reader.symbols() : 0}; }
};

/// The data with their covariance factored.
class Process {
 public:
  Process() = default;
  /// Throws InputError when the covariance is not positive definite in f64.
  Process(Data data, const FitControl& control);

  [[nodiscard]] const Data& data() const { return data_; }
  [[nodiscard]] bool is_made() const { return alpha_.defined(); }
  /// f64 [rows, T].
  [[nodiscard]] at::Tensor mean(const View& view, std::span<const std::int64_t> rows) const;
  /// Of a reading, noise included.
  [[nodiscard]] at::Tensor deviation(const View& view, std::span<const std::int64_t> rows) const;

 private:
  void factor(const FitControl& control);
  /// f64 [rows, ...]: `make` of the sets of each block and their covariance [B, N].
  template <typename Make>
  at::Tensor by_blocks(const View& view, std::span<const std::int64_t> rows, const Make& make) const;

  Data data_;
  SetIndex index_;
  at::Tensor factor_;  // f64 [N, N], lower; nothing above the diagonal is meant
  at::Tensor alpha_;   // f64 [N, T]
};

}  // namespace seqbench::models::mutation_gp
