#pragma once
// The twin's genotypes: which substitutions occur, and a numbering of all sets of n of them. Row j of the
// variants with n mutations is the image of j under a keyed permutation of those sets, so that rows are distinct
// and each can be made alone.

#include <array>
#include <cstdint>
#include <vector>

#include "harness/base/streams.h"
#include "tasks/gfp_fluorescence/genotypes.h"

namespace seqbench::tasks::gfp_fluorescence {

inline constexpr std::size_t kSites = 233;          // positions that are mutated in the real table
inline constexpr std::size_t kSubstitutions = 1879;  // distinct substitutions of the real table
inline constexpr std::size_t kStops = 19;            // of them, 1 %
inline constexpr std::size_t kMaxMutations = 15;

/// Index of a substitution; its site is index % kSites.
using Substitution = std::uint16_t;

class VariantSpace {
 public:
  explicit VariantSpace(const Streams& streams);
  [[nodiscard]] static std::size_t site(Substitution s) { return s % kSites; }
  [[nodiscard]] Mutation mutation(Substitution s) const { return substitutions_[s]; }
  /// Position of a site.
  [[nodiscard]] std::size_t position(std::size_t site) const { return substitutions_[site].position; }
  /// `n` substitutions at distinct sites, uniform over all such sets; other sets for other j.
  /// n <= kMaxMutations, j < the number of rows in the real table.
  [[nodiscard]] std::vector<Substitution> variant(std::size_t n, std::uint64_t j) const;

 private:
  __extension__ typedef unsigned __int128 Wide;  // there are 1e37 sets of 15

  [[nodiscard]] Wide permuted(Wide rank, std::size_t n, int half_bits) const;
  [[nodiscard]] std::vector<Substitution> set_of(Wide rank, std::size_t n) const;

  std::vector<Mutation> substitutions_;
  std::array<std::vector<Wide>, kMaxMutations + 1> binomial_;  // [k][c] = c choose k
  Stream variants_;
};

}  // namespace seqbench::tasks::gfp_fluorescence
