#include "tasks/dream_expression/score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace seqbench::tasks::dream_expression {
namespace {

const std::vector<double> kTruth = {0.1, 0.9, 0.4, 0.7, 0.2, 0.8, 0.5, 0.3};
const std::vector<double> kPrediction = {1, 8, 3, 9, 2, 6, 6, 4};

/// Every component with the same three rows or pairs, one of them twice.
Phase example() {
  Phase phase;
  phase.singles.fill({0, 2, 1, 2});
  phase.pairs.fill({{1, 0}, {3, 2}, {1, 0}, {5, 4}});
  phase.singles[0] = {0, 1, 2, 3, 4, 5, 6, 7};
  return phase;
}

TEST(DreamScore, CorrelationsByHand) {
  EXPECT_DOUBLE_EQ(pearson(std::vector<double>{1, 2, 3}, std::vector<double>{2, 4, 6}), 1);
  EXPECT_DOUBLE_EQ(pearson(std::vector<double>{1, 2, 3}, std::vector<double>{1, 3, 2}), 0.5);
  EXPECT_DOUBLE_EQ(spearman(std::vector<double>{1, 2, 30}, std::vector<double>{1, 300, 2}), 0.5);
  // Midranks 0.5, 0.5, 2 against 0, 1, 2.
  EXPECT_DOUBLE_EQ(spearman(std::vector<double>{5, 5, 7}, std::vector<double>{1, 2, 3}), std::sqrt(3.0) / 2);
  EXPECT_TRUE(std::isnan(pearson(std::vector<double>{1, 1}, std::vector<double>{1, 2})));
  EXPECT_TRUE(std::isnan(pearson(std::vector<double>{1}, std::vector<double>{1})));
}

TEST(DreamScore, RepeatedRowsAndPairsCountOnce) {
  const ChallengeScore score = challenge_score(example(), kTruth, kPrediction);
  EXPECT_EQ(score.components[0].n, 8);
  for (std::size_t c = 1; c < kComponents; ++c) EXPECT_EQ(score.components[c].n, 3);
  const std::vector<double> truth = {0.1, 0.9, 0.4}, prediction = {1, 8, 3};
  EXPECT_DOUBLE_EQ(score.components[1].r, pearson(truth, prediction));
  // Differences of the pairs: -0.8, -0.3, -0.6 and -7, -6, -4.
  EXPECT_NEAR(score.components[6].r, pearson(std::vector<double>{-0.8, -0.3, -0.6}, std::vector<double>{-7, -6, -4}), 1e-12);
  EXPECT_DOUBLE_EQ(score.components[6].rho, 0.5);
}

TEST(DreamScore, WeightsAreTheChallenges) {
  const ChallengeScore score = challenge_score(example(), kTruth, kPrediction);
  const auto r2 = [&](std::size_t c) { return score.components[c].r * score.components[c].r; };
  const double single = r2(1), pair = r2(6);
  EXPECT_NEAR(score.pearson, (r2(0) + 4 * 0.3 * single + 0.5 * single + (1.25 + 0.3 + 0.4) * pair) / 4.65, 1e-12);
  const double rho = score.components[1].rho;
  EXPECT_NEAR(score.spearman, (score.components[0].rho + 1.7 * rho + 1.95 * 0.5) / 4.65, 1e-12);
}

TEST(DreamScore, ThePublicBoardsRowsAreLeftOut) {
  Phase board;
  board.singles[1] = {2};
  board.pairs[0] = {{3, 2}, {0, 1}};  // the second is the other way round: that pair stays, its rows go
  const Phase rest = without(example(), board);
  EXPECT_EQ(rest.singles[0], (std::vector<std::int64_t>{4, 5, 6, 7}));
  EXPECT_TRUE(rest.singles[1].empty());
  EXPECT_EQ(rest.pairs[0], (std::vector<Pair>{{1, 0}, {1, 0}, {5, 4}}));
  EXPECT_EQ(rest.pairs[1].size(), 3U);
  const ChallengeScore score = challenge_score(rest, kTruth, kPrediction);
  EXPECT_TRUE(std::isnan(score.pearson));
  EXPECT_EQ(score.components[1].note, "0 rows or pairs, at least 2 are needed");
}

TEST(DreamScore, AMissingPredictionLeavesItsComponentsUndefined) {
  std::vector<double> prediction = kPrediction;
  prediction[5] = std::numeric_limits<double>::quiet_NaN();
  const ChallengeScore score = challenge_score(example(), kTruth, prediction);
  EXPECT_EQ(score.components[0].note, "1 of 8 rows or pairs have no prediction");
  EXPECT_TRUE(std::isnan(score.components[7].r));
  EXPECT_FALSE(std::isnan(score.components[1].r));
  EXPECT_TRUE(std::isnan(score.spearman));
}

TEST(DreamScore, AConstantPredictionHasNoScore) {
  const ChallengeScore score = challenge_score(example(), kTruth, std::vector<double>(8, 3.5));
  EXPECT_EQ(score.components[0].note, "truth or predictions are constant");
  EXPECT_TRUE(std::isnan(score.pearson));
}

}  // namespace
}  // namespace seqbench::tasks::dream_expression
