#pragma once
// Element types of tensor files.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seqbench::tensors {

struct Dtype {
  std::string_view name;  // as safetensors spells it
  at::ScalarType type;
  std::uint64_t bytes;  // of one element
};

/// In the order in which the reference writer of safetensors lays tensors out (0.8.0, serialize in lib.rs).
[[nodiscard]] std::span<const Dtype> dtypes();
[[nodiscard]] const Dtype* find_dtype(std::string_view name);
[[nodiscard]] const Dtype* find_dtype(at::ScalarType type);
/// "U64, I64, ...", for messages.
[[nodiscard]] std::string dtype_names();

/// Bytes of a contiguous tensor, where even its strides can be computed without overflow. Sizes are 0 or more.
[[nodiscard]] std::optional<std::uint64_t> bytes_of(std::span<const std::int64_t> shape, std::uint64_t element_bytes);

/// A tensor of `bytes` copied in; `bytes` fits dtype and shape. Throws InputError "PLACE: ..." where a BOOL is neither 0
/// nor 1: such a value is undefined in C++.
[[nodiscard]] at::Tensor tensor_of(std::string_view bytes, const Dtype& dtype, std::span<const std::int64_t> shape,
                                   const std::string& place);

}  // namespace seqbench::tensors
