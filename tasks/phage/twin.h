#pragma once
// The synthetic twin: 300 phage and 40 bacterial genomes that follow law.h, cut into segments. P(phage | segment) is
// exact: it follows from both laws' likelihoods and the share of phage segments.

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/phage/law.h"
#include "tasks/phage/segments.h"

namespace seqbench::tasks::phage {

inline constexpr std::int64_t kPublishedRows = 60000;
inline constexpr double kPublishedShare = 0.6;  // of phage segments

struct TwinLaw {
  Law phage, bacteria;
};
/// One law for all seeds, so that the ceiling and the controls' bands are those of the README.
[[nodiscard]] TwinLaw twin_law();

class Twin {
 public:
  /// `rows` segments, of which round(share x rows) are phage, spread evenly over the genomes. A genome begins alike
  /// whatever the number of rows.
  Twin(std::uint64_t seed, std::int64_t rows, double share);

  [[nodiscard]] std::int64_t genomes() const;
  /// A function of the seed and `index` alone, but for its length; without a sequence where it has no row.
  [[nodiscard]] Genome genome(std::int64_t index) const;
  /// log P(phage | segment) - log P(bacterium | segment).
  [[nodiscard]] double logit(std::string_view segment) const;

 private:
  TwinLaw law_;
  Likelihood phage_, bacteria_;
  Stream stream_;
  std::int64_t positives_, negatives_;
  double prior_;  // log odds
};

}  // namespace seqbench::tasks::phage
