#include "harness/analyze/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::analyze {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kUpper = 0.975;
constexpr int kMostSeeds = 1000;  // beyond this a remedy is none

/// What is needed of a measured mean, with the margin and the half unit together as `room`.
struct Place {
  double difference, room;
  [[nodiscard]] double beyond() const { return std::abs(difference) - room; }
};

/// Degrees of freedom of the spread between runs: never more than runs - 1, whatever rows add to the mean's.
double run_degrees(const Summary& s) { return std::min(s.degrees, static_cast<double>(s.trials - 1)); }

/// Standard deviation of one more run about the measured mean.
double prediction_sd(const Summary& s) { return std::hypot(s.run_sd, s.se); }

/// Further seeds after which the verdict would be clear if mean and spread stayed; 0: none up to 1,000.
/// se^2 = between / seeds + rest, run_sd^2 = between + rest: more seeds shrink the first part only.
int further_seeds(const Place& place, const Summary& s) {
  const auto seeds = static_cast<double>(s.trials);
  const double between = std::max(0.0, (s.run_sd * s.run_sd - s.se * s.se) * seeds / (seeds - 1));
  const double rest = std::max(0.0, s.se * s.se - between / seeds);
  const auto decides = [&](int more) {
    const double n = seeds + more, se = std::sqrt(between / n + rest);
    const bool inside = student_quantile(0.95, n - 1) * se <= -place.beyond();
    return inside || student_quantile(kUpper, n - 1) * std::hypot(s.run_sd, se) < place.beyond();
  };
  if (!decides(kMostSeeds)) return 0;
  int too_few = 0, enough = kMostSeeds;  // more seeds never decide less
  while (enough - too_few > 1) {
    const int middle = (too_few + enough) / 2;
    (decides(middle) ? enough : too_few) = middle;
  }
  return enough;
}

std::string remedy(const Place& place, const Summary& s) {
  if (s.trials < 2) return "one run shows nothing of the spread between runs: run more seeds";
  if (std::isnan(s.run_sd)) return "the spread between runs is unknown";
  if (const int more = further_seeds(place, s); more > 0) {
    return "about " + counted(static_cast<std::size_t>(more), "more seed") + " would decide if mean and spread stay";
  }
  if (place.beyond() > 0) {
    return "the published single run lies within our run-to-run spread and the margin; only their seeds could decide";
  }
  return fmt::format("no number of seeds can decide: the test rows alone leave about -+{:.2g}, and there is room for {:.2g}",
                     student_quantile(0.95, s.degrees) * s.se, -place.beyond());
}

/// Two-sided p of "beyond the room", from the facing half of the interval and from the prediction of one more run.
double p_of(const Place& place, const Summary& s) {
  if (place.beyond() <= 0) return 1;
  const double half = place.difference > 0 ? s.mean - s.low : s.high - s.mean;
  const double of_mean = 2 * student_tail(student_quantile(kUpper, s.degrees) * place.beyond() / half, s.degrees);
  if (std::isnan(s.run_sd) || s.trials < 2) return 1;
  return std::max(of_mean, 2 * student_tail(place.beyond() / prediction_sd(s), run_degrees(s)));
}

void predict(Judgement& j, const Summary& s, double half_unit) {
  j.prediction_low = j.prediction_high = kNaN;
  if (std::isnan(s.run_sd) || s.trials < 2) return;
  const double half = student_quantile(kUpper, run_degrees(s)) * prediction_sd(s) + half_unit;
  j.prediction_low = s.mean - half;
  j.prediction_high = s.mean + half;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBlocked: return "blocked";
    case Verdict::kReproduced: return "reproduced";
    case Verdict::kBetter: return "better";
    case Verdict::kNotReproduced: return "not_reproduced";
    case Verdict::kUndecided: return "undecided";
    case Verdict::kInconsistentAsPrinted: return "inconsistent_as_printed";
  }
  SEQBENCH_ASSERT(false, "a verdict has a word");
}

double absolute_margin(const MarginRule& rule, double printed) {
  return rule.relative ? rule.size * std::abs(printed) : rule.size;
}

Judgement judge(const Printed& printed, double margin, const Summary& measured) {
  SEQBENCH_ASSERT(margin >= 0 && printed.half_unit >= 0, "a margin is a width");
  SEQBENCH_ASSERT(printed.low.has_value() == printed.high.has_value(), "a range has two ends");
  const double low = printed.low.value_or(printed.value), high = printed.high.value_or(printed.value);
  SEQBENCH_ASSERT(low <= high, "a range goes up");
  const double nearest = std::clamp(measured.mean, low, high);
  const Place place{measured.mean - nearest, margin + printed.half_unit};
  Judgement j{.difference = place.difference,
              .low = measured.low - nearest,
              .high = measured.high - nearest,
              .low90 = measured.low90 - nearest,
              .high90 = measured.high90 - nearest};
  predict(j, measured, printed.half_unit);
  j.p = kNaN;
  if (std::isnan(measured.low90) || !(measured.se > 0)) {
    j.reason = "no interval of what was measured (" + measured.method + ")";
    return j;
  }
  j.p = p_of(place, measured);
  if (measured.low90 >= low - place.room && measured.high90 <= high + place.room) {
    j.verdict = Verdict::kReproduced;
    j.reason = fmt::format("the 90 % interval lies within -+{:.3g} of the printed value", place.room);
  } else if (j.p < 0.05) {
    const bool better = (place.difference > 0) == printed.higher_is_better;
    j.verdict = better ? Verdict::kBetter : Verdict::kNotReproduced;
    j.reason = fmt::format("the 95 % interval lies beyond -+{:.3g} of the printed value, and so would one more run",
                           place.room);
  } else {
    j.reason = remedy(place, measured);
  }
  return j;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size(), kNaN);
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - rank) * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace seqbench::analyze
