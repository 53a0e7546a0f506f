#pragma once
// The trained tensors of a network, each drawn from a stream of its own: adding a layer leaves the others' initial
// values alone.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/streams.h"
#include "harness/contract/model.h"

namespace seqbench::models {

struct Init {
  enum class Kind { kUniform, kConstant };
  Kind kind = Kind::kConstant;
  double value = 0;  // uniform: on [-value, value); constant: itself

  [[nodiscard]] static Init uniform(double bound) { return {Kind::kUniform, bound}; }
  [[nodiscard]] static Init zeros() { return {Kind::kConstant, 0}; }
  [[nodiscard]] static Init ones() { return {Kind::kConstant, 1}; }
  /// 1/sqrt(fan_in): weights and biases of torch.nn.Linear and torch.nn.Conv1d as those start out
  /// (kaiming_uniform_ with a = sqrt(5)). fan_in: inputs, times the kernel's length for a convolution.
  [[nodiscard]] static Init kaiming(std::int64_t fan_in);
};

class ParameterSet {
 public:
  ParameterSet(const Streams& streams, at::ScalarType dtype) : streams_(streams), dtype_(dtype) {}

  /// Draws from stream "init/NAME" in f32 on the CPU, in row-major order, then converts to the dtype. The tensor
  /// that is returned is the one in `tensors()`. A name that is taken is an assertion.
  at::Tensor add(const std::string& name, const std::vector<std::int64_t>& shape, Init init);
  /// In the order of `add`.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }

 private:
  Streams streams_;
  at::ScalarType dtype_;
  std::vector<NamedTensor> tensors_;
};

}  // namespace seqbench::models
