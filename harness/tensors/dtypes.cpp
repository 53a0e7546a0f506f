#include "harness/tensors/dtypes.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "harness/base/error.h"

namespace seqbench::tensors {
namespace {

constexpr std::array<Dtype, 16> kDtypes = {{{"U64", at::ScalarType::UInt64, 8},
                                            {"I64", at::ScalarType::Long, 8},
                                            {"F64", at::ScalarType::Double, 8},
                                            {"C64", at::ScalarType::ComplexFloat, 8},
                                            {"F32", at::ScalarType::Float, 4},
                                            {"U32", at::ScalarType::UInt32, 4},
                                            {"I32", at::ScalarType::Int, 4},
                                            {"BF16", at::ScalarType::BFloat16, 2},
                                            {"F16", at::ScalarType::Half, 2},
                                            {"U16", at::ScalarType::UInt16, 2},
                                            {"I16", at::ScalarType::Short, 2},
                                            {"F8_E4M3", at::ScalarType::Float8_e4m3fn, 1},
                                            {"F8_E5M2", at::ScalarType::Float8_e5m2, 1},
                                            {"I8", at::ScalarType::Char, 1},
                                            {"U8", at::ScalarType::Byte, 1},
                                            {"BOOL", at::ScalarType::Bool, 1}}};

template <typename Same>
const Dtype* first(const Same& same) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(), same);
  return found == kDtypes.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Dtype> dtypes() { return kDtypes; }

const Dtype* find_dtype(std::string_view name) {
  return first([&](const Dtype& dtype) { return dtype.name == name; });
}

const Dtype* find_dtype(at::ScalarType type) {
  return first([&](const Dtype& dtype) { return dtype.type == type; });
}

std::string dtype_names() {
  std::string names;
  for (const Dtype& dtype : kDtypes) names.append(names.empty() ? "" : ", ").append(dtype.name);
  return names;
}

std::optional<std::uint64_t> bytes_of(std::span<const std::int64_t> shape, std::uint64_t element_bytes) {
  std::int64_t extent = static_cast<std::int64_t>(element_bytes);
  bool empty = false;
  for (const std::int64_t size : shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(size, 1), &extent)) return std::nullopt;
  }
  return empty ? 0 : static_cast<std::uint64_t>(extent);
}

at::Tensor tensor_of(std::string_view bytes, const Dtype& dtype, std::span<const std::int64_t> shape,
                     const std::string& place) {
  SEQBENCH_ASSERT(bytes_of(shape, dtype.bytes) == bytes.size(), "the bytes fit dtype and shape");
  if (dtype.type == at::ScalarType::Bool &&
      std::any_of(bytes.begin(), bytes.end(), [](char byte) { return byte != 0 && byte != 1; })) {
    throw InputError(place + ": a BOOL must be 0 or 1");
  }
  at::Tensor tensor = at::empty(at::IntArrayRef(shape.data(), shape.size()), dtype.type);
  if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

}  // namespace seqbench::tensors
