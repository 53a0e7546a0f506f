// Golden numbers: HARNESS 8.10 and enumeration by brute force here.
#include "harness/analyze/forensics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

PrintedValue four(double value) { return {value, 0.00005}; }

PrintedClassifier row(double f1, double mcc, std::optional<double> accuracy = std::nullopt) {
  PrintedClassifier r{four(f1), four(mcc), std::nullopt};
  if (accuracy) r.accuracy = four(*accuracy);
  return r;
}

std::set<int> sizes(const std::vector<Confusion>& fits, int most = 600) {
  std::set<int> n;
  for (const Confusion& c : fits) {
    if (c.n() <= most) n.insert(c.n());
  }
  return n;
}

/// All matrices of n rows, without any of the search's shortcuts.
std::vector<Confusion> brute_force(const PrintedClassifier& r, int n) {
  std::vector<Confusion> found;
  for (int tp = 0; tp <= n; ++tp) {
    for (int fp = 0; fp + tp <= n; ++fp) {
      for (int fn = 0; fn + fp + tp <= n; ++fn) {
        const Confusion c{tp, fp, fn, n - tp - fp - fn};
        if ((!r.f1 || r.f1->holds(f1_of(c))) && (!r.mcc || r.mcc->holds(mcc_of(c))) &&
            (!r.accuracy || r.accuracy->holds(accuracy_of(c))))
          found.push_back(c);
      }
    }
  }
  return found;
}

TEST(Forensics, RowsOfTable31FitSixtyFour) {
  EXPECT_EQ(sizes(confusions_that_fit(row(.8732, .7192, .8594)), 260), (std::set<int>{64, 128, 192, 256}));
  EXPECT_EQ(sizes(confusions_that_fit(row(.9863, .9686, .9844)), 260), (std::set<int>{64, 128, 192, 256}));
  // Without the accuracy two more sizes fit.
  EXPECT_EQ(sizes(confusions_that_fit(row(.9863, .9686)), 260), (std::set<int>{64, 128, 192, 194, 256, 258, 259}));
  EXPECT_EQ(sizes(confusions_that_fit(row(.9938, .9866)), 260), (std::set<int>{149}));
  EXPECT_EQ(confusions_that_fit(row(.9863, .9686, .9844)).front(), (Confusion{36, 0, 1, 27}));
}

TEST(Forensics, TheSearchFindsAllAndOnlyWhatBruteForceFinds) {
  const PrintedClassifier rows[] = {row(.8732, .7192, .8594),
                                    row(.75, .5),
                                    row(1, 1),
                                    row(0, -0.2),
                                    row(.6667, 0, .5),
                                    {std::nullopt, four(.5), four(.75)},
                                    {PrintedValue{.8, .05}, PrintedValue{.5, .05}, std::nullopt}};
  for (const PrintedClassifier& r : rows) {
    const std::vector<Confusion> fits = confusions_that_fit(r, 40);
    for (int n = 1; n <= 40; ++n) {
      std::vector<Confusion> of_n;
      for (const Confusion& c : fits) {
        if (c.n() == n) of_n.push_back(c);
      }
      EXPECT_EQ(of_n, brute_force(r, n)) << "n = " << n;
    }
  }
  EXPECT_THROW((void)confusions_that_fit({four(.9), std::nullopt, std::nullopt}), InputError);
}

TEST(Forensics, CommonSetsNeedTheSamePositives) {
  const std::vector<std::vector<Confusion>> fits = {
      {{36, 0, 1, 27}, {72, 0, 2, 54}}, {{37, 1, 0, 26}}, {{37, 0, 0, 27}, {38, 0, 0, 26}}};
  EXPECT_EQ(common_sets(fits), (std::vector<EvaluationSet>{{64, 37}}));
  EXPECT_TRUE(common_sets(std::vector<std::vector<Confusion>>{{{36, 0, 1, 27}}, {{38, 0, 0, 26}}}).empty());
}

TEST(Forensics, NoMatrixPassesTheLargestMcc) {
  for (int tp = 0; tp <= 12; ++tp) {
    for (int fp = 0; fp <= 12; ++fp) {
      for (int fn = 0; fn <= 12; ++fn) {
        for (int tn = 0; tn <= 12; ++tn) {
          const Confusion c{tp, fp, fn, tn};
          if (tp + fp + fn == 0) continue;
          ASSERT_LE(mcc_of(c), largest_mcc(f1_of(c)) + 1e-12) << tp << ' ' << fp << ' ' << fn << ' ' << tn;
        }
      }
    }
  }
  EXPECT_NEAR(largest_mcc(0.4378), 0.5294, 5e-5);
  EXPECT_TRUE(impossible_pair(four(.4378), four(.6476)));
  EXPECT_FALSE(impossible_pair(four(.8657), four(.6421)));
  // The bound is sharp: 1 of 3 found, nothing false among a million.
  EXPECT_FALSE(impossible_pair(four(.5), four(.5774)));
  EXPECT_TRUE(impossible_pair(four(.5), four(.5776)));
}

TEST(Forensics, ThePartsBoundHoldsForEveryDeal) {
  // 3 losses of 1 and 5 of 0, dealt 2 and 6: hypergeometric, exactly.
  for (const int n1 : {1, 2, 3, 4}) {
    const int all = 8, ones = 3, n2 = all - n1;
    const auto choose = [](int n, int k) { return k < 0 || k > n ? 0.0 : std::round(std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0))); };
    for (const double gap : {.3, .5, .8, 1.0}) {
      double p = 0;
      for (int k = 0; k <= ones; ++k) {
        const double difference = std::abs(double(k) / n1 - double(ones - k) / n2);
        if (difference >= gap) p += choose(ones, k) * choose(all - ones, n1 - k) / choose(all, n1);
      }
      EXPECT_LE(p, exchangeable_bound(gap, 1, n1, n2)) << n1 << ' ' << gap;
    }
  }
}

TEST(Forensics, IntervalsBehindCounts) {
  const Interval share = wilson(36.0 / 37, 37), f1 = f1_interval({36, 0, 1, 27});
  EXPECT_NEAR(f1.low, 2 * share.low / (1 + share.low), 1e-12);
  EXPECT_NEAR(f1.high, 2 * share.high / (1 + share.high), 1e-12);
  EXPECT_EQ(f1_interval({0, 0, 0, 9}).high, 1);
  EXPECT_EQ(f1_interval({0, 0, 0, 9}).low, 0);
  const Interval perfect = mcc_interval({37, 0, 0, 27});
  EXPECT_DOUBLE_EQ(perfect.high, 1);
  EXPECT_GT(perfect.low, .7);
  EXPECT_LT(perfect.low, .9);
  EXPECT_EQ(mcc_interval({5, 0, 0, 0}).low, -1);
}

TEST(Forensics, IntervalsBehindCountsCoverTheTruth) {
  // 37 positive rows of which 0.9 are found, 27 negative of which 0.8 are rejected: every outcome with its probability.
  const auto chance = [](int k, int n, double p) {
    return std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) + k * std::log(p) +
                    (n - k) * std::log1p(-p));
  };
  const double found = 37 * .9, rejected = 27 * .8;
  const double mcc = (found * rejected - (37 - found) * (27 - rejected)) /
                     std::sqrt(37 * 27 * (found + 27 - rejected) * (37 - found + rejected));
  double covered = 0;
  for (int tp = 0; tp <= 37; ++tp) {
    for (int tn = 0; tn <= 27; ++tn) {
      const Interval i = mcc_interval({tp, 27 - tn, 37 - tp, tn});
      EXPECT_LE(i.low, mcc_of({tp, 27 - tn, 37 - tp, tn}) + 1e-12);
      EXPECT_GE(i.high, mcc_of({tp, 27 - tn, 37 - tp, tn}) - 1e-12);
      if (i.low <= mcc && mcc <= i.high) covered += chance(tp, 37, .9) * chance(tn, 27, .8);
    }
  }
  EXPECT_GE(covered, .95);
}

TEST(Forensics, SquaresWithinRounding) {
  EXPECT_TRUE(is_square_of({.74, .005}, four(.8599)));
  EXPECT_TRUE(is_square_of({.58, .005}, four(.7647)));
  EXPECT_FALSE(is_square_of({.75, .005}, four(.8599)));
  EXPECT_FALSE(is_square_of(four(1), four(1)));
  EXPECT_FALSE(is_square_of({.86, .005}, four(.8599)));
}

TEST(Forensics, ConstantsThatReachEveryLoss) {
  // Labels of mean 3 and 2, variance 1 and 0.5: c = 2 costs 2 and 0.5.
  const std::vector<PrintedLoss> both = {{3, 1, 2, 0.1}, {2, .5, .5, .01}};
  const auto c = constants_that_reach(both);
  ASSERT_TRUE(c);
  EXPECT_NEAR(c->first, 3 - std::sqrt(1.1), 1e-12);
  EXPECT_NEAR(c->second, 3 - std::sqrt(0.9), 1e-12);
  EXPECT_FALSE(constants_that_reach(std::vector<PrintedLoss>{{3, 1, 2, .1}, {2, .5, .7, .01}}));
  EXPECT_FALSE(constants_that_reach(std::vector<PrintedLoss>{{3, 1, .8, .1}}));  // below the variance
}

TEST(Forensics, ExchangeableAndBinomial) {
  EXPECT_NEAR(exchangeable_bound(.5, 1, 8, 8), 2 * std::exp(-2 * .25 / (.25 * 1.125)), 1e-15);
  EXPECT_EQ(exchangeable_bound(.1, 1, 50, 900), exchangeable_bound(.1, 1, 900, 50));
  EXPECT_EQ(exchangeable_bound(0, 1, 8, 8), 1);
  EXPECT_NEAR(binomial_p(37, 64, .53), 0.4553, 2e-4);  // scipy.stats.binomtest
  EXPECT_NEAR(binomial_p(9, 10, .5), 22.0 / 1024, 1e-12);
}

TEST(Forensics, TrendIsExactForFewAndNormalForMany) {
  const int levels[] = {0, 1, 2, 3};
  const double up[] = {1, 2, 3, 4}, mixed[] = {2, 1, 3, 4}, same[] = {1, 1, 1, 1};
  EXPECT_NEAR(trend_of(levels, up).tau, 1, 1e-12);
  EXPECT_NEAR(trend_of(levels, up).p, 1.0 / 24, 1e-12);
  EXPECT_NEAR(trend_of(levels, mixed).tau, 2.0 / 3, 1e-12);
  EXPECT_NEAR(trend_of(levels, mixed).p, 4.0 / 24, 1e-12);
  EXPECT_EQ(trend_of(levels, same).p, 1);
  std::vector<int> many;
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) {
    many.push_back(i / 4);
    values.push_back(i);
  }
  EXPECT_NEAR(trend_of(many, values).tau, 48 / std::sqrt(48.0 * 66), 1e-12);
  EXPECT_LT(trend_of(many, values).p, 0.001);
}

TEST(Forensics, BertParameters) {
  EXPECT_EQ(bert_parameters({12, 768, 10, 512}), 86'049'793);
  EXPECT_EQ(bert_parameters({12, 768, 30522, 512}), 109'483'009);
}

}  // namespace
}  // namespace seqbench::analyze
