#pragma once
// Private to the splits: what all kinds share.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/data/splits.h"

namespace seqbench::data {

using Rows = std::vector<std::int64_t>;

/// round(fraction x n).
[[nodiscard]] std::size_t share(double fraction, std::size_t n);
/// How many numbers there are: the highest and all below it.
[[nodiscard]] std::int64_t count_of(std::span<const std::int64_t> numbers);
void check_fraction(const char* name, double fraction);
/// `what`: of which there are `count`: "rows", "groups".
void check_folds(std::int64_t count, const char* what, std::uint32_t folds, std::uint32_t fold, double validation);
void check_train(const SplitRows& split);

}  // namespace seqbench::data
