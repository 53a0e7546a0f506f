#pragma once
// Splits of HARNESS 6.4, equal on every platform. A row is a position in the list of ids sorted by bytes (order_of_ids);
// parts come in the order drawn. Groups and classes are numbered from 0 in the byte order of their names.

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

/// Indices into `ids`, sorted by the ids' bytes; one pass where they are sorted already. Ids are unique.
[[nodiscard]] std::vector<std::int64_t> order_of_ids(std::span<const std::string> ids);
/// The number of each name among all names, in byte order.
[[nodiscard]] std::vector<std::int64_t> numbered(std::span<const std::string> names);
/// Rows ranked by value (ties by position) and cut into bins of equal count. Values are finite.
[[nodiscard]] std::vector<std::int64_t> quantile_bins(std::span<const double> values, std::int64_t bins);

/// Shuffle of `rows` positions by `split` (epoch = repeat): the P of the text.
[[nodiscard]] std::vector<std::int64_t> shuffled(std::int64_t rows, const Stream& split, std::uint32_t repeat);
/// Fold `fold` of `folds` is the test part; validation is cut from the rest by the stream with step = fold + 1:
/// the first round(validation x rest) rows of the rest's shuffle.
[[nodiscard]] SplitRows k_fold(std::int64_t rows, const Stream& split, std::uint32_t repeat, std::uint32_t folds,
                               std::uint32_t fold, double validation);
/// Counts of each class differ by at most 1 between folds, and so do the folds' sizes. Validation is as large as that of
/// k_fold and takes its share of each class, to within a row.
[[nodiscard]] SplitRows stratified_k_fold(std::span<const std::int64_t> classes, const Stream& split,
                                          std::uint32_t repeat, std::uint32_t folds, std::uint32_t fold,
                                          double validation);
/// Groups stay whole, in validation too. From the largest on (ties in shuffled order) each group goes to the fold that
/// keeps the variance over folds of each class's count lowest, all classes summed; without classes (empty) that is the
/// fold of fewest rows. Ties: the smaller fold, then the first. Validation: see grouped_holdout.
[[nodiscard]] SplitRows grouped_k_fold(std::span<const std::int64_t> groups, std::span<const std::int64_t> classes,
                                       const Stream& split, std::uint32_t repeat, std::uint32_t folds,
                                       std::uint32_t fold, double validation);
/// Test: the first round(test x n) of P; validation: the next round(validation x (n - test)) of it.
[[nodiscard]] SplitRows holdout(std::int64_t rows, const Stream& split, std::uint32_t repeat, double test,
                                double validation);
/// Whole groups in shuffled order: each goes where the counts of its classes are furthest below their share, so that a
/// part comes near its share of rows (kept to thousandths). A part that is asked for has a group at least: the smallest.
[[nodiscard]] SplitRows grouped_holdout(std::span<const std::int64_t> groups, const Stream& split, std::uint32_t repeat,
                                        double test, double validation);
/// The first m of the shuffle of `rows` positions by the `subsample` stream, so smaller sets nest in larger; sorted.
[[nodiscard]] std::vector<std::int64_t> subsample(std::int64_t rows, const Stream& stream, std::int64_t m);
/// The same of rows with these ids, whatever their order: indices into the list as given, sorted.
[[nodiscard]] std::vector<std::int64_t> subsample(std::span<const std::string> ids, const Stream& stream, std::int64_t m);
/// The m of `rows` whose own Philox values (epoch = repeat, step = 1, item = row) are smallest, ties by row; sorted.
/// Smaller sets nest in larger, and which other rows there are changes nothing.
[[nodiscard]] std::vector<std::int64_t> smallest(std::span<const std::int64_t> rows, const Stream& stream,
                                                 std::uint32_t repeat, std::int64_t m);

}  // namespace seqbench::data
