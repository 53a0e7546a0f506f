#include "harness/analyze/forensics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"

namespace seqbench::analyze {

double largest_mcc(double f1) { return f1 <= 0 ? 0 : std::sqrt(f1 / (2 - f1)); }

bool impossible_pair(const PrintedValue& f1, const PrintedValue& mcc) {
  return mcc.value - mcc.half_unit > largest_mcc(std::min(1.0, f1.value + f1.half_unit)) + 1e-9;
}

bool is_square_of(const PrintedValue& small, const PrintedValue& large) {
  if (large.holds(small.value) || small.holds(large.value) || small.value <= 0 || large.value <= 0) return false;
  const double low = std::max(0.0, large.value - large.half_unit), high = large.value + large.half_unit;
  return small.value + small.half_unit + 1e-9 >= low * low && small.value - small.half_unit - 1e-9 <= high * high;
}

std::optional<std::pair<double, double>> constants_that_reach(std::span<const PrintedLoss> losses) {
  SEQBENCH_ASSERT(!losses.empty(), "no loss to be reached");
  using Ends = std::pair<double, double>;
  std::vector<Ends> left = {{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()}};
  for (const PrintedLoss& p : losses) {
    const double far2 = p.loss + p.tolerance - p.variance;  // largest (mean - c)^2
    if (far2 < 0) return std::nullopt;
    const double far = std::sqrt(far2), near = std::sqrt(std::max(0.0, p.loss - p.tolerance - p.variance));
    std::vector<Ends> both;
    for (const Ends& have : left) {
      const std::vector<Ends> sides =
          near > 0 ? std::vector<Ends>{{p.mean - far, p.mean - near}, {p.mean + near, p.mean + far}}
                   : std::vector<Ends>{{p.mean - far, p.mean + far}};
      for (const Ends& more : sides) {
        const Ends cut{std::max(have.first, more.first), std::min(have.second, more.second)};
        if (cut.first <= cut.second) both.push_back(cut);
      }
    }
    left = std::move(both);
  }
  if (left.empty()) return std::nullopt;
  return *std::ranges::max_element(left, {}, [](const Ends& i) { return i.second - i.first; });
}

double exchangeable_bound(double difference, double range, std::int64_t n1, std::int64_t n2) {
  const double first = static_cast<double>(n1), second = static_cast<double>(n2);
  const double spread = range * range * (1 / first + 1 / second) * (1 + 1 / std::max(first, second));
  return std::min(1.0, 2 * std::exp(-2 * difference * difference / spread));
}

double binomial_p(int hits, int n, double share) {
  const auto log_of = [&](int k) {
    return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) + k * std::log(share) +
           (n - k) * std::log1p(-share);
  };
  const double own = log_of(hits);
  double p = 0;
  for (int k = 0; k <= n; ++k) {
    if (log_of(k) <= own + 1e-7) p += std::exp(log_of(k));
  }
  return std::min(1.0, p);
}

namespace {

/// Concordant less discordant pairs.
double concordance(std::span<const int> levels, std::span<const double> values) {
  double s = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = i + 1; j < values.size(); ++j) {
      s += double((levels[i] < levels[j]) - (levels[i] > levels[j])) *
           double((values[i] < values[j]) - (values[i] > values[j]));
    }
  }
  return s;
}

/// Sums over groups of equal entries: pairs t(t-1)/2, and t(t-1)(2t+5) of the variance.
template <typename T>
std::pair<double, double> tie_terms(std::vector<T> entries) {
  std::ranges::sort(entries);
  double pairs = 0, spread = 0;
  for (std::size_t i = 0; i < entries.size();) {
    const auto end = std::upper_bound(entries.begin(), entries.end(), entries[i]);
    const double t = static_cast<double>(end - entries.begin()) - static_cast<double>(i);
    pairs += t * (t - 1) / 2;
    spread += t * (t - 1) * (2 * t + 5);
    i = static_cast<std::size_t>(end - entries.begin());
  }
  return {pairs, spread};
}

}  // namespace

Trend trend_of(std::span<const int> levels, std::span<const double> values) {
  constexpr std::size_t kEnumerated = 9;
  SEQBENCH_ASSERT(levels.size() == values.size(), "a level for every value");
  const double n = static_cast<double>(values.size()), s = concordance(levels, values), pairs = n * (n - 1) / 2;
  std::vector<double> sorted(values.begin(), values.end());
  const auto [level_pairs, level_spread] = tie_terms(std::vector<int>(levels.begin(), levels.end()));
  const auto [value_pairs, value_spread] = tie_terms(sorted);
  const double below = std::sqrt((pairs - level_pairs) * (pairs - value_pairs));
  if (!(below > 0)) return {std::numeric_limits<double>::quiet_NaN(), 1};
  if (values.size() > kEnumerated) {
    const double variance = (n * (n - 1) * (2 * n + 5) - level_spread - value_spread) / 18;
    return {s / below, 0.5 * std::erfc(s / std::sqrt(2 * variance))};
  }
  std::ranges::sort(sorted);
  double orders = 0, as_large = 0;
  do {
    ++orders;
    if (concordance(levels, sorted) >= s) ++as_large;
  } while (std::ranges::next_permutation(sorted).found);
  return {s / below, as_large / orders};
}

std::int64_t bert_parameters(const BertShape& s) {
  const std::int64_t h = s.hidden, f = s.feed_forward > 0 ? s.feed_forward : 4 * h, norm = 2 * h;
  const std::int64_t embeddings = (s.vocabulary + s.positions + 2) * h + norm;  // words, positions, two segments
  const std::int64_t attention = 4 * (h * h + h) + norm, feed_forward = 2 * h * f + f + h + norm;
  const std::int64_t pooler = h * h + h, output = h + 1;
  return embeddings + s.layers * (attention + feed_forward) + pooler + output;
}

}  // namespace seqbench::analyze
