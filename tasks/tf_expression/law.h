#pragma once
// What the twin's genes follow: how likely each factor binds, and what the bound ones do to expression.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/base/streams.h"
#include "tasks/tf_expression/table.h"

namespace seqbench::tasks::tf_expression {

inline constexpr std::size_t kFactors = 253;
inline constexpr std::size_t kModules = 6;
inline constexpr std::int64_t kNear = 3;  // bins between the centres of a pair that meets

/// P(bound) = sigmoid(offset + openness a + modules F), a and F standard normal.
struct FactorLaw {
  double offset = 0, openness = 0;
  std::array<double, kModules> modules{};
  double frequency = 0;  // mean of P(bound)
};

/// A planted term of two factors (or of one: second = first).
struct Element {
  std::uint16_t first = 0, second = 0;
  double weight = 0;
};

/// Where a peak may lie: P(centre = bin), exactly as peak_at draws.
[[nodiscard]] std::vector<double> centre_law();
[[nodiscard]] Peak peak_at(std::uint16_t factor, std::int64_t centre, std::int64_t width);
/// Centre N(60, 6^2) with probability 0.7, else anywhere; 2 to 5 bins wide.
[[nodiscard]] Peak draw_peak(std::uint16_t factor, Draws& draws);
/// As peak_at took it, moved inwards at the edges.
[[nodiscard]] inline std::int64_t centre_of(const Peak& peak) { return peak.first + (peak.last - peak.first + 1) / 2; }

struct Law {
  std::vector<std::string> names;  // in the order of bytes
  std::vector<FactorLaw> factors;
  std::vector<Element> additive;   // bound
  std::vector<Element> both;       // AND
  std::vector<Element> either;     // OR
  std::vector<Element> unless;     // the first and not the second
  std::vector<Element> near;       // both, their centres at most kNear bins apart; MYC and MAX first
  std::vector<double> meets;       // P(that near | both bound), by element

  /// `coincide`: extra probability that MAX's peak is drawn near MYC's.
  Law(const Streams& streams, double coincide);
  /// Noiseless effect of a gene's peaks, one a factor, ascending.
  [[nodiscard]] double effect(std::span<const Peak> peaks) const;
  /// Its mean over the positions, given which factors are bound.
  [[nodiscard]] double effect_of_set(std::span<const Peak> peaks) const;

 private:
  [[nodiscard]] double effect(std::span<const Peak> peaks, bool positions) const;
};

}  // namespace seqbench::tasks::tf_expression
