#pragma once
// The synthetic twin: random DNA with core-promoter elements, right ones and decoys, whose label is drawn from a
// posterior that follows exactly from the sequence: P(y = 1 | x) = sigmoid(slope (u(x) - centre)).
//
// A row is a candidate that was accepted for its GC share and its score alone. Such a choice cannot change
// P(y | x), so the ceiling stays exact; it makes GC say nothing of the label, and lets the posterior's logits
// follow +-N(6, 2^2).

#include <array>
#include <cstdint>
#include <string>

#include "harness/base/streams.h"
#include "tasks/promoter/score.h"

namespace seqbench::tasks::promoter {

inline constexpr std::int64_t kPublishedRows = 2570;

/// Where the law's logit is 0 and how steep it is: these quantiles of u over candidates lie at logits -6 and 6. The
/// test PromoterCalibration.GivesTheConstants finds both anew from candidates of seed 0.
struct Law {
  static constexpr double kLower = 0.16;
  static constexpr double kUpper = 0.84;
  static constexpr double kCentre = 1.88;
  static constexpr double kSlope = 2.66;
};

struct TwinRow {
  std::string sequence;
  double gc = 0;
  double score = 0;      // u
  double posterior = 0;  // P(y = 1 | x)
  int label = 0;
  int attempts = 0;      // candidates looked at
};

class Twin {
 public:
  /// `hard`: the same sequences with half the slope.
  Twin(std::uint64_t seed, bool hard);
  /// A function of the seed and `index` alone.
  [[nodiscard]] TwinRow row(std::int64_t index) const;
  /// A candidate for a row that wants this GC share, before any choice.
  [[nodiscard]] std::string candidate(std::uint32_t index, std::uint32_t attempt, double gc) const;

 private:
  using Table = std::array<std::array<double, 4>, 64>;  // weight of the next letter after three

  [[nodiscard]] std::string background(double gc, Draws& draws) const;

  double slope_;
  Table table_;
  Stream wanted_, candidates_, labels_;
};

}  // namespace seqbench::tasks::promoter
