#include "tasks/phage/genes.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "tasks/phage/law.h"

namespace seqbench::tasks::phage {
namespace {

constexpr std::int64_t kLeastStretch = 150;  // letters; one in ten by chance is longer

/// -1 where a letter is unknown.
std::int64_t codon_at(std::string_view strand, std::int64_t at) {
  std::int64_t codon = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::uint8_t letter = base_code(strand[static_cast<std::size_t>(at + i)]);
    if (letter == kUnknownBase) return -1;
    codon = codon * 4 + letter;
  }
  return codon;
}

void stretches_of(std::string_view strand, bool reverse, std::vector<Stretch>& found) {
  const auto length = static_cast<std::int64_t>(strand.size());
  for (std::int64_t frame = 0; frame < 3; ++frame) {
    std::int64_t begin = frame, at = frame;
    for (; at + 3 <= length; at += 3) {
      const std::int64_t codon = codon_at(strand, at);
      if (codon >= 0 && !is_stop(static_cast<std::size_t>(codon))) continue;
      if (at > begin) found.push_back({begin, at, reverse});
      begin = at + 3;
    }
    if (at > begin) found.push_back({begin, at, reverse});
  }
}

/// Letters of the forward strand.
std::pair<std::int64_t, std::int64_t> forward(const Stretch& stretch, std::int64_t length) {
  if (!stretch.reverse) return {stretch.begin, stretch.end};
  return {length - stretch.end, length - stretch.begin};
}

void count_codons(std::string_view strand, const Stretch& stretch, float* to) {
  for (std::int64_t at = stretch.begin; at + 5 <= stretch.end; at += 3) {
    for (std::int64_t phase = 0; phase < 3; ++phase) {
      const std::int64_t codon = codon_at(strand, at + phase);
      if (codon >= 0) to[64 * phase + codon] += 1;
    }
  }
}

}  // namespace

std::vector<Stretch> open_stretches(std::string_view sequence, std::int64_t least) {
  const auto length = static_cast<std::int64_t>(sequence.size());
  std::vector<Stretch> all;
  stretches_of(sequence, false, all);
  stretches_of(reverse_complement(sequence), true, all);
  std::erase_if(all, [&](const Stretch& stretch) { return stretch.length() < least; });
  std::ranges::stable_sort(all, [&](const Stretch& a, const Stretch& b) {
    if (a.length() != b.length()) return a.length() > b.length();
    return a.reverse != b.reverse ? b.reverse : a.begin < b.begin;
  });
  std::vector<Stretch> taken;
  for (const Stretch& stretch : all) {
    const auto [begin, end] = forward(stretch, length);
    const bool free = std::ranges::none_of(taken, [&, begin = begin, end = end](const Stretch& other) {
      const auto [other_begin, other_end] = forward(other, length);
      return 2 * (std::min(end, other_end) - std::max(begin, other_begin)) > end - begin;
    });
    if (free) taken.push_back(stretch);
  }
  return taken;
}

at::Tensor codon_phase(const PackedDna& dna) {
  at::Tensor shares = at::zeros({dna.rows(), kCodonPhases}, at::kFloat);
  auto* to = shares.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < dna.rows(); ++row) {
    const std::string sequence = dna.sequence(row), reversed = reverse_complement(sequence);
    for (const Stretch& stretch : open_stretches(sequence, kLeastStretch)) {
      count_codons(stretch.reverse ? reversed : sequence, stretch, to);
    }
    for (std::int64_t phase = 0; phase < 3; ++phase, to += 64) {
      float sum = 0;
      for (std::int64_t codon = 0; codon < 64; ++codon) sum += to[codon];
      if (sum > 0) std::for_each_n(to, 64, [sum](float& count) { count /= sum; });
    }
  }
  return shares;
}

at::Tensor longest_orf(const PackedDna& dna) {
  at::Tensor shares = at::empty({dna.rows(), 1}, at::kFloat);
  auto* to = shares.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < dna.rows(); ++row) {
    const std::string sequence = dna.sequence(row);
    const std::vector<Stretch> stretches = open_stretches(sequence, 3);
    const std::int64_t longest = stretches.empty() ? 0 : stretches.front().length();
    *to++ = static_cast<float>(longest) / static_cast<float>(sequence.size());
  }
  return shares;
}

}  // namespace seqbench::tasks::phage
