// Confusion matrices behind printed metrics.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "harness/analyze/forensics.h"
#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

struct Range {
  int low = 0, high = 0;
};

/// Whole numbers within [low, high], a hair wider for the arithmetic; cut to [0, most].
Range whole(double low, double high, int most) {
  constexpr double kHair = 1e-6;
  const auto cut = [most](double x) { return static_cast<int>(std::clamp(x, -1.0, most + 1.0)); };
  return {std::max(0, cut(std::ceil(low - kHair))), std::min(most, cut(std::floor(high + kHair)))};
}

/// Numbers of errors e for which 2 tp / (2 tp + e) may round to F1.
Range errors_for_f1(const PrintedValue& f1, int tp, int most) {
  const double least = f1.value - f1.half_unit, largest = f1.value + f1.half_unit;
  if (tp == 0) return least <= 0 ? Range{1, most} : Range{1, 0};
  const double high = least <= 0 ? most : 2.0 * tp * (1 / least - 1);
  return whole(2.0 * tp * (1 / largest - 1), high, most);
}

/// Sizes n for which 1 - e / n may round to the accuracy.
Range sizes_for_accuracy(const PrintedValue& accuracy, int errors, int most) {
  const double fewest = 1 - accuracy.value - accuracy.half_unit, largest = 1 - accuracy.value + accuracy.half_unit;
  if (errors == 0) return fewest <= 0 ? Range{1, most} : Range{1, 0};
  const double high = fewest <= 0 ? most : errors / fewest;
  return whole(errors / std::max(largest, 1e-12), high, most);
}

bool holds(const std::optional<PrintedValue>& printed, double exact) { return !printed || printed->holds(exact); }

}  // namespace

bool PrintedValue::holds(double exact) const { return std::abs(exact - value) <= half_unit + 1e-9; }

double f1_of(const Confusion& c) {
  const int below = 2 * c.tp + c.fp + c.fn;
  return below == 0 ? std::numeric_limits<double>::quiet_NaN() : 2.0 * c.tp / below;
}

double mcc_of(const Confusion& c) {
  const double below = double(c.tp + c.fp) * (c.tp + c.fn) * (c.tn + c.fp) * (c.tn + c.fn);
  return below == 0 ? 0 : (double(c.tp) * c.tn - double(c.fp) * c.fn) / std::sqrt(below);
}

double accuracy_of(const Confusion& c) { return double(c.tp + c.tn) / c.n(); }

std::vector<Confusion> confusions_that_fit(const PrintedClassifier& row, int most) {
  if (int(row.f1.has_value()) + int(row.mcc.has_value()) + int(row.accuracy.has_value()) < 2) {
    throw InputError("at least two of f1, mcc and accuracy are needed to look for confusion matrices");
  }
  std::vector<Confusion> found;
  for (int tp = 0; tp <= most; ++tp) {
    const Range errors = row.f1 ? errors_for_f1(*row.f1, tp, most - tp) : Range{0, most - tp};
    for (int e = errors.low; e <= errors.high; ++e) {
      const Range sizes = row.accuracy ? sizes_for_accuracy(*row.accuracy, e, most) : Range{1, most};
      for (int n = std::max({sizes.low, tp + e, 1}); n <= sizes.high; ++n) {
        for (int fp = 0; fp <= e; ++fp) {
          const Confusion c{tp, fp, e - fp, n - tp - e};
          if (holds(row.mcc, mcc_of(c)) && holds(row.f1, f1_of(c)) && holds(row.accuracy, accuracy_of(c)))
            found.push_back(c);
        }
      }
    }
  }
  std::ranges::sort(found,
                    [](const Confusion& a, const Confusion& b) { return std::pair(a.n(), a) < std::pair(b.n(), b); });
  return found;
}

std::vector<EvaluationSet> common_sets(std::span<const std::vector<Confusion>> fits) {
  std::set<EvaluationSet> common;
  for (std::size_t row = 0; row < fits.size(); ++row) {
    std::set<EvaluationSet> own;
    for (const Confusion& c : fits[row]) {
      const EvaluationSet set{c.n(), c.positives()};
      if (row == 0 || common.contains(set)) own.insert(set);
    }
    common = std::move(own);
  }
  return {common.begin(), common.end()};
}

Interval f1_interval(const Confusion& c) {
  const int counted = c.tp + c.errors();
  if (counted == 0) return {0, 1};
  const Interval share = wilson(static_cast<double>(c.tp) / counted, counted);
  return {2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high)};
}

namespace {

/// MCC from the share of positive rows, of them found, and of negative ones rejected; 0 where it is not defined.
double mcc_at(double positives, double sensitivity, double specificity) {
  const double said = positives * sensitivity + (1 - positives) * (1 - specificity);
  const double spread = positives * (1 - positives) * said * (1 - said);
  return spread > 0 ? positives * (1 - positives) * (sensitivity + specificity - 1) / std::sqrt(spread) : 0;
}

}  // namespace

Interval mcc_interval(const Confusion& c) {
  const int positives = c.positives(), negatives = c.n() - positives;
  if (positives == 0 || negatives == 0) return {-1, 1};
  const double tail = (1 - std::sqrt(0.95)) / 2, share = static_cast<double>(positives) / c.n();
  const Interval found = wilson(static_cast<double>(c.tp) / positives, positives, tail);
  const Interval rejected = wilson(static_cast<double>(c.tn) / negatives, negatives, tail);
  return {mcc_at(share, found.low, rejected.low), mcc_at(share, found.high, rejected.high)};
}

}  // namespace seqbench::analyze
