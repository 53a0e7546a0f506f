#pragma once
// The trained tensors of a network, each drawn from a stream of its own: adding a layer leaves the others' initial
// values alone.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/streams.h"
#include "harness/contract/model.h"

namespace seqbench::models {

struct Init {
  enum class Kind { kUniform, kNormal, kConstant };
  Kind kind = Kind::kConstant;
  double value = 0;  // uniform: on [-value, value); normal: the standard deviation; constant: itself
  std::int64_t zero_row = -1;  // a row that starts as zeros: an embedding's padding

  [[nodiscard]] static Init uniform(double bound) { return {Kind::kUniform, bound}; }
  [[nodiscard]] static Init normal(double sd, std::int64_t zero_row = -1) { return {Kind::kNormal, sd, zero_row}; }
  [[nodiscard]] static Init zeros() { return {Kind::kConstant, 0}; }
  [[nodiscard]] static Init ones() { return {Kind::kConstant, 1}; }
  /// 1/sqrt(fan_in): weights and biases of torch.nn.Linear and torch.nn.Conv1d as those start out
  /// (kaiming_uniform_ with a = sqrt(5)). fan_in: inputs, times the kernel's length for a convolution.
  [[nodiscard]] static Init kaiming(std::int64_t fan_in);
};

/// Values that a checkpoint has for a name of this shape and dtype; nothing where it has none.
using GivenValues = std::function<std::optional<at::Tensor>(const std::string& name,
                                                            const std::vector<std::int64_t>& shape, at::ScalarType)>;

class ParameterSet {
 public:
  ParameterSet(const Streams& streams, at::ScalarType dtype, GivenValues given = {})
      : streams_(streams), dtype_(dtype), given_(std::move(given)) {}

  /// The given values; where there are none, draws from stream "init/NAME" in f32 on the CPU, in row-major order, then
  /// converts to the dtype. The tensor that is returned is the one in `tensors()`. A name that is taken is an assertion.
  at::Tensor add(const std::string& name, const std::vector<std::int64_t>& shape, Init init);
  /// In the order of `add`.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }

 private:
  Streams streams_;
  at::ScalarType dtype_;
  GivenValues given_;
  std::vector<NamedTensor> tensors_;
};

}  // namespace seqbench::models
