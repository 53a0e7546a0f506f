#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "tasks/phage/genes.h"
#include "tests/unit/tasks/phage_support.h"

namespace seqbench::tasks::phage {
namespace {

PackedDna packed(const std::vector<std::string>& rows) {
  PackedDna dna(1024);
  for (const std::string& row : rows) dna.add(row);
  return dna;
}

std::vector<float> values(const DenseView& view) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(view.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  const at::Tensor gathered = view.gather(rows);
  const auto* data = gathered.const_data_ptr<float>();
  return {data, data + gathered.numel()};
}

std::string times(std::string_view text, int count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

TEST(PhageViews, StretchesAreFoundOnBothStrands) {
  const std::string text = "TAA" + times("GAC", 60) + "TAA";
  const auto found = open_stretches(text, 150);
  ASSERT_FALSE(found.empty());
  EXPECT_GE(found[0].length(), 180);
  EXPECT_TRUE(open_stretches(times("TAACTTAGTGA", 20), 60).empty());
  const auto reversed = open_stretches(reverse_complement(text), 150);
  ASSERT_EQ(reversed.size(), found.size());
  EXPECT_EQ(reversed[0].length(), found[0].length());
}

TEST(PhageViews, ALetterUnknownEndsAStretch) {
  const auto found = open_stretches(times("C", 30) + "N" + times("C", 60), 3);
  EXPECT_EQ(found[0].length(), 60);
}

TEST(PhageViews, LongestOrfIsAShareOfTheRow) {
  EXPECT_EQ(values(longest_orf(packed({times("C", 99), times("TAACTTAGTGA", 9), "CC"})))[0], 1.0F);
  EXPECT_LT(values(longest_orf(packed({times("TAACTTAGTGA", 9)})))[0], 0.5F);
  EXPECT_EQ(values(longest_orf(packed({"CC"})))[0], 0.0F);
}

TEST(PhageViews, CodonPhaseIsTheSameOnBothStrands) {
  const auto twin = test::phage_twin(60);
  const auto texts = std::get<TextView>(twin->view("dna").data).rows;
  std::vector<std::string> forward, reverse;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    forward.push_back(texts[i]);
    reverse.push_back(reverse_complement(texts[i]));
  }
  const auto one = values(codon_phase(packed(forward))), other = values(codon_phase(packed(reverse)));
  std::ptrdiff_t differ = 0;  // ties between stretches fall to the forward strand
  for (std::ptrdiff_t row = 0; row < std::ssize(forward); ++row) {
    const auto first = one.begin() + kCodonPhases * row;
    differ += std::equal(first, first + kCodonPhases, other.begin() + kCodonPhases * row) ? 0 : 1;
  }
  EXPECT_LE(differ, 3);
}

TEST(PhageViews, CodonPhaseCountsInFrame) {
  // One stretch of GAC; a letter on ACG; two on CGA.
  const auto shares = values(codon_phase(packed({"TAA" + times("GAC", 60)})));
  ASSERT_EQ(shares.size(), 192u);
  float best = 0;
  for (std::ptrdiff_t phase = 0; phase < 3; ++phase) {
    const auto first = shares.begin() + 64 * phase;
    EXPECT_NEAR(std::accumulate(first, first + 64, 0.0F), 1, 1e-5);
    best = std::max(best, *std::max_element(first, first + 64));
  }
  EXPECT_GT(best, 0.95F);
}

TEST(PhageViews, StrandlessWordsAreThoseOfEitherStrand) {
  const std::string text = "ACGTTGCAAGGCTTACGCATTTTGACC";
  const auto both = packed({text, reverse_complement(text)}).strandless_kmer_shares(6);
  EXPECT_EQ(both.features(), 2080);
  const auto shares = values(both);
  EXPECT_TRUE(std::equal(shares.begin(), shares.begin() + 2080, shares.begin() + 2080));
  EXPECT_NEAR(std::accumulate(shares.begin(), shares.begin() + 2080, 0.0F), 1, 1e-6);
  EXPECT_EQ(packed({text}).strandless_kmer_shares(2).features(), 10);
  // AC CG GT TT TA AA are in ACGTTAA; AC and GT are one word.
  EXPECT_EQ(values(packed({"ACGTTAA"}).strandless_kmer_shares(2))[0], 2.0F / 6);
}

}  // namespace
}  // namespace seqbench::tasks::phage
