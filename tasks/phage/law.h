#pragma once
// The law that a class's DNA follows in the twin, and the exact probability of a segment under it.
//
// A genome is a chain of genes and what lies between them. Genes lie on either strand and are a start codon, sense
// codons from a usage table, and a stop codon; some hold one block of conserved codons. A genome has one of kTables
// usage tables. All lengths are geometric, so a segment's probability is a forward recursion over the places where a
// letter between genes, a codon or a block may begin. What a cut leaves of a codon or block at either end is summed
// over, and the segment may begin anywhere.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/streams.h"

namespace seqbench::tasks::phage {

inline constexpr std::size_t kTables = 8;
inline constexpr std::size_t kMaxBlock = 10;  // codons

/// Codons are 16 a + 4 b + c, letters in the order ACGT.
using CodonTable = std::array<double, 64>;
[[nodiscard]] bool is_stop(std::size_t codon);

struct Law {
  double end = 0;     // a gene ends at each place between two of its codons
  double begin = 0;   // a gene begins at each place between genes
  double turn = 0;    // it lies on the other strand than the one before
  double marked = 0;  // it holds a block: codons, block, codons, each run of them as long as a plain gene's
  double kept = 0;    // a block's codon is the conserved one; else it is from the usage table
  CodonTable start{}, stop{};                      // sum to 1
  std::array<CodonTable, kTables> usage{};         // sum to 1; 0 for stops
  std::array<std::array<double, 4>, 16> between{}; // next letter after two, between genes; a run of them is stationary
  std::vector<std::vector<std::size_t>> blocks;    // alike in length, at most kMaxBlock sense codons

  /// Letters from the begin of a gene to that of the next, on average.
  [[nodiscard]] double cycle() const;
  /// A stationary stretch of a genome with this usage table.
  [[nodiscard]] std::string draw(std::size_t table, std::size_t length, Draws& draws) const;
};

/// P(sequence | law), averaged over the usage tables.
class Likelihood {
 public:
  explicit Likelihood(const Law& law);
  ~Likelihood();
  Likelihood(const Likelihood&) = delete;
  Likelihood& operator=(const Likelihood&) = delete;

  /// log P + n log 4 of n > 0 letters ACGT.
  [[nodiscard]] double log_ratio(std::string_view sequence) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace seqbench::tasks::phage
