#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/base/streams.h"

namespace seqbench {
namespace {

double relative_error(double value, double expected) { return std::abs(value - expected) / std::abs(expected); }

TEST(NaturalLog, AgreesWithTheLibraryOverAllMagnitudes) {
  Draws draws = Streams(2).open("test").at();
  for (int i = 0; i < 20000; ++i) {
    const double x = std::ldexp(0.5 + draws.uniform(), static_cast<int>(draws.below(2098)) - 1075);
    if (x == 0) continue;
    ASSERT_LE(relative_error(natural_log(x), std::log(x)), 1e-15) << x;
  }
}

TEST(NaturalLog, KeepsRelativePrecisionNextToOne) {
  EXPECT_EQ(natural_log(1), 0);
  for (int exponent = 1; exponent <= 52; ++exponent) {
    const double step = std::ldexp(1, -exponent);
    EXPECT_LE(relative_error(natural_log(1 + step), std::log1p(step)), 1e-15) << exponent;
    EXPECT_LE(relative_error(natural_log(1 - step), std::log1p(-step)), 1e-15) << exponent;
  }
}

TEST(NaturalLog, EndsOfTheRange) {
  using Limits = std::numeric_limits<double>;
  for (const double x : {Limits::denorm_min(), Limits::min(), Limits::max(), 0.5, 2.0, std::sqrt(2.0)}) {
    EXPECT_LE(relative_error(natural_log(x), std::log(x)), 1e-15) << x;
  }
}

TEST(NaturalLogDeathTest, RefusesWhatHasNone) {
  for (const double x : {0.0, -1.0, HUGE_VAL, std::nan("")}) {
    EXPECT_DEATH(static_cast<void>(natural_log(x)), "of a positive number") << x;
  }
}

struct Quantile {
  double p, x;
};

// Computed with 60 digits (mpmath) at the doubles nearest to these p.
constexpr Quantile kQuantiles[] = {
    {0.25, -0.674489750196081743},  {0.075, -1.43953147093845593},   {0.925, 1.43953147093845623},
    {0.001, -3.09023230616781354},  {0.975, 1.95996398454005386},    {0.999, 3.09023230616781328},
    {0.0749, -1.44023826752796366}, {1e-10, -6.3613409024040562},    {1e-12, -7.03448382530113193},
    {1e-20, -9.26234008979840758},  {1e-100, -21.2734535609653243},  {1e-300, -37.0470962993611992},
    {0x1p-51, -8.04139995909654234}, {0x1p-54, -8.29236107581359554},
    {1 - 0x1p-53, 8.20953615160138686}};

TEST(InverseNormal, KnownQuantiles) {
  for (const auto& [p, x] : kQuantiles) EXPECT_LE(relative_error(inverse_normal(p), x), 1e-14) << p;
  EXPECT_EQ(inverse_normal(0.5), 0);
}

TEST(InverseNormal, InvertsTheDistributionFunction) {
  for (double x = -8; x <= 5; x += 0.01) EXPECT_NEAR(inverse_normal(normal_cdf(x)), x, 2e-9 + 1e-14 * std::abs(x));
}

TEST(InverseNormal, GrowsAcrossTheSeamsOfItsPieces) {
  for (const double seam : {0.075, 0.925, std::exp(-25.0), 0.5}) {
    EXPECT_LT(inverse_normal(seam * (1 - 1e-12)), inverse_normal(seam * (1 + 1e-12))) << seam;
  }
}

TEST(InverseNormalDeathTest, RefusesCertainty) {
  EXPECT_DEATH(static_cast<void>(inverse_normal(0)), "between 0 and 1");
  EXPECT_DEATH(static_cast<void>(inverse_normal(1)), "between 0 and 1");
}

TEST(NormalCdf, KnownValues) {
  EXPECT_LE(relative_error(normal_cdf(-3), 0.00134989803163009453), 1e-14);
  EXPECT_LE(relative_error(normal_cdf(-1), 0.158655253931457051), 1e-14);
  EXPECT_EQ(normal_cdf(0), 0.5);
  EXPECT_LE(relative_error(normal_cdf(1.96), 0.975002104851779564), 1e-15);
  EXPECT_LE(relative_error(normal_cdf(-20), 2.7536241186062337e-89), 1e-13);
}

TEST(Draws, NormalIsTheQuantileOfTheUniform) {
  Draws draws = Streams(42, 0, 0).open("init").at();
  EXPECT_LE(relative_error(draws.normal(), 0.546026892923136657), 1e-14);
  EXPECT_LE(relative_error(draws.normal(), 0.772389470722394395), 1e-14);
}

TEST(Draws, NormalTakesOneWordPairAValue) {
  Draws normals = Streams(4).open("test").at();
  Draws uniforms = normals;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(normals.normal(), inverse_normal(uniforms.uniform() + 0x1p-54));
}

TEST(Draws, NormalsHaveTheMomentsOfANormal) {
  Draws draws = Streams(4).open("test").at();
  constexpr int kCount = 100000;
  double sum = 0, squares = 0, fourth = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = draws.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / kCount, 0, 4 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 4 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(fourth / kCount, 3, 4 * std::sqrt(96.0 / kCount));
}

}  // namespace
}  // namespace seqbench
