#include "harness/data/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::data {
namespace {

using Rows = std::vector<std::int64_t>;

/// `rows` ordered by the bytes of their ids, so that the order in which they came is forgotten.
void sort_by_id(std::span<const std::string> ids, Rows& rows) {
  const auto id = [&](std::int64_t row) -> const std::string& { return ids[static_cast<std::size_t>(row)]; };
  std::sort(rows.begin(), rows.end(), [&](std::int64_t a, std::int64_t b) { return id(a) < id(b); });
  const auto twice = std::adjacent_find(rows.begin(), rows.end(),
                                        [&](std::int64_t a, std::int64_t b) { return id(a) == id(b); });
  SEQBENCH_ASSERT(twice == rows.end(), "the ids of examples are unique");
}

Rows shuffled_rows(std::span<const std::string> ids, Rows rows, const Stream& stream, Counter at) {
  sort_by_id(ids, rows);
  Draws draws = stream.at(at);
  draws.shuffle(std::span<std::int64_t>(rows));
  return rows;
}

Rows all_rows(std::size_t n) {
  Rows rows(n);
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

std::size_t share(double fraction, std::size_t n) {
  return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
}

void check_fraction(const char* name, double fraction) {
  if (!(fraction >= 0 && fraction < 1)) {
    throw InputError(fmt::format("split: {} must be at least 0 and below 1, got {}", name, fraction));
  }
}

void check_train(const SplitRows& split) {
  if (split.train.empty()) {
    throw InputError(fmt::format("split: no row is left for training: {} rows are test, {} validation",
                                 split.test.size(), split.validation.size()));
  }
}

}  // namespace

std::vector<std::int64_t> shuffled(std::span<const std::string> ids, const Stream& split,
                                   std::uint32_t repeat) {
  return shuffled_rows(ids, all_rows(ids.size()), split, {.epoch = repeat});
}

SplitRows k_fold(std::span<const std::string> ids, const Stream& split, std::uint32_t repeat,
                 std::uint32_t folds, std::uint32_t fold, double validation) {
  SEQBENCH_ASSERT(fold < folds, "folds are numbered from 0");
  check_fraction("validation", validation);
  if (folds < 2 || folds > ids.size()) {
    throw InputError(fmt::format("split: {} rows cannot be cut into {} folds", ids.size(), folds));
  }
  const Rows order = shuffled(ids, split, repeat);
  const auto boundary = [&](std::uint64_t i) {
    return order.begin() + static_cast<std::ptrdiff_t>(i * order.size() / folds);
  };
  SplitRows result;
  result.test.assign(boundary(fold), boundary(fold + 1ull));
  Rows rest(order.begin(), boundary(fold));
  rest.insert(rest.end(), boundary(fold + 1ull), order.end());
  rest = shuffled_rows(ids, std::move(rest), split, {.epoch = repeat, .step = fold + 1});
  const auto cut = rest.begin() + static_cast<std::ptrdiff_t>(share(validation, rest.size()));
  result.validation.assign(rest.begin(), cut);
  result.train.assign(cut, rest.end());
  check_train(result);
  return result;
}

SplitRows holdout(std::span<const std::string> ids, const Stream& split, std::uint32_t repeat, double test,
                  double validation) {
  check_fraction("test", test);
  check_fraction("validation", validation);
  const Rows order = shuffled(ids, split, repeat);
  const std::size_t tests = share(test, order.size());
  const auto test_end = order.begin() + static_cast<std::ptrdiff_t>(tests);
  const auto validation_end =
      test_end + static_cast<std::ptrdiff_t>(share(validation, order.size() - tests));
  SplitRows result;
  result.test.assign(order.begin(), test_end);
  result.validation.assign(test_end, validation_end);
  result.train.assign(validation_end, order.end());
  check_train(result);
  return result;
}

std::vector<std::int64_t> subsample(std::span<const std::string> ids, const Stream& stream, std::int64_t m) {
  if (m < 0 || static_cast<std::uint64_t>(m) > ids.size()) {
    throw InputError(fmt::format("subsample: {} rows cannot be drawn from {}", m, ids.size()));
  }
  Rows rows = shuffled_rows(ids, all_rows(ids.size()), stream, {});
  rows.resize(static_cast<std::size_t>(m));
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace seqbench::data
