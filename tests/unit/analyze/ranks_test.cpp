#include "harness/analyze/ranks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

using Values = std::vector<double>;
using Models = std::vector<std::vector<Values>>;

/// Models whose errors have these standard deviations, over the same truth, with three trials each.
struct Field {
  Values truth;
  Models models;

  Field(const Values& spreads, std::size_t rows) {
    Draws draws = Streams(12).open("test").at();
    for (std::size_t i = 0; i < rows; ++i) truth.push_back(draws.normal());
    for (const double spread : spreads) {
      std::vector<Values>& trials = models.emplace_back(3);
      for (Values& trial : trials) {
        for (const double y : truth) trial.push_back(y + spread * draws.normal());
      }
    }
  }
};

TEST(Ranks, ClearOrdersHaveNarrowIntervals) {
  const Field field({2.0, 0.5, 1.0}, 300);
  const auto got = rank_intervals(metric("mse"), field.truth, field.models, 500);
  const double ranks[] = {3, 1, 2};
  for (std::size_t m = 0; m < 3; ++m) {
    EXPECT_EQ(got[m].low, ranks[m]);
    EXPECT_EQ(got[m].high, ranks[m]);
    EXPECT_EQ(got[m].ties_with_leader, m == 1);
  }
  const auto upside = rank_intervals(metric("pearson"), field.truth, field.models, 500);
  for (std::size_t m = 0; m < 3; ++m) EXPECT_EQ(upside[m].low, ranks[m]);
}

TEST(Ranks, CloseModelsTieAndFarOnesDoNot) {
  const Field field({1.0, 1.0, 3.0}, 100);
  const auto got = rank_intervals(metric("mse"), field.truth, field.models, 500);
  EXPECT_TRUE(got[0].ties_with_leader && got[1].ties_with_leader);
  EXPECT_FALSE(got[2].ties_with_leader);
  EXPECT_LT(got[0].low, got[0].high);
  EXPECT_EQ(got[2].low, 3);
}

TEST(Ranks, EqualModelsShareTheMidrank) {
  Field field({1.0}, 50);
  field.models.push_back(field.models[0]);
  for (auto& model : field.models) model.resize(1);
  const auto got = rank_intervals(metric("mse"), field.truth, field.models, 200);
  for (const RankInterval& rank : got) {
    EXPECT_EQ(rank.low, 1.5);
    EXPECT_EQ(rank.high, 1.5);
    EXPECT_TRUE(rank.ties_with_leader);
  }
}

/// A model's own place does not depend on the order in which models stand, up to the draws of its trials.
TEST(Ranks, UndefinedModelsComeLast) {
  Field field({1.0, 3.0}, 60);
  field.models.insert(field.models.begin(), {Values(60, 0.5)});
  const auto got = rank_intervals(metric("pearson"), field.truth, field.models, 200);
  EXPECT_EQ(got[0].low, 3);
  EXPECT_FALSE(got[0].ties_with_leader);
  EXPECT_TRUE(got[1].ties_with_leader);
  EXPECT_EQ(got[1].low, 1);
}

TEST(Ranks, AreTheSameEachTime) {
  const Field field({1.0, 1.05, 1.1}, 80);
  const auto a = rank_intervals(metric("spearman"), field.truth, field.models, 300);
  const auto b = rank_intervals(metric("spearman"), field.truth, field.models, 300);
  for (std::size_t m = 0; m < 3; ++m) {
    EXPECT_EQ(a[m].low, b[m].low);
    EXPECT_EQ(a[m].high, b[m].high);
  }
}

TEST(Ranks, OfScoresByFolds) {
  const std::vector<Values> scores = {{.84, .86, .83, .87, .85}, {.83, .87, .82, .88, .84}, {.60, .62, .59, .64, .61}};
  const auto got = rank_intervals(true, scores, 0.25);
  EXPECT_TRUE(got[0].ties_with_leader && got[1].ties_with_leader);
  EXPECT_FALSE(got[2].ties_with_leader);
  EXPECT_EQ(got[2].low, 3);
  EXPECT_EQ(got[2].high, 3);
  EXPECT_LT(got[1].low, got[1].high);
  const auto down = rank_intervals(false, scores, 0.25);
  EXPECT_EQ(down[2].low, 1);
  EXPECT_FALSE(down[0].ties_with_leader);
  const std::vector<Values> with_gap = {{.84, NAN}, {.5, .6}};
  const auto gap = rank_intervals(true, with_gap, 0);
  EXPECT_EQ(gap[0].low, 2);
  EXPECT_TRUE(gap[1].ties_with_leader);
}

}  // namespace
}  // namespace seqbench::analyze
