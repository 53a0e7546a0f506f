#pragma once
// Where two convolutions over rows that are near a reference have to be computed at all: around the positions that differ. A
// protein's variants share the rest with it. Letters: B rows, L positions, K positions of a kernel, N and F places.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace seqbench::models::mimo {

struct Windows {
  // Places that the first convolution sees a difference from.
  at::Tensor seen_NK;  // int64: offset in the kernel * (symbols + 1) + code; beyond the ends as padding
  at::Tensor keep_N;   // bool: within the row
  // Places that the second one sees such places from.
  at::Tensor seen_FK;     // int64: rows of a table of the reference's L positions, a row of zeros, the N places
  at::Tensor keep_F;      // bool
  at::Tensor position_F;  // int64
  at::Tensor row_F;       // int64
};

/// Codes and reference uint8; kernels odd and as long as each other. Nothing where rows are so far that all of them is less work,
/// or not on the CPU.
[[nodiscard]] std::optional<Windows> windows_of(const at::Tensor& codes_BL, const at::Tensor& reference_L, std::int64_t symbols,
                                                std::int64_t kernel);

}  // namespace seqbench::models::mimo
