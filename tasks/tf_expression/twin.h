#pragma once
// The synthetic twin: genes bound by the law of law.h, y = centre + scale (effect + noise). What a model sees of a row
// (bins) fixes its effect, so E[y | x] is exact; what a set of factors leaves open is averaged by the law of positions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/streams.h"
#include "tasks/tf_expression/law.h"
#include "tasks/tf_expression/table.h"

namespace seqbench::tasks::tf_expression {

inline constexpr std::int64_t kPublishedRows = 18000;
inline constexpr std::int64_t kTwinMarks = 7;  // in the order of Chromoformer's table
inline constexpr std::int64_t kTwinBins = 100;  // of 100 nt, the start at bin 50

struct TwinRow {
  Gene gene;
  std::int64_t tss = 0;
  bool minus = false;
  double openness = 0;
  double effect = 0;        // standardized
  double expected = 0;      // E[y | bins]
  double expected_set = 0;  // E[y | set of bound factors]
  double noiseless = 0;     // y without noise; of a gene that was forced to be unbound, as of any unbound one
};

class Twin {
 public:
  /// `unbound`: 6 % of the genes are forced to have no factor, with an expression of their own law.
  Twin(std::uint64_t seed, double coincide, bool unbound);
  /// A function of the seed and `index` (below kPublishedRows) alone.
  [[nodiscard]] TwinRow row(std::int64_t index) const;
  /// Counts [kTwinMarks, kTwinBins] of a row.
  void histone(std::int64_t index, std::span<float> values) const;
  [[nodiscard]] const Law& law() const { return law_; }
  [[nodiscard]] const Streams& streams() const { return streams_; }

 private:
  struct Bound {
    std::vector<Peak> peaks = {};
    double openness = 0;
    bool forced = false;
  };
  [[nodiscard]] Bound draw_bound(Draws draws) const;
  [[nodiscard]] double level(double effect) const { return centre_ + scale_ * effect; }

  Streams streams_;
  Law law_;
  double coincide_, unbound_;  // shares
  double centre_ = 0, scale_ = 1;
  double effect_mean_ = 0, effect_sd_ = 1;
  double forced_if_unbound_ = 0;  // P(forced | no factor)
  Stream binding_, noise_, histones_;
};

}  // namespace seqbench::tasks::tf_expression
