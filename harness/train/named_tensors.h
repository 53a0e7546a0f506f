#pragma once
// Lists of named tensors: copied, renamed, and matched against each other.

#include <span>
#include <string>
#include <vector>

#include "harness/contract/model.h"

namespace seqbench::train {

/// Parameters, then buffers; an assertion when a name occurs twice.
[[nodiscard]] std::vector<NamedTensor> tensors_of(Network& network);
/// Copies of the values, without gradients.
[[nodiscard]] std::vector<NamedTensor> copies(std::span<const NamedTensor> tensors);
/// Appends `tensors` with `prefix` before their names.
void append(std::vector<NamedTensor>& into, const std::string& prefix, std::span<const NamedTensor> tensors);
/// Null when absent.
[[nodiscard]] const at::Tensor* find(std::span<const NamedTensor> tensors, std::string_view name);

/// Throws InputError "WHAT: ..." that lists every name that is missing, surplus, twice there, or of another shape
/// or dtype than `wanted` has it.
void check_same(std::span<const NamedTensor> given, std::span<const NamedTensor> wanted, const std::string& what);
/// Writes the values of `from` into the tensors of `into`, by name; every name must be there.
void copy_values(std::span<const NamedTensor> from, std::span<const NamedTensor> into);

}  // namespace seqbench::train
