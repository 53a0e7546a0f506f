#include "harness/analyze/verdicts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/base/files.h"
#include "harness/base/json.h"

namespace seqbench::analyze {
namespace {

using Values = std::vector<double>;

const Json& golden() {
  static const Json json = parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/golden/stats/stats.json"), "stats.json");
  return json;
}

/// `runs` runs with this mean and spread between runs, by the t distribution.
Summary measured(double mean, double run_sd, std::int64_t runs) {
  Summary s{mean, run_sd, 0, 0, runs, "t over seeds"};
  s.se = run_sd / std::sqrt(static_cast<double>(runs));
  s.degrees = static_cast<double>(runs - 1);
  s.run_sd = run_sd;
  const auto half = [&](double p) { return student_quantile(p, s.degrees) * s.se; };
  s.low = mean - half(0.975), s.high = mean + half(0.975);
  s.low90 = mean - half(0.95), s.high90 = mean + half(0.95);
  return s;
}

Printed printed(double value, bool higher_is_better = true) { return {value, 0.0005, {}, {}, higher_is_better}; }

TEST(Judge, ReproducedIsTwoOneSidedTests) {
  // t(0.95, 9) = 1.8331: the half width of the 90 % interval is 0.0058 with s = 0.01 and 10 runs.
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.7040, 0.01, 10)).verdict, Verdict::kReproduced);
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.7046, 0.01, 10)).verdict, Verdict::kReproduced);
  const Judgement j = judge(printed(0.700), 0.01, measured(0.7048, 0.01, 10));
  EXPECT_EQ(j.verdict, Verdict::kUndecided);
  EXPECT_NEAR(j.difference, 0.0048, 1e-12);
  EXPECT_NEAR(j.high90, 0.0048 + 1.833113 * 0.01 / std::sqrt(10), 1e-8);
  EXPECT_EQ(j.p, 1);
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.6954, 0.01, 10)).verdict, Verdict::kReproduced);
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.6952, 0.01, 10)).verdict, Verdict::kUndecided);
}

TEST(Judge, NotReproducedNeedsIntervalAndPrediction) {
  // One more run: 0.65 -+ 2.262 * 0.01 * sqrt(1.1) = 0.0237, and the margin: beyond 0.0342.
  EXPECT_EQ(judge(printed(0.690), 0.01, measured(0.65, 0.01, 10)).verdict, Verdict::kNotReproduced);
  const Judgement near = judge(printed(0.683), 0.01, measured(0.65, 0.01, 10));
  EXPECT_EQ(near.verdict, Verdict::kUndecided);  // the mean's interval alone would refute
  EXPECT_GT(near.difference + 0.0105 + near.high - near.difference, -0.0330 + 0.0105);
  EXPECT_LT(near.high, -0.0105);
  EXPECT_NEAR(near.prediction_high, 0.65 + 2.262157 * 0.01 * std::sqrt(1.1) + 0.0005, 1e-7);
  EXPECT_NEAR(near.prediction_low + near.prediction_high, 1.3, 1e-12);
  EXPECT_EQ(judge(printed(0.685), 0.01, measured(0.65, 0.01, 10)).verdict, Verdict::kNotReproduced);
}

TEST(Judge, GoodDirectionIsBetter) {
  EXPECT_EQ(judge(printed(0.60, true), 0.01, measured(0.65, 0.01, 10)).verdict, Verdict::kBetter);
  EXPECT_EQ(judge(printed(0.60, false), 0.01, measured(0.65, 0.01, 10)).verdict, Verdict::kNotReproduced);
  EXPECT_EQ(judge(printed(0.70, false), 0.01, measured(0.65, 0.01, 10)).verdict, Verdict::kBetter);
}

TEST(Judge, RangesCountFromTheirNearestEnd) {
  Printed range{0.83, 0.005, 0.82, 0.84, true};
  const Judgement inside = judge(range, 0.01, measured(0.83, 0.01, 10));
  EXPECT_EQ(inside.verdict, Verdict::kReproduced);
  EXPECT_EQ(inside.difference, 0);
  EXPECT_EQ(judge(range, 0.01, measured(0.848, 0.01, 10)).verdict, Verdict::kReproduced);
  EXPECT_EQ(judge(range, 0.01, measured(0.850, 0.01, 10)).verdict, Verdict::kUndecided);
  const Judgement above = judge(range, 0.01, measured(0.90, 0.01, 10));
  EXPECT_EQ(above.verdict, Verdict::kBetter);
  EXPECT_NEAR(above.difference, 0.06, 1e-12);
  EXPECT_EQ(judge(range, 0.01, measured(0.76, 0.01, 10)).verdict, Verdict::kNotReproduced);
  // A range of one value is that value.
  const Judgement point = judge({0.7, 0.0005, 0.7, 0.7, true}, 0.01, measured(0.7046, 0.01, 10));
  EXPECT_EQ(point.verdict, judge(printed(0.7), 0.01, measured(0.7046, 0.01, 10)).verdict);
}

TEST(Judge, OneRunNeverRefutes) {
  Summary one = measured(0.65, 0.01, 2);
  one.trials = 1;
  one.run_sd = one.sd = Summary::kNone;
  one.degrees = 63;
  one.low = 0.64, one.high = 0.66, one.low90 = 0.642, one.high90 = 0.658;
  const Judgement j = judge(printed(0.9), 0.01, one);
  EXPECT_EQ(j.verdict, Verdict::kUndecided);
  EXPECT_NE(j.reason.find("run more seeds"), std::string::npos) << j.reason;
  EXPECT_TRUE(std::isnan(j.prediction_low));
  EXPECT_EQ(judge(printed(0.65), 0.01, one).verdict, Verdict::kReproduced);
}

TEST(Judge, WithoutAnIntervalNothingIsDecided) {
  const Judgement j = judge(printed(0.9), 0.01, without_interval(Values{0.5, 0.6}, "one fold"));
  EXPECT_EQ(j.verdict, Verdict::kUndecided);
  EXPECT_TRUE(std::isnan(j.p));
  EXPECT_NE(j.reason.find("none: one fold"), std::string::npos) << j.reason;
}

/// The number named is the least that decides, when tried.
TEST(Judge, NamesHowManySeedsWouldDo) {
  const Summary s = measured(0.702, 0.012, 5);
  const Judgement j = judge(printed(0.700), 0.01, s);
  ASSERT_EQ(j.verdict, Verdict::kUndecided);
  ASSERT_TRUE(j.reason.starts_with("about ")) << j.reason;
  const int more = j.reason[6] - '0';
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.702, 0.012, 5 + more)).verdict, Verdict::kReproduced);
  EXPECT_EQ(judge(printed(0.700), 0.01, measured(0.702, 0.012, 4 + more)).verdict, Verdict::kUndecided);
}

TEST(Judge, SaysWhenSeedsCannotHelp) {
  const Judgement spread = judge(printed(0.715), 0.01, measured(0.70, 0.01, 40));
  EXPECT_NE(spread.reason.find("only their seeds could decide"), std::string::npos) << spread.reason;
  Summary rows = measured(0.70, 0.03, 5);  // all of it from test rows
  rows.se = 0.03, rows.degrees = 60;
  rows.low90 = 0.65, rows.high90 = 0.75, rows.low = 0.64, rows.high = 0.76;
  const Judgement stuck = judge(printed(0.70), 0.01, rows);
  EXPECT_NE(stuck.reason.find("no number of seeds can decide"), std::string::npos) << stuck.reason;
}

TEST(Verdicts, HaveTheStoresWords) {
  EXPECT_EQ(to_string(Verdict::kNotReproduced), "not_reproduced");
  EXPECT_EQ(to_string(Verdict::kInconsistentAsPrinted), "inconsistent_as_printed");
  EXPECT_EQ(to_string(Verdict::kBlocked), "blocked");
  EXPECT_EQ(to_string(Support::kContradicted), "contradicted");
}

TEST(Margins, AreAbsoluteOrShares) {
  EXPECT_EQ(absolute_margin({0.01, false}, 0.7), 0.01);
  EXPECT_NEAR(absolute_margin({0.05, true}, 2.13), 0.1065, 1e-12);
  EXPECT_NEAR(absolute_margin({0.05, true}, -2.0), 0.1, 1e-12);
}

TEST(Claims, GreaterByOneSidedBounds) {
  // t(0.95, 9) * 0.01 / sqrt(10) = 0.0058
  EXPECT_EQ(claim_greater(measured(0.0060, 0.01, 10)).support, Support::kSupported);
  EXPECT_EQ(claim_greater(measured(0.0055, 0.01, 10)).support, Support::kUndecided);
  EXPECT_EQ(claim_greater(measured(-0.0060, 0.01, 10)).support, Support::kContradicted);
  EXPECT_EQ(claim_greater(measured(-0.0060, 0.01, 10), 0.02).support, Support::kSupported);
  EXPECT_EQ(claim_greater(measured(-0.0260, 0.01, 10), 0.02).support, Support::kContradicted);
  const ClaimResult against = claim_greater(measured(-0.01, 0.01, 10));
  EXPECT_NEAR(against.p_against, student_tail(std::sqrt(10), 9), 1e-9);
  EXPECT_EQ(claim_greater(over_folds(Values{1}, 0)).support, Support::kUndecided);
}

std::vector<int> counted(std::size_t n) {
  std::vector<int> levels;
  for (std::size_t i = 0; i < n; ++i) levels.push_back(static_cast<int>(i));
  return levels;
}

TEST(Claims, TrendHasTheExactP) {
  for (const Json& test : golden()["trend"]) {
    const auto means = test["means"].get<Values>();
    if (means.size() > 9) continue;  // beyond, p is normal
    const ClaimResult got = claim_trend(counted(means.size()), means);
    const double p = test["p"], tau = test["tau"];
    const Support want = p > 0.05 ? Support::kUndecided : tau > 0 ? Support::kSupported : Support::kContradicted;
    EXPECT_EQ(got.support, want) << got.reason;
    EXPECT_NEAR(got.p_against, tau < 0 ? p : 1, 1e-12);
  }
  EXPECT_NE(claim_trend(counted(4), Values{1, 2, 3, 4}).reason.find("fewer than 5"), std::string::npos);
}

TEST(Claims, TrendKnowsTiedLevelsAndIsTwoSided) {
  // 20 deals of six means to two levels of three: 1 is as high, so 0.05 one-sided and 0.1 two-sided.
  const std::vector<int> two = {0, 0, 0, 1, 1, 1};
  const ClaimResult open = claim_trend(two, Values{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(open.support, Support::kUndecided) << open.reason;
  EXPECT_NEAR(claim_trend(two, Values{6, 5, 4, 3, 2, 1}).p_against, 0.1, 1e-12);
  const std::vector<int> three = {0, 0, 1, 1, 2, 2};  // 1 of 90 deals
  EXPECT_EQ(claim_trend(three, Values{1, 2, 3, 4, 5, 6}).support, Support::kSupported);
  EXPECT_EQ(claim_trend(three, Values{6, 5, 4, 3, 2, 1}).support, Support::kContradicted);
  EXPECT_EQ(claim_trend(two, Values{1, 1, 1, 1, 1, 1}).support, Support::kUndecided);
}

TEST(Holm, EqualsItsDefinition) {
  for (const Json& test : golden()["holm"]) {
    const auto got = holm(test["p"].get<Values>());
    const auto want = test["adjusted"].get<Values>();
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-12);
  }
  const Values with_gap = holm(Values{0.01, NAN, 0.04});
  EXPECT_NEAR(with_gap[0], 0.02, 1e-12);
  EXPECT_TRUE(std::isnan(with_gap[1]));
  EXPECT_NEAR(with_gap[2], 0.04, 1e-12);
}

TEST(CorrectedT, HasThePValueOfItsDesign) {
  const Json test = golden()["corrected_t"];
  EXPECT_NEAR(2 * student_tail(test["t"], 9), test["p"].get<double>(), 1e-9);
  EXPECT_NEAR(test["p"].get<double>(), 0.021889, 5e-7);
  EXPECT_NEAR(test["uncorrected_p"].get<double>(), 0.003022, 5e-7);
}

}  // namespace
}  // namespace seqbench::analyze
