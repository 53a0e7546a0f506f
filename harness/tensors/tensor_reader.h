#pragma once
// What any file of named tensors offers.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::tensors {

struct TensorInfo {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
};

/// Owns the file's mapping; reading is const and may happen from several threads. A file that another process cuts
/// short while it is mapped ends this one (SIGBUS), as with any mapping.
class TensorReader {
 public:
  TensorReader() = default;
  TensorReader(const TensorReader&) = delete;
  TensorReader& operator=(const TensorReader&) = delete;
  virtual ~TensorReader() = default;
  /// Sorted by name; names are unique.
  [[nodiscard]] virtual const std::vector<TensorInfo>& tensors() const = 0;
  /// An owned contiguous CPU tensor in the file's dtype. Throws InputError where there is no such name.
  [[nodiscard]] virtual at::Tensor read(std::string_view name) const = 0;
};

}  // namespace seqbench::tensors
