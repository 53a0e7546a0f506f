#include <algorithm>
#include <limits>
#include <numeric>

#include "harness/analyze/ordered.h"
#include "harness/analyze/sums.h"
#include "harness/base/error.h"
#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

std::vector<double> ones_if_empty(std::span<const double> weights, std::size_t n) {
  return weights.empty() ? std::vector<double>(n, 1.0) : std::vector<double>(weights.begin(), weights.end());
}

std::vector<std::uint32_t> identity(std::size_t n) {
  SEQBENCH_ASSERT(n < std::numeric_limits<std::uint32_t>::max(), "row numbers have 32 bits");
  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

}  // namespace

Ordered order_of(std::span<const double> values) {
  Ordered order{identity(values.size()), {}};
  std::ranges::stable_sort(order.rows, {}, [&](std::uint32_t row) { return values[row]; });
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = i + 1 == values.size() || values[order.rows[i]] != values[order.rows[i + 1]];
    if (last) order.group_ends.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return order;
}

Ordered order_with_broken_ties(std::span<const double> values, std::uint64_t seed) {
  Ordered order{identity(values.size()), identity(values.size())};
  Streams(seed).open("permutation").at().shuffle(std::span(order.rows));
  std::ranges::stable_sort(order.rows, {}, [&](std::uint32_t row) { return values[row]; });
  for (std::uint32_t& end : order.group_ends) ++end;
  return order;
}

void rank_into(WeightedRanks& ranks, const Ordered& order, std::span<const double> weights) {
  ranks.total = pairwise_sum(weights);
  ranks.squares = 0;
  ranks.weighted.resize(order.rows.size());
  double below = 0, largest = 0;
  std::size_t begin = 0;
  for (const std::uint32_t end : order.group_ends) {
    double group = 0;
    for (std::size_t i = begin; i < end; ++i) group += weights[order.rows[i]];
    const double rank = 2 * below + group - ranks.total;
    for (std::size_t i = begin; i < end; ++i) ranks.weighted[order.rows[i]] = weights[order.rows[i]] * rank;
    ranks.squares += group * rank * rank;
    below += group;
    largest = std::max(largest, group);
    begin = end;
  }
  if (largest == below) ranks.squares = 0;  // one group: fractional weights may leave a rounding
}

MetricValue spearman_of(const WeightedRanks& truth, const Ordered& prediction, std::span<const double> weights) {
  double below = 0, largest = 0, products = 0, squares = 0;
  std::size_t begin = 0;
  for (const std::uint32_t end : prediction.group_ends) {
    double group = 0, truths = 0;
    for (std::size_t i = begin; i < end; ++i) {
      group += weights[prediction.rows[i]];
      truths += truth.weighted[prediction.rows[i]];
    }
    const double rank = 2 * below + group - truth.total;
    products += rank * truths;
    squares += group * rank * rank;
    below += group;
    largest = std::max(largest, group);
    begin = end;
  }
  if (!(truth.squares > 0)) return undefined("truth is constant");
  if (largest == below) return undefined("prediction is constant");
  return defined(std::clamp(products / (std::sqrt(truth.squares) * std::sqrt(squares)), -1.0, 1.0));
}

MetricValue auroc_of(const Ordered& prediction, std::span<const double> truth, std::span<const double> weights) {
  double positives = 0, negatives = 0, pairs = 0;  // pairs: twice the weight of rightly ordered ones
  std::size_t begin = 0;
  for (const std::uint32_t end : prediction.group_ends) {
    double positive = 0, negative = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t row = prediction.rows[i];
      (truth[row] == 1 ? positive : negative) += weights[row];
    }
    pairs += positive * (2 * negatives + negative);
    positives += positive;
    negatives += negative;
    begin = end;
  }
  if (!(positives > 0)) return undefined("no row of class 1");
  if (!(negatives > 0)) return undefined("no row of class 0");
  return defined(pairs / (2 * positives * negatives));
}

MetricValue auprc_of(const Ordered& prediction, std::span<const double> truth, std::span<const double> weights) {
  double positives = 0, all = 0, area = 0;  // area: before division by all positives
  for (std::size_t group = prediction.group_ends.size(); group-- > 0;) {
    double positive = 0;
    for (std::size_t i = group == 0 ? 0 : prediction.group_ends[group - 1]; i < prediction.group_ends[group]; ++i) {
      const std::uint32_t row = prediction.rows[i];
      all += weights[row];
      if (truth[row] == 1) positive += weights[row];
    }
    positives += positive;
    if (positive > 0) area += positive * (positives / all);
  }
  if (!(positives > 0)) return undefined("no row of class 1");
  return defined(area / positives);
}

MetricValue spearman(std::span<const double> truth, std::span<const double> prediction,
                     std::span<const double> weights, Ties ties, std::uint64_t seed) {
  if (auto fault = fault_of({truth, prediction, weights})) return *fault;
  if (is_constant(truth, weights)) return undefined("truth is constant");
  const std::vector<double> w = ones_if_empty(weights, truth.size());
  WeightedRanks ranks;
  rank_into(ranks, order_of(truth), w);
  return spearman_of(ranks, ties == Ties::kAsIs ? order_of(prediction) : order_with_broken_ties(prediction, seed), w);
}

MetricValue spearman_as_is(std::span<const double> truth, std::span<const double> prediction,
                           std::span<const double> weights) {
  return spearman(truth, prediction, weights, Ties::kAsIs);
}

MetricValue spearman_break_random(std::span<const double> truth, std::span<const double> prediction,
                                  std::span<const double> weights) {
  return spearman(truth, prediction, weights, Ties::kBreakRandom);
}

MetricValue auroc(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  if (auto fault = fault_of_classes({truth, prediction, weights}, false)) return *fault;
  return auroc_of(order_of(prediction), truth, ones_if_empty(weights, truth.size()));
}

MetricValue auprc(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  if (auto fault = fault_of_classes({truth, prediction, weights}, false)) return *fault;
  return auprc_of(order_of(prediction), truth, ones_if_empty(weights, truth.size()));
}

std::vector<double> midranks(std::span<const double> values) {
  const Ordered order = order_of(values);
  std::vector<double> ranks(values.size());
  std::size_t begin = 0;
  for (const std::uint32_t end : order.group_ends) {
    const double rank = (static_cast<double>(begin + end) + 1) / 2;
    for (std::size_t i = begin; i < end; ++i) ranks[order.rows[i]] = rank;
    begin = end;
  }
  return ranks;
}

}  // namespace seqbench::analyze
