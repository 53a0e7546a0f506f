#include "tasks/dream_expression/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::array<double, kComponents> kWeights = {1, 0.3, 0.3, 0.3, 0.3, 0.5, 1.25, 0.3, 0.4};

template <typename T>
std::vector<T> different(std::vector<T> values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
  return values;
}

std::vector<double> midranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + end - 1);
    first = end;
  }
  return ranks;
}

Component correlate(const std::vector<double>& x, const std::vector<double>& y, std::int64_t missing) {
  Component result;
  result.r = result.rho = std::numeric_limits<double>::quiet_NaN();
  result.n = static_cast<std::int64_t>(x.size());
  if (missing > 0) {
    result.note = fmt::format("{} of {} rows or pairs have no prediction", missing, x.size());
    return result;
  }
  result.r = pearson(x, y);
  result.rho = spearman(x, y);
  if (x.size() < 2) {
    result.note = fmt::format("{} rows or pairs, at least 2 are needed", x.size());
  } else if (std::isnan(result.r)) {
    result.note = "truth or predictions are constant";
  }
  return result;
}

Component of_singles(const std::vector<std::int64_t>& rows, std::span<const double> truth, std::span<const double> prediction) {
  std::vector<double> x, y;
  std::int64_t missing = 0;
  for (const std::int64_t row : different(rows)) {
    x.push_back(truth[static_cast<std::size_t>(row)]);
    y.push_back(prediction[static_cast<std::size_t>(row)]);
    missing += std::isnan(y.back()) ? 1 : 0;
  }
  return correlate(x, y, missing);
}

Component of_pairs(const std::vector<Pair>& pairs, std::span<const double> truth, std::span<const double> prediction) {
  std::vector<double> x, y;
  std::int64_t missing = 0;
  for (const auto& [alternative, reference] : different(pairs)) {
    const auto a = static_cast<std::size_t>(alternative), b = static_cast<std::size_t>(reference);
    x.push_back(truth[b] - truth[a]);
    y.push_back(prediction[b] - prediction[a]);
    missing += std::isnan(y.back()) ? 1 : 0;
  }
  return correlate(x, y, missing);
}

}  // namespace

double pearson(std::span<const double> x, std::span<const double> y) {
  const auto n = static_cast<double>(x.size());
  if (x.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  const auto constant = [](std::span<const double> v) { return std::ranges::all_of(v, [&](double a) { return a == v[0]; }); };
  if (constant(x) || constant(y)) return std::numeric_limits<double>::quiet_NaN();
  return xy / std::sqrt(xx * yy);
}

double spearman(std::span<const double> x, std::span<const double> y) { return pearson(midranks(x), midranks(y)); }

Phase without(const Phase& every, const Phase& board) {
  std::set<std::int64_t> seen;
  std::set<Pair> seen_pairs;
  for (const auto& rows : board.singles) seen.insert(rows.begin(), rows.end());
  for (const auto& pairs : board.pairs) {
    seen_pairs.insert(pairs.begin(), pairs.end());
    for (const auto& [alternative, reference] : pairs) seen.insert({alternative, reference});
  }
  Phase rest = every;
  for (auto& rows : rest.singles) std::erase_if(rows, [&](std::int64_t row) { return seen.contains(row); });
  for (auto& pairs : rest.pairs) std::erase_if(pairs, [&](const Pair& pair) { return seen_pairs.contains(pair); });
  return rest;
}

ChallengeScore challenge_score(const Phase& phase, std::span<const double> truth, std::span<const double> prediction) {
  ChallengeScore score;
  double weights = 0;
  for (std::size_t c = 0; c < kComponents; ++c) {
    Component& component = score.components[c];
    component = c < kSingles ? of_singles(phase.singles[c], truth, prediction)
                             : of_pairs(phase.pairs[c - kSingles], truth, prediction);
    score.pearson += kWeights[c] * component.r * component.r;
    score.spearman += kWeights[c] * component.rho;
    weights += kWeights[c];
  }
  score.pearson /= weights;
  score.spearman /= weights;
  return score;
}

}  // namespace seqbench::tasks::dream_expression
