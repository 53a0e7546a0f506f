// Splits that keep groups whole, and the checks that all kinds share.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "harness/base/error.h"
#include "harness/data/split_parts.h"

namespace seqbench::data {
namespace {

/// Squares of counts, tripled and times a thousandth's weight, stay in 64 bits.
constexpr std::size_t kMostRows = 50'000'000;

/// The rows of each group, and the counts of classes of one group at a time.
class Groups {
 public:
  Groups(std::span<const std::int64_t> groups, std::span<const std::int64_t> classes)
      : classes_(classes), ends_(static_cast<std::size_t>(count_of(groups)) + 1), rows_(groups.size()) {
    SEQBENCH_ASSERT(groups.size() <= kMostRows, "groups of so many rows would overflow a sum");
    for (const std::int64_t group : groups) ++ends_[static_cast<std::size_t>(group) + 1];
    std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
    std::vector<std::size_t> at(ends_.begin(), ends_.end() - 1);
    for (std::size_t row = 0; row < groups.size(); ++row) {
      rows_[at[static_cast<std::size_t>(groups[row])]++] = static_cast<std::int64_t>(row);
    }
  }

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(ends_.size()) - 1; }
  [[nodiscard]] std::int64_t classes() const { return classes_.empty() ? 1 : count_of(classes_); }
  [[nodiscard]] std::span<const std::int64_t> rows(std::int64_t group) const {
    const auto g = static_cast<std::size_t>(group);
    return std::span(rows_).subspan(ends_[g], ends_[g + 1] - ends_[g]);
  }
  [[nodiscard]] std::int64_t size(std::int64_t group) const { return static_cast<std::int64_t>(rows(group).size()); }
  /// (class, rows of it), by class.
  [[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> counts(std::int64_t group) const {
    if (classes_.empty()) return {{0, size(group)}};
    Rows found;
    for (const std::int64_t row : rows(group)) found.push_back(classes_[static_cast<std::size_t>(row)]);
    std::ranges::sort(found);
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    for (const std::int64_t c : found) {
      if (out.empty() || out.back().first != c) out.emplace_back(c, 0);
      ++out.back().second;
    }
    return out;
  }

 private:
  std::span<const std::int64_t> classes_;
  std::vector<std::size_t> ends_;  // of each group in rows_, after a 0
  Rows rows_;
};

/// Group numbers of each bin. In the order given each group goes where it adds least to the sum over classes of squared
/// counts over the bin's weight: with equal weights, to the variance of counts over bins.
std::vector<Rows> deal(const Groups& groups, std::span<const std::int64_t> order, std::span<const std::int64_t> weights) {
  std::vector<Rows> bins(weights.size());
  std::vector<std::vector<std::int64_t>> counts(weights.size(), Rows(static_cast<std::size_t>(groups.classes())));
  Rows sizes(weights.size());
  for (const std::int64_t group : order) {
    const auto of_group = groups.counts(group);
    std::size_t best = 0;
    std::int64_t best_cost = 0;
    for (std::size_t b = 0; b < bins.size(); ++b) {
      std::int64_t cost = 0;
      for (const auto& [c, n] : of_group) cost += n * (2 * counts[b][static_cast<std::size_t>(c)] + n);
      const std::int64_t here = cost * weights[best], there = best_cost * weights[b];
      if (b > 0 && (here > there || (here == there && sizes[b] >= sizes[best]))) continue;
      best = b;
      best_cost = cost;
    }
    bins[best].push_back(group);
    sizes[best] += groups.size(group);
    for (const auto& [c, n] : of_group) counts[best][static_cast<std::size_t>(c)] += n;
  }
  return bins;
}

Rows shuffled_groups(Rows groups, const Stream& stream, Counter at) {
  std::ranges::sort(groups);
  Draws draws = stream.at(at);
  draws.shuffle(std::span<std::int64_t>(groups));
  return groups;
}

/// Takes about `fraction` of the rows off `order`, group by group, and returns the groups taken.
Rows cut(const Groups& groups, Rows& order, double fraction, const char* name) {
  if (!(fraction > 0)) return {};
  if (order.size() < 2) {
    throw InputError(fmt::format("split: a {} part of whole groups needs two groups to cut from, there is {}", name,
                                 order.size()));
  }
  const std::int64_t weight = std::clamp<std::int64_t>(std::llround(1000 * fraction), 1, 999);
  const std::array<std::int64_t, 2> weights = {1000 - weight, weight};
  std::vector<Rows> bins = deal(groups, order, weights);
  if (bins[1].empty()) {
    const auto least = std::ranges::min_element(bins[0], {}, [&](std::int64_t g) { return groups.size(g); });
    bins[1].push_back(*least);
    bins[0].erase(least);
  }
  order = std::move(bins[0]);
  return std::move(bins[1]);
}

Rows rows_of(const Groups& groups, const Rows& numbers) {
  Rows rows;
  for (const std::int64_t group : numbers) {
    const auto members = groups.rows(group);
    rows.insert(rows.end(), members.begin(), members.end());
  }
  return rows;
}

Rows all_groups(const Groups& groups) {
  Rows all(static_cast<std::size_t>(groups.count()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

}  // namespace

std::size_t share(double fraction, std::size_t n) {
  return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
}

std::int64_t count_of(std::span<const std::int64_t> numbers) {
  return numbers.empty() ? 0 : *std::ranges::max_element(numbers) + 1;
}

void check_fraction(const char* name, double fraction) {
  if (!(fraction >= 0 && fraction < 1)) {
    throw InputError(fmt::format("split: {} must be at least 0 and below 1, got {}", name, fraction));
  }
}

void check_folds(std::int64_t count, const char* what, std::uint32_t folds, std::uint32_t fold, double validation) {
  SEQBENCH_ASSERT(fold < folds, "folds are numbered from 0");
  check_fraction("validation", validation);
  if (folds < 2 || folds > count) {
    throw InputError(fmt::format("split: {} {} cannot be cut into {} folds", count, what, folds));
  }
}

void check_train(const SplitRows& split) {
  if (split.train.empty()) {
    throw InputError(fmt::format("split: no row is left for training: {} rows are test, {} validation",
                                 split.test.size(), split.validation.size()));
  }
}

SplitRows grouped_k_fold(std::span<const std::int64_t> groups, std::span<const std::int64_t> classes,
                         const Stream& split, std::uint32_t repeat, std::uint32_t folds, std::uint32_t fold,
                         double validation) {
  const Groups grouped(groups, classes);
  check_folds(grouped.count(), "groups", folds, fold, validation);
  Rows order = shuffled_groups(all_groups(grouped), split, {.epoch = repeat});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::int64_t g) { return grouped.size(g); });
  const Rows equal(folds, 1);
  std::vector<Rows> bins = deal(grouped, order, equal);
  Rows rest;
  for (std::uint32_t b = 0; b < folds; ++b) {
    if (b != fold) rest.insert(rest.end(), bins[b].begin(), bins[b].end());
  }
  rest = shuffled_groups(std::move(rest), split, {.epoch = repeat, .step = fold + 1});
  SplitRows result;
  result.test = rows_of(grouped, bins[fold]);
  result.validation = rows_of(grouped, cut(grouped, rest, validation, "validation"));
  result.train = rows_of(grouped, rest);
  check_train(result);
  return result;
}

SplitRows grouped_holdout(std::span<const std::int64_t> groups, const Stream& split, std::uint32_t repeat, double test,
                          double validation) {
  check_fraction("test", test);
  check_fraction("validation", validation);
  const Groups grouped(groups, {});
  Rows order = shuffled_groups(all_groups(grouped), split, {.epoch = repeat});
  SplitRows result;
  result.test = rows_of(grouped, cut(grouped, order, test, "test"));
  result.validation = rows_of(grouped, cut(grouped, order, validation, "validation"));
  result.train = rows_of(grouped, order);
  check_train(result);
  return result;
}

}  // namespace seqbench::data
