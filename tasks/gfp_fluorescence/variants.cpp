#include "tasks/gfp_fluorescence/variants.h"

#include <algorithm>
#include <bitset>
#include <numeric>
#include <string>
#include <utility>

#include "harness/base/error.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

constexpr std::size_t kStopSites = kSites - kStops;  // the last sites have a stop in place of their first residue
constexpr std::uint32_t kRounds = 8;

/// Site and substitution order are random, so "the last sites" are any sites.
std::vector<Mutation> draw_substitutions(const Streams& streams) {
  std::vector<std::size_t> sites(kWildType.size() - 2);  // neither end is ever mutated
  std::iota(sites.begin(), sites.end(), std::size_t{1});
  Draws draws = streams.open("twin/sites").at();
  draws.shuffle(std::span<std::size_t>(sites));
  const Stream residues = streams.open("twin/residues");
  std::vector<Mutation> substitutions(kSubstitutions);
  for (std::size_t site = 0; site < kSites; ++site) {
    std::string others(kSymbols.substr(0, kSymbols.size() - 1));
    std::erase(others, kWildType[sites[site]]);
    Draws order = residues.at({.item = static_cast<std::uint32_t>(site)});
    order.shuffle(std::span<char>(others));
    if (site >= kStopSites) others.front() = '*';
    for (std::size_t s = site; s < kSubstitutions; s += kSites) substitutions[s] = {sites[site], others[s / kSites]};
  }
  return substitutions;
}

}  // namespace

VariantSpace::VariantSpace(const Streams& streams)
    : substitutions_(draw_substitutions(streams)), variants_(streams.open("twin/variants")) {
  binomial_[0].assign(kSubstitutions + 1, 1);
  for (std::size_t k = 1; k <= kMaxMutations; ++k) {
    binomial_[k].assign(kSubstitutions + 1, 0);
    for (std::size_t c = 1; c <= kSubstitutions; ++c) {
      binomial_[k][c] = binomial_[k][c - 1] + binomial_[k - 1][c - 1];
    }
  }
}

/// Feistel network on two halves: a permutation of [0, 2^(2 half_bits)).
VariantSpace::Wide VariantSpace::permuted(Wide rank, std::size_t n, int half_bits) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  auto left = static_cast<std::uint64_t>(rank >> half_bits);
  auto right = static_cast<std::uint64_t>(rank) & mask;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const PhiloxBlock words = variants_.block(round, {.epoch = static_cast<std::uint32_t>(n),
                                                      .step = static_cast<std::uint32_t>(right),
                                                      .item = static_cast<std::uint32_t>(right >> 32)});
    const std::uint64_t mixed = (std::uint64_t{words[1]} << 32 | words[0]) & mask;
    left = std::exchange(right, left ^ mixed);
  }
  return Wide{left} << half_bits | right;
}

/// Combinatorial number system: the set {c_1 < ... < c_n} has rank sum of (c_k choose k).
std::vector<Substitution> VariantSpace::set_of(Wide rank, std::size_t n) const {
  std::vector<Substitution> set(n);
  for (std::size_t k = n; k > 0; --k) {
    const std::vector<Wide>& column = binomial_[k];
    const auto above = std::upper_bound(column.begin() + static_cast<std::ptrdiff_t>(k), column.end(), rank);
    const auto c = static_cast<std::size_t>(above - column.begin()) - 1;
    rank -= column[c];
    set[k - 1] = static_cast<Substitution>(c);
  }
  return set;
}

std::vector<Substitution> VariantSpace::variant(std::size_t n, std::uint64_t j) const {
  SEQBENCH_ASSERT(n <= kMaxMutations, "the table of binomials ends there");
  if (n == 0) return {};
  const Wide sets = binomial_[n][kSubstitutions];
  // The walk below is one-to-one between sets on distinct sites, so it must begin at one: sets of substitutions
  // below kSites come first in rank and are such.
  SEQBENCH_ASSERT(j < (n == 1 ? sets : binomial_[n][kSites]), "more rows than the numbering can start from");
  int half_bits = 1;
  while (Wide{1} << (2 * half_bits) < sets) ++half_bits;
  const auto on_distinct_sites = [](const std::vector<Substitution>& set) {
    std::bitset<kSites> used;
    for (const Substitution s : set) used.set(site(s));
    return used.count() == set.size();
  };
  Wide rank = j;
  while (true) {
    rank = permuted(rank, n, half_bits);
    if (rank >= sets) continue;
    std::vector<Substitution> set = set_of(rank, n);
    if (on_distinct_sites(set)) return set;
  }
}

}  // namespace seqbench::tasks::gfp_fluorescence
