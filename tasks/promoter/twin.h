#pragma once
// The synthetic twin: random DNA with core-promoter elements, right ones and decoys, whose label is drawn from a
// posterior that follows exactly from the sequence: P(y = 1 | x) = sigmoid(slope (u(x) - centre)).
//
// Rows are segments of 300 letters that overlap by 150 within a locus of 600. A segment is a candidate, its first half
// that of the segment before, that was accepted for its GC share and its score alone. Such a choice cannot change
// P(y | x), so the ceiling stays exact; it makes GC say nothing of the label, and lets the posterior's logits follow
// +-N(6, 2^2), alike in sign within a locus.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/streams.h"
#include "tasks/promoter/score.h"

namespace seqbench::tasks::promoter {

inline constexpr std::int64_t kPublishedRows = 2570;
inline constexpr std::int64_t kSegments = 3;  // of a locus
inline constexpr std::size_t kStep = 150;     // letters from one to the next

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
  /// The rows kSegments * index and on: a function of the seed and `index` alone.
  [[nodiscard]] std::vector<TwinRow> locus(std::int64_t index) const;
  /// A candidate for a segment that wants this GC share, before any choice.
  [[nodiscard]] std::string candidate(Counter at, double gc) const;

 private:
  using Table = std::array<std::array<double, 4>, 64>;  // weight of the next letter after three

  /// What a segment is chosen for; never its label.
  struct Wanted {
    double gc, logit;
  };

  [[nodiscard]] std::string background(double gc, Draws& draws) const;
  /// `half`: the letters that it begins with, or nothing.
  [[nodiscard]] TwinRow segment(Counter at, const Wanted& wanted, std::string_view half) const;

  double slope_;
  Table table_;
  Stream wanted_, candidates_, labels_;
};

}  // namespace seqbench::tasks::promoter
