#pragma once
// Symbols that variants are told apart from, where no reference is given.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "harness/contract/view.h"

namespace seqbench::models {

/// Int64 [length]: the commonest symbol of each position in these rows, padding (= view.symbols) included; of equals the
/// lowest. At least one row.
[[nodiscard]] at::Tensor commonest_symbols(const CodeView& view, std::span<const std::int64_t> rows);

/// Of the view's first rows, 1,024 or all.
[[nodiscard]] at::Tensor commonest_symbols(const CodeView& view);

}  // namespace seqbench::models
