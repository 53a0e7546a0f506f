#include "harness/data/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "harness/base/error.h"
#include "harness/data/split_parts.h"

namespace seqbench::data {
namespace {

Rows all_rows(std::size_t n) {
  Rows rows(n);
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

void shuffle(Rows& rows, const Stream& stream, Counter at) {
  Draws draws = stream.at(at);
  draws.shuffle(std::span<std::int64_t>(rows));
}

/// `rows`, ascending, class by class, each shuffled with item = class.
Rows shuffled_by_class(const Rows& rows, std::span<const std::int64_t> classes, const Stream& stream, Counter at) {
  std::vector<Rows> members(static_cast<std::size_t>(count_of(classes)));
  for (const std::int64_t row : rows) {
    members[static_cast<std::size_t>(classes[static_cast<std::size_t>(row)])].push_back(row);
  }
  Rows order;
  order.reserve(rows.size());
  for (std::size_t c = 0; c < members.size(); ++c) {
    at.item = static_cast<std::uint32_t>(c);
    shuffle(members[c], stream, at);
    order.insert(order.end(), members[c].begin(), members[c].end());
    members[c] = {};
  }
  return order;
}

}  // namespace

std::vector<std::int64_t> order_of_ids(std::span<const std::string> ids) {
  Rows rows = all_rows(ids.size());
  const auto not_below = [&](std::int64_t a, std::int64_t b) {
    return !(ids[static_cast<std::size_t>(a)] < ids[static_cast<std::size_t>(b)]);
  };
  if (std::ranges::adjacent_find(rows, not_below) == rows.end()) return rows;
  std::ranges::sort(rows, [&](std::int64_t a, std::int64_t b) {
    return ids[static_cast<std::size_t>(a)] < ids[static_cast<std::size_t>(b)];
  });
  SEQBENCH_ASSERT(std::ranges::adjacent_find(rows, not_below) == rows.end(), "the ids of examples are unique");
  return rows;
}

std::vector<std::int64_t> numbered(std::span<const std::string> names) {
  std::vector<std::string_view> known;
  for (const std::string& name : names) {
    if (known.empty() || known.back() != name) known.emplace_back(name);
  }
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  Rows numbers;
  numbers.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool same = i > 0 && names[i] == names[i - 1];
    numbers.push_back(same ? numbers.back() : std::ranges::lower_bound(known, names[i]) - known.begin());
  }
  return numbers;
}

std::vector<std::int64_t> quantile_bins(std::span<const double> values, std::int64_t bins) {
  Rows order = all_rows(values.size());
  std::ranges::stable_sort(order, {}, [&](std::int64_t row) { return values[static_cast<std::size_t>(row)]; });
  Rows result(values.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    result[static_cast<std::size_t>(order[rank])] =
        static_cast<std::int64_t>(rank * static_cast<std::uint64_t>(bins) / order.size());
  }
  return result;
}

std::vector<std::int64_t> shuffled(std::int64_t rows, const Stream& split, std::uint32_t repeat) {
  Rows order = all_rows(static_cast<std::size_t>(rows));
  shuffle(order, split, {.epoch = repeat});
  return order;
}

SplitRows k_fold(std::int64_t rows, const Stream& split, std::uint32_t repeat, std::uint32_t folds,
                 std::uint32_t fold, double validation) {
  check_folds(rows, "rows", folds, fold, validation);
  const Rows order = shuffled(rows, split, repeat);
  const auto boundary = [&](std::uint64_t i) {
    return order.begin() + static_cast<std::ptrdiff_t>(i * order.size() / folds);
  };
  SplitRows result;
  result.test.assign(boundary(fold), boundary(fold + 1ull));
  Rows rest(order.begin(), boundary(fold));
  rest.insert(rest.end(), boundary(fold + 1ull), order.end());
  std::ranges::sort(rest);
  shuffle(rest, split, {.epoch = repeat, .step = fold + 1});
  const auto cut = rest.begin() + static_cast<std::ptrdiff_t>(share(validation, rest.size()));
  result.validation.assign(rest.begin(), cut);
  result.train.assign(cut, rest.end());
  check_train(result);
  return result;
}

SplitRows stratified_k_fold(std::span<const std::int64_t> classes, const Stream& split, std::uint32_t repeat,
                            std::uint32_t folds, std::uint32_t fold, double validation) {
  check_folds(static_cast<std::int64_t>(classes.size()), "rows", folds, fold, validation);
  const Rows order = shuffled_by_class(all_rows(classes.size()), classes, split, {.epoch = repeat});
  SplitRows result;
  Rows rest;
  for (std::size_t j = 0; j < order.size(); ++j) (j % folds == fold ? result.test : rest).push_back(order[j]);
  std::ranges::sort(rest);
  rest = shuffled_by_class(rest, classes, split, {.epoch = repeat, .step = fold + 1});
  const std::uint64_t n = rest.size(), wanted = share(validation, rest.size());
  for (std::uint64_t j = 0; j < n; ++j) {  // spread evenly over the classes, which stand one after another
    const bool taken = (j + 1) * wanted / n > j * wanted / n;
    (taken ? result.validation : result.train).push_back(rest[j]);
  }
  check_train(result);
  return result;
}

SplitRows holdout(std::int64_t rows, const Stream& split, std::uint32_t repeat, double test, double validation) {
  check_fraction("test", test);
  check_fraction("validation", validation);
  const Rows order = shuffled(rows, split, repeat);
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

std::vector<std::int64_t> subsample(std::int64_t rows, const Stream& stream, std::int64_t m) {
  if (m < 0 || m > rows) throw InputError(fmt::format("subsample: {} rows cannot be drawn from {}", m, rows));
  Rows order = shuffled(rows, stream, 0);
  order.resize(static_cast<std::size_t>(m));
  std::ranges::sort(order);
  return order;
}

std::vector<std::int64_t> subsample(std::span<const std::string> ids, const Stream& stream, std::int64_t m) {
  const Rows order = order_of_ids(ids);
  Rows kept = subsample(static_cast<std::int64_t>(ids.size()), stream, m);
  for (std::int64_t& row : kept) row = order[static_cast<std::size_t>(row)];
  std::ranges::sort(kept);
  return kept;
}

std::vector<std::int64_t> smallest(std::span<const std::int64_t> rows, const Stream& stream, std::uint32_t repeat,
                                   std::int64_t m) {
  if (m < 0 || static_cast<std::uint64_t>(m) > rows.size()) {
    throw InputError(fmt::format("subsample: {} rows cannot be drawn from {}", m, rows.size()));
  }
  std::vector<std::pair<std::uint64_t, std::int64_t>> values;
  values.reserve(rows.size());
  for (const std::int64_t row : rows) {
    const PhiloxBlock words = stream.block(0, {.epoch = repeat, .step = 1, .item = static_cast<std::uint32_t>(row)});
    values.emplace_back(std::uint64_t{words[1]} << 32 | words[0], row);
  }
  std::ranges::nth_element(values, values.begin() + m);
  Rows kept;
  for (std::int64_t i = 0; i < m; ++i) kept.push_back(values[static_cast<std::size_t>(i)].second);
  std::ranges::sort(kept);
  return kept;
}

}  // namespace seqbench::data
