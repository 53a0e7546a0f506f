#include "tasks/promoter/score.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace seqbench::tasks::promoter {
namespace {

/// Nothing but G: no element fits, and there is no CpG.
std::string blank() { return std::string(kLength, 'G'); }

std::string with(std::string sequence, int position, std::string_view word) {
  return sequence.replace(static_cast<std::size_t>(kStart + position), word.size(), word);
}

constexpr std::string_view kAnInitiator = "TTAGTTT";  // YYANWYY
constexpr std::string_view kATata = "TATAAAAG";      // TATAWAWR

TEST(PromoterScore, MatchIsOneOnTheConsensusAndZeroFarFromIt) {
  EXPECT_DOUBLE_EQ(match("TATAAAAG", 0, kTata), 1);
  EXPECT_DOUBLE_EQ(match("TATATATA", 0, kTata), 1);
  EXPECT_DOUBLE_EQ(match("GCGCGCGC", 0, kTata), 0);
  EXPECT_DOUBLE_EQ(match("TATAAAA", 0, kTata), 0) << "past the end";
  // A wrong letter costs ln 27 where one letter is right and ln 9 where two are, 3 : 2; all eight wrong cost 21.
  EXPECT_NEAR(match("GATAAAAG", 0, kTata), 1 - 2 * 3.0 / 21, 1e-12);
  EXPECT_NEAR(match("GATACAAG", 0, kTata), 1 - 2 * 5.0 / 21, 1e-12);
}

TEST(PromoterScore, EachElementCountsWhereItBelongs) {
  const double nothing = score(blank()).total();
  EXPECT_DOUBLE_EQ(nothing, 0);
  const std::string initiator = with(blank(), -2, kAnInitiator);
  EXPECT_DOUBLE_EQ(score(initiator).total(), 1.0);
  EXPECT_DOUBLE_EQ(score(with(blank(), -60, kAnInitiator)).initiator, 0);
  EXPECT_DOUBLE_EQ(score(with(initiator, -31, kATata)).total(), 1.0 + 1.6);
  EXPECT_DOUBLE_EQ(score(with(initiator, kDownstreamAt, "AGACA")).total(), 1.0 + 1.2);
  EXPECT_DOUBLE_EQ(score(with(initiator, kDownstreamAt + 1, "AGACA")).total(), 1.0);
  EXPECT_DOUBLE_EQ(score(with(blank(), -200, "AATAAA")).total(), -1.0);
  EXPECT_DOUBLE_EQ(score(with(blank(), 3, "ATG")).total(), -0.8);
  EXPECT_DOUBLE_EQ(score(with(blank(), 4, "ATG")).total(), 0) << "out of frame";
  EXPECT_DOUBLE_EQ(score(with(blank(), -3, "ATG")).total(), 0) << "before the start";
}

TEST(PromoterScore, TataNeedsAnInitiatorAtItsDistance) {
  const std::string initiator = with(blank(), -2, kAnInitiator);
  EXPECT_DOUBLE_EQ(score(with(initiator, -28, kATata)).tata, 1);
  EXPECT_DOUBLE_EQ(score(with(initiator, -34, kATata)).tata, 1);
  EXPECT_LT(score(with(initiator, -27, kATata)).tata, 1) << "27 letters before the A";
  EXPECT_LT(score(with(initiator, -50, kATata)).tata, 1);
  EXPECT_DOUBLE_EQ(score(with(blank(), -31, kATata)).tata, 0) << "no initiator";
}

TEST(PromoterScore, TataSilencesTheDownstreamElement) {
  const std::string both = with(with(blank(), -2, kAnInitiator), kDownstreamAt, "AGACA");
  EXPECT_TRUE(score(both).downstream);
  EXPECT_FALSE(score(with(both, -31, kATata)).downstream);
}

TEST(PromoterScore, GcBoxesCountOnBothStrandsUpToThreeInTheirWindow) {
  std::string sequence(kLength, 'T');
  for (const int position : {-150, -100, -45}) sequence = with(sequence, position, "GGGCGG");
  EXPECT_EQ(score(sequence).gc_boxes, 3);
  sequence = with(sequence, -80, "CCGCCC");
  EXPECT_EQ(score(sequence).gc_boxes, 4);
  EXPECT_EQ(score(with(std::string(kLength, 'T'), -151, "GGGCGG")).gc_boxes, 0);
  EXPECT_EQ(score(with(std::string(kLength, 'T'), -44, "GGGCGG")).gc_boxes, 0);
  Score four;
  four.gc_boxes = 4;
  EXPECT_DOUBLE_EQ(four.total(), 2.7);
}

TEST(PromoterScore, CpgIsObservedOverExpected) {
  // 3 C, 3 G, 2 CG in 300: 2 * 300 / 9.
  const std::string sequence = with(std::string(kLength, 'T'), -200, "CGACGAGTC");
  EXPECT_DOUBLE_EQ(score(sequence).cpg, 2.0 * 300 / 9);
  EXPECT_DOUBLE_EQ(score(std::string(kLength, 'T')).cpg, 0);
}

TEST(PromoterScore, ElementsAreFoundWhereTheyCount) {
  std::string sequence = with(with(blank(), -2, kAnInitiator), -31, kATata);
  sequence = with(with(with(sequence, -200, kPolyA), 6, "ATG"), -60, "CCGCCC");
  std::vector<std::pair<std::string, int>> found;
  for (const Element& element : elements(sequence)) found.emplace_back(element.name, element.position);
  EXPECT_EQ(found, (decltype(found){{"TATA", -31}, {"initiator", -2}, {"GC box", -60}, {"AATAAA", -200}, {"ATG", 6}}));
  EXPECT_TRUE(elements(blank()).empty());
}

}  // namespace
}  // namespace seqbench::tasks::promoter
