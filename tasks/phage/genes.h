#pragma once
// What may be a gene, told without a model: the longest stretches without a stop codon, on both strands.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::phage {

/// Whole codons without a stop, in one reading frame.
struct Stretch {
  std::int64_t begin = 0, end = 0;  // letters of the strand that is read
  bool reverse = false;

  [[nodiscard]] std::int64_t length() const { return end - begin; }
};

/// The longest stretch, then the longest that shares no more than half of its letters with any before, down to `least`
/// letters. Ties: the forward strand, then the smaller begin.
[[nodiscard]] std::vector<Stretch> open_stretches(std::string_view sequence, std::int64_t least);

inline constexpr std::int64_t kCodonPhases = 192;
/// [rows, 192]: codons of the open stretches in the reading frame (64), one letter on (64), two on (64), as shares
/// of the codons of that phase. Neither strand nor the place of the cut matters.
[[nodiscard]] at::Tensor codon_phase(const PackedDna& dna);
/// [rows, 1]: letters of the longest stretch, as a share of the row's.
[[nodiscard]] at::Tensor longest_orf(const PackedDna& dna);

}  // namespace seqbench::tasks::phage
