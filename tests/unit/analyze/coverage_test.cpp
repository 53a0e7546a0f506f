// Simulations with known truth, few enough to take seconds; the streams are fixed, so that the counts are too. The full
// tables: tests/full/coverage, docs/statistics.md.

#include "tests/coverage/coverage.h"

#include <gtest/gtest.h>

#include <cmath>

namespace seqbench::coverage {
namespace {

struct Cell {
  Design design;
  int repetitions = 600;
};

class IntervalCoverage : public ::testing::TestWithParam<Cell> {};

TEST_P(IntervalCoverage, IsNinetyFivePercent) {
  const Coverage got = measure(GetParam().design, GetParam().repetitions, 200);
  const double error = 200 * std::sqrt(0.95 * 0.05 / GetParam().repetitions);  // 2 s.e.: 1.8 %
  EXPECT_GE(got.percent(), 93 - error);
  EXPECT_LE(got.percent(), 97 + error);
  EXPECT_EQ(got.without, 0);
  EXPECT_GT(got.width, 0);
}

INSTANTIATE_TEST_SUITE_P(Designs, IntervalCoverage,
                         ::testing::Values(Cell{{"mse", 1, 64, 1, 0.1}}, Cell{{"mse", 3, 200, 1, 0.1}},
                                           Cell{{"mse", 5, 64, 1, 0.1}}, Cell{{"mse", 10, 64, 1, 0.02}},
                                           Cell{{"pearson", 1, 64, 0.9, 0.1}}, Cell{{"pearson", 3, 64, 0.9, 0.1}},
                                           Cell{{"pearson", 5, 200, 0.5, 0.1}}, Cell{{"accuracy", 1, 64, 0.98, 0.1}},
                                           Cell{{"accuracy", 5, 64, 0.9, 0.1}}, Cell{{"accuracy", 3, 200, 0.7, 0.1}}),
                         [](const auto& cell) {
                           const Design& d = cell.param.design;
                           return std::string(d.metric) + "_" + std::to_string(d.trials) + "x" + std::to_string(d.rows) +
                                  "_" + std::to_string(cell.index);
                         });

/// A plain t over seeds would miss what rows add; the same draws must show it, or the simulation has no power.
TEST(IntervalCoverage, TheSimulationTellsTooShortIntervals) {
  const Design design{"mse", 5, 64, 1, 0.02};
  int covered = 0;
  for (std::uint32_t i = 0; i < 400; ++i) {
    const Draw one = draw(design, i);
    std::vector<double> values;
    for (const auto& p : one.predictions) values.push_back(analyze::metric("mse").compute(one.truth, p, {}).value);
    const analyze::Summary got = analyze::over_folds(values, 0);
    covered += got.low <= one.target && one.target <= got.high;
  }
  EXPECT_LT(covered, 400 * 0.9);
}

TEST(Refutations, AreFalseInAtMostFivePercent) {
  for (const Published& design : {Published{5, 0.2}, Published{5, 2}, Published{10, 1}, Published{10, 1, 0, 10}}) {
    const Refutations got = refute(design, 2000, 200);
    EXPECT_LE(got.refuted, 100) << design.trials << " runs, " << design.run_sd;
  }
  EXPECT_LE(refute({5, 1, 200}, 400, 200).refuted, 20);
}

/// Why the prediction interval is widened by the margin: word for word, rule 3 refutes too often.
TEST(Refutations, AreTooManyByRuleThreeWordForWord) {
  EXPECT_GT(refute({10, 0.6}, 2000, 200).literally, 120);
}

}  // namespace
}  // namespace seqbench::coverage
