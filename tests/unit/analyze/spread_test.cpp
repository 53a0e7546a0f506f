// Scores of standard deviations, against scipy 1.17 (densities, quantiles, numerical integration) and by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "harness/analyze/spread.h"
#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

std::map<std::string, double> scores(const std::vector<double>& truth, const std::vector<double>& prediction, const std::vector<double>& sd) {
  std::map<std::string, double> found;
  for (const SpreadScore& score : spread_scores(truth, prediction, sd)) found[std::string(score.name)] = score.value;
  return found;
}

TEST(SpreadScores, EqualTheReference) {
  const auto found = scores({1.0, 2.5, -0.3, 4.0, 1.7}, {1.2, 2.0, 0.4, 3.9, 1.7}, {0.5, 0.2, 0.7, 0.5, 1.1});
  EXPECT_NEAR(found.at("gaussian_nll"), 1.012519125666993, 1e-12);
  EXPECT_NEAR(found.at("crps"), 0.267976210549005, 1e-12);
  EXPECT_DOUBLE_EQ(found.at("coverage_50"), 0.6);
  EXPECT_DOUBLE_EQ(found.at("coverage_90"), 0.8);
  EXPECT_NEAR(found.at("interval_90"), 1.973824352341767, 1e-12);
  // Squared errors by deviation: 0.25 | 0.04 and 0.01 tied | 0.49 | 0.
  EXPECT_NEAR(found.at("risk_half"), 0.3 / 3, 1e-12);
  EXPECT_NEAR(found.at("risk_coverage"), (0.25 + 2 * 0.1 + 0.79 / 4 + 0.79 / 5) / 5, 1e-12);
  EXPECT_TRUE(spread_scores({}, {}, {}).empty());
  EXPECT_EQ(found.size(), kSpreadScores.size());
  for (const std::string_view name : kSpreadScores) EXPECT_TRUE(found.contains(std::string(name))) << name;
}

TEST(SpreadScores, RiskGrowsRowByRowAndByTies) {
  const std::vector<double> truth = {1.0, 2.5, -0.3, 4.0}, prediction = {1.5, 2.0, 0.7, 4.0}, sd = {0.5, 0.2, 0.7, 0.5};
  const std::vector<double> risks = risks_by_deviation(truth, prediction, sd);
  ASSERT_EQ(risks.size(), 4u);
  EXPECT_DOUBLE_EQ(risks[0], 0.25);
  EXPECT_DOUBLE_EQ(risks[1], 0.5 / 3);  // the tie's end
  EXPECT_DOUBLE_EQ(risks[2], 0.5 / 3);
  EXPECT_DOUBLE_EQ(risks[3], 1.5 / 4);
  EXPECT_TRUE(risks_by_deviation({}, {}, {}).empty());
}

TEST(SpreadScores, OfTheTrueLawCoverAsTheyPromise) {
  constexpr std::size_t kRows = 20'000;
  std::vector<double> truth, prediction, sd, narrow;
  Draws draws = Streams(11).open("test").at();
  for (std::size_t i = 0; i < kRows; ++i) {
    sd.push_back(0.1 + draws.uniform());
    narrow.push_back(sd.back() / 2);
    prediction.push_back(draws.normal());
    truth.push_back(prediction.back() + sd.back() * draws.normal());
  }
  const auto honest = scores(truth, prediction, sd), vain = scores(truth, prediction, narrow);
  EXPECT_NEAR(honest.at("coverage_90"), 0.9, 0.01);
  EXPECT_NEAR(honest.at("coverage_50"), 0.5, 0.015);
  EXPECT_LT(honest.at("gaussian_nll"), vain.at("gaussian_nll"));
  EXPECT_LT(honest.at("crps"), vain.at("crps"));
  EXPECT_LT(vain.at("coverage_90"), 0.7);
  const auto blind = scores(truth, prediction, std::vector<double>(kRows, 0.6));
  EXPECT_LT(honest.at("risk_half"), 0.5 * blind.at("risk_half")) << "small deviations are small errors";
  EXPECT_LT(honest.at("risk_coverage"), 0.5 * blind.at("risk_coverage"));
}

}  // namespace
}  // namespace seqbench::analyze
