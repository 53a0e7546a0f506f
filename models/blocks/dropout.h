#pragma once
// Dropout whose mask is a function of (stream, epoch, step, row within the step, element of the row) alone, so neither
// the batch's other rows, its padding, threads nor resuming changes it. LibTorch's own draws from a generator that is
// shared by all. On a GPU LibTorch's own draws, from the device's generator, which the loop seeds anew at each step.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "harness/base/streams.h"
#include "harness/contract/model.h"

namespace seqbench::models {

class Dropout {
 public:
  /// Draws from stream "dropout/MODULE". 0 <= probability < 1, else InputError naming the module.
  Dropout(const Streams& streams, const std::string& module, double probability);

  /// x [B, ...], or rows end to end as pass.lengths says: in training each element is dropped with the probability and
  /// kept ones are scaled by 1/(1 - probability); in evaluation x itself.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, const Pass& pass) const;
  [[nodiscard]] double probability() const { return probability_; }
  /// to[i] is 1/(1 - probability) where element begin + i of a row of the batch is kept, else 0; `begin` is a multiple of 4.
  void draw(const Pass& pass, std::int64_t row, std::int64_t begin, std::span<float> to) const;
  /// f32 [rows, elements] on the CPU: 1 where an element is kept, else 0.
  [[nodiscard]] at::Tensor mask(std::int64_t rows, std::int64_t elements, const Pass& pass) const;

 private:
  /// Sets every element of a dense `mask` to `kept` or 0; rows of `sizes` elements one after another.
  void fill(const at::Tensor& mask, std::span<const std::int64_t> sizes, const Pass& pass, double kept) const;

  Stream stream_;
  double probability_;
};

}  // namespace seqbench::models
