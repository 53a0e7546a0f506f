#pragma once
// Splits of HARNESS 6.4, equal on every platform. All functions take the list of ids in any order and work on
// the ids sorted by bytes; results are indices into the list as given, in the order drawn.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/streams.h"

namespace seqbench::data {

struct SplitRows {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
};

/// Shuffle of the sorted ids by `split` (epoch = repeat): the P of the text.
[[nodiscard]] std::vector<std::int64_t> shuffled(std::span<const std::string> ids, const Stream& split,
                                                 std::uint32_t repeat);
/// Fold `fold` of `folds` is the test part; validation is cut from the rest by the stream with step = fold + 1:
/// the first round(validation x rest) rows of the rest's shuffle.
[[nodiscard]] SplitRows k_fold(std::span<const std::string> ids, const Stream& split, std::uint32_t repeat,
                               std::uint32_t folds, std::uint32_t fold, double validation);
/// Test: the first round(test x n) of P; validation: the next round(validation x (n - test)) of it.
[[nodiscard]] SplitRows holdout(std::span<const std::string> ids, const Stream& split, std::uint32_t repeat,
                                double test, double validation);
/// The first m of the shuffle by the `subsample` stream, so smaller sets nest in larger; sorted by index.
[[nodiscard]] std::vector<std::int64_t> subsample(std::span<const std::string> ids, const Stream& stream,
                                                  std::int64_t m);

}  // namespace seqbench::data
