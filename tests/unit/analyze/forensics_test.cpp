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
  EXPECT_NEAR(exchangeable_bound(.5, 1, 8, 8), 2 * std::exp(-2 * .25 / .25), 1e-15);
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
