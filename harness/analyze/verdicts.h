#pragma once
// Judging published numbers and claims by what was measured (HARNESS 8.9). All by intervals of analyze::Summary.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/analyze/intervals.h"

namespace seqbench::analyze {

enum class Verdict { kBlocked, kReproduced, kBetter, kNotReproduced, kUndecided, kInconsistentAsPrinted };
/// The store's words: blocked, reproduced, better, not_reproduced, undecided, inconsistent_as_printed.
[[nodiscard]] std::string_view to_string(Verdict verdict);

struct Printed {
  double value = 0;
  double half_unit = 0;             // of the last printed digit: 0.689 -> 0.0005
  std::optional<double> low, high;  // a printed range; both or neither, low <= high
  bool higher_is_better = true;
};

/// How far a measured value may lie from a printed one: absolute, or a share of the printed value.
struct MarginRule {
  double size = 0;
  bool relative = false;
};
[[nodiscard]] double absolute_margin(const MarginRule& rule, double printed);

struct Judgement {
  Verdict verdict = Verdict::kUndecided;
  /// Measured minus printed (of a range: minus its nearest end, 0 inside), and its 95 and 90 % intervals.
  double difference = 0, low = 0, high = 0, low90 = 0, high90 = 0;
  /// 95 % prediction interval of one more run, widened by half a unit of the printed value; NaN where unknown.
  double prediction_low = 0, prediction_high = 0;
  double p = 0;        // of "not reproduced", two-sided, for Holm's adjustment; NaN without an interval
  std::string reason = {};  // one sentence; for undecided the cheapest remedy
};

/// Rules 2 to 4 with margin d and half unit h:
///   reproduced      the 90 % interval of the difference lies inside -+(d + h): two one-sided tests at 5 %
///   not reproduced  |difference| > d + h, the 95 % interval excludes -+(d + h), and the printed value lies outside the
///                   95 % prediction interval of one more run even when that is widened by d + h; in the good direction
///                   the word is better
///   undecided       else
/// HARNESS widens the prediction interval by h alone. Then a published run with noise of its own, of a method that is
/// truly d away, is called not reproduced far more often than 5 % (docs/statistics.md has the simulation); with d + h it
/// is not. One run shows nothing of the spread between runs: it can reproduce, never refute.
[[nodiscard]] Judgement judge(const Printed& printed, double margin, const Summary& measured);

enum class Support { kSupported, kContradicted, kUndecided };
[[nodiscard]] std::string_view to_string(Support support);

struct ClaimResult {
  Support support = Support::kUndecided;
  double p_against = 1;  // of "contradicted", one-sided, for Holm's adjustment
  std::string reason = {};
};
/// "A > B", or "A >= B" with margin > 0, from a summary of A - B (paired_difference or unpaired_difference): supported when
/// the one-sided 95 % lower bound is above -margin, contradicted when the upper bound is below it. For metrics where lower
/// is better a claim "A is better" is one about B - A: the caller's order says what is claimed.
[[nodiscard]] ClaimResult claim_greater(const Summary& difference, double margin = 0);
/// A trend of means over the levels they belong to, claimed to be rising: Kendall's tau-b with its two-sided p, twice the
/// smaller of trend_of()'s two (exact up to 9 means, else normal with the variance for ties). Supported: tau > 0 and
/// p <= 0.05; contradicted: tau < 0 and p <= 0.05. Fewer than 5 means can never reach 5 %, and the reason says so.
[[nodiscard]] ClaimResult claim_trend(std::span<const int> levels, std::span<const double> means);

/// Holm's step-down adjustment, in the order given (NaN stays NaN and does not count).
[[nodiscard]] std::vector<double> holm(std::span<const double> p);

}  // namespace seqbench::analyze
