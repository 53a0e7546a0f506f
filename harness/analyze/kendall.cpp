#include <algorithm>

#include "harness/analyze/ordered.h"
#include "harness/analyze/sums.h"

namespace seqbench::analyze {
namespace {

/// Sums of weight by rank, as a binary indexed tree (Fenwick 1994).
class WeightBelow {
 public:
  explicit WeightBelow(std::size_t ranks) : sums_(ranks + 1, 0.0) {}
  void add(std::size_t rank, double weight) {
    for (std::size_t i = rank + 1; i < sums_.size(); i += i & (~i + 1)) sums_[i] += weight;
  }
  /// Weight of ranks below `rank`.
  [[nodiscard]] double below(std::size_t rank) const {
    double sum = 0;
    for (std::size_t i = rank; i > 0; i -= i & (~i + 1)) sum += sums_[i];
    return sum;
  }

 private:
  std::vector<double> sums_;
};

/// Twice the weight of pairs of rows that are not tied: W^2 - sum of T^2 over groups of ties.
double untied(const Ordered& order, std::span<const double> weights) {
  double total = 0, tied = 0;
  std::size_t begin = 0;
  for (const std::uint32_t end : order.group_ends) {
    double group = 0;
    for (std::size_t i = begin; i < end; ++i) group += weights[order.rows[i]];
    total += group;
    tied += group * group;
    begin = end;
  }
  return total * total - tied;
}

std::vector<std::uint32_t> group_of_row(const Ordered& order) {
  std::vector<std::uint32_t> groups(order.rows.size());
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < order.rows.size(); ++i) {
    if (i == order.group_ends[group]) ++group;
    groups[order.rows[i]] = group;
  }
  return groups;
}

/// Weight of concordant pairs minus that of discordant ones.
double score(const Ordered& truth, const Ordered& prediction, std::span<const double> weights) {
  const std::vector<std::uint32_t> ranks = group_of_row(prediction);
  const std::size_t count = prediction.group_ends.size();
  WeightBelow seen(count);  // rows of smaller truth
  double sum = 0, all = 0;
  std::size_t begin = 0;
  for (const std::uint32_t end : truth.group_ends) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t row = truth.rows[i];
      if (weights[row] == 0) continue;
      sum += weights[row] * (seen.below(ranks[row]) - (all - seen.below(ranks[row] + 1)));
    }
    for (std::size_t i = begin; i < end; ++i) {
      seen.add(ranks[truth.rows[i]], weights[truth.rows[i]]);
      all += weights[truth.rows[i]];
    }
    begin = end;
  }
  return sum;
}

}  // namespace

MetricValue kendall_of(const Ordered& truth, const Ordered& prediction, std::span<const double> weights) {
  const double pairs = untied(truth, weights), predicted = untied(prediction, weights);
  const double value = score(truth, prediction, weights) / (std::sqrt(pairs / 2) * std::sqrt(predicted / 2));
  return defined(std::clamp(value, -1.0, 1.0));
}

MetricValue kendall(std::span<const double> truth, std::span<const double> prediction,
                    std::span<const double> weights) {
  if (auto fault = fault_of({truth, prediction, weights})) return *fault;
  if (is_constant(truth, weights)) return undefined("truth is constant");
  if (is_constant(prediction, weights)) return undefined("prediction is constant");
  const std::vector<double> ones(weights.empty() ? truth.size() : 0, 1.0);
  return kendall_of(order_of(truth), order_of(prediction), weights.empty() ? ones : weights);
}

}  // namespace seqbench::analyze
