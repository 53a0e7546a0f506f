#include "harness/analyze/intervals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "harness/analyze/distributions.h"
#include "harness/analyze/two_level.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/streams.h"

namespace seqbench::analyze {
namespace {

using Values = std::vector<double>;

/// Truth and the predictions of several trials; `levels` > 0 rounds to so many steps a unit, which makes ties.
struct Sample {
  Values truth;
  std::vector<Values> predictions;

  Sample(std::size_t rows, std::size_t trials, double levels, bool binary = false) : predictions(trials) {
    Draws draws = Streams(11).open("test").at();
    const auto coarse = [&](double v) { return levels > 0 ? std::round(v * levels) / levels : v; };
    for (std::size_t i = 0; i < rows; ++i) {
      const double signal = draws.normal();
      truth.push_back(binary ? (signal > 0.3 ? 1 : 0) : coarse(signal));
      for (Values& trial : predictions) {
        const double value = signal + draws.normal();
        trial.push_back(coarse(binary ? normal_cdf(value) : value));
      }
    }
  }
};

/// The same metric by the general path: only names select the fast one.
MetricInfo general(std::string_view name) {
  MetricInfo info = metric(name);
  info.name = "general";
  return info;
}

void expect_equal(const Summary& a, const Summary& b) {
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_EQ(a.method, b.method);
  EXPECT_LT(a.low, a.high);
}

TEST(FixedSplit, FastPathsEqualTheGeneralOne) {
  for (const double levels : {0.0, 3.0}) {
    for (const std::size_t trials : {std::size_t{1}, std::size_t{3}}) {
      for (const MetricInfo& info : metrics_table()) {
        SCOPED_TRACE(std::string(info.name) + ", " + std::to_string(trials) + " trials");
        const Sample sample(301, trials, levels, info.classification);
        const Summary fast = fixed_split(info, sample.truth, sample.predictions, {200});
        const Summary slow = fixed_split(general(info.name), sample.truth, sample.predictions, {200});
        EXPECT_NEAR(fast.low, slow.low, 1e-12);  // sums are taken in another order
        EXPECT_NEAR(fast.high, slow.high, 1e-12);
        EXPECT_NEAR(fast.se, slow.se, 1e-12);
        EXPECT_LT(fast.low, fast.high);
      }
    }
  }
}

TEST(FixedSplit, ResamplesThatHardlyVaryTakeTheGeneralPath) {
  // One outlier: resamples without it have a variance of 1e-12 of the largest square.
  Sample sample(50, 2, 3);
  for (std::vector<double>& trial : sample.predictions) trial[7] += 1e6;
  sample.truth[7] += 1e6;
  for (const char* name : {"pearson", "r2"}) {
    const Summary fast = fixed_split(metric(name), sample.truth, sample.predictions, {200});
    const Summary slow = fixed_split(general(name), sample.truth, sample.predictions, {200});
    EXPECT_NEAR(fast.low, slow.low, 1e-9) << name;
    EXPECT_NEAR(fast.high, slow.high, 1e-9) << name;
  }
  // Two values only: about 5 % of resamples of these rows are constant, and undefined on either path.
  const std::vector<double> few = {1, 1, 0.5, 0.5}, guesses = {0.1, 0.2, 0.9, 0.4};
  EXPECT_EQ(fixed_split(metric("pearson"), few, std::vector<Values>{guesses}, {200}).method,
            fixed_split(general("pearson"), few, std::vector<Values>{guesses}, {200}).method);
}

TEST(FixedSplit, ResamplesByTheNamedStream) {
  const Sample sample(40, 2, 0);
  Values means;
  for (std::uint32_t step = 0; step < 100; ++step) {
    const Stream stream = Streams(0).open("bootstrap");
    Draws trials = stream.at({0, step, 0}), rows = stream.at({0, step, 1});
    const std::size_t drawn[] = {trials.below(2), trials.below(2)};
    Values errors[2];
    for (int i = 0; i < 40; ++i) {
      const std::size_t row = rows.below(40);
      for (std::size_t s = 0; s < 2; ++s) {
        errors[s].push_back(std::pow(sample.truth[row] - sample.predictions[s][row], 2));
      }
    }
    double sum = 0;
    for (const std::size_t s : drawn) sum += pairwise_sum(errors[s]) / 40;
    means.push_back(sum / 2);
  }
  const auto resampler = make_resampler(metric("mse"), sample.truth, sample.predictions);
  const Jackknife left = jackknife(*resampler, 2, Units::rows(40));
  const Jackknife* one = &left;
  const double plus = 1;
  const Components components = components_of(std::span(&one, 1), std::span(&plus, 1));
  const Summary got = fixed_split(metric("mse"), sample.truth, sample.predictions, {100});
  Summary want = got;
  EXPECT_EQ(set_bootstrap_ends(want, means, components, {0, 100}), "");
  for (const auto& field : {&Summary::low, &Summary::high, &Summary::low90, &Summary::high90, &Summary::se}) {
    EXPECT_NEAR(got.*field, want.*field, 1e-9);
  }
  EXPECT_LT(got.low, got.low90);
  EXPECT_GT(got.high, got.high90);
  EXPECT_EQ(got.method, "seeds x test rows (BCa, 100 resamples)");
  EXPECT_EQ(got.trials, 2);
  const double a = metric("mse").compute(sample.truth, sample.predictions[0], {}).value;
  const double b = metric("mse").compute(sample.truth, sample.predictions[1], {}).value;
  EXPECT_NEAR(got.mean, (a + b) / 2, 1e-12);
  EXPECT_NEAR(got.sd, std::abs(a - b) / std::sqrt(2.0), 1e-12);
}

TEST(FixedSplit, MetricsShareTheResamples) {
  const Sample sample(60, 3, 0);
  const MetricInfo* both[] = {&metric("pearson"), &metric("mse")};
  const std::vector<Summary> together = fixed_split(both, sample.truth, sample.predictions, {50});
  ASSERT_EQ(together.size(), 2u);
  for (std::size_t m = 0; m < 2; ++m) {
    expect_equal(together[m], fixed_split(*both[m], sample.truth, sample.predictions, {50}));
  }
}

TEST(FixedSplit, SeedsWidenTheInterval) {
  Sample sample(200, 1, 0);
  const Summary one = fixed_split(metric("mse"), sample.truth, sample.predictions);
  EXPECT_EQ(one.method, "test rows (BCa, 10000 resamples)");
  EXPECT_TRUE(std::isnan(one.run_sd));
  EXPECT_TRUE(std::isnan(one.sd));
  Values worse = sample.predictions[0];
  for (double& value : worse) value += 2;
  sample.predictions.push_back(worse);
  const Summary two = fixed_split(metric("mse"), sample.truth, sample.predictions);
  EXPECT_GT(two.high - two.low, 2 * (one.high - one.low));
}

TEST(FixedSplit, SaysWhyThereIsNoInterval) {
  const auto method = [](const char* name, const Values& truth, const Values& prediction) {
    const Summary got = fixed_split(metric(name), truth, std::vector<Values>{prediction}, {200});
    EXPECT_TRUE(std::isnan(got.low) && std::isnan(got.high));
    return got.method;
  };
  EXPECT_EQ(method("mse", {1}, {2}), "none: fewer than 2 rows");
  EXPECT_EQ(method("pearson", {1, 2, 3}, {1, 1, 1}), "none: nan: prediction is constant");
  EXPECT_EQ(method("auroc", {0, 1, 0, 1}, {0.5, 0.5, 0.5, 0.5}).substr(0, 6), "none: ");
  EXPECT_EQ(method("mse", {1, 2, 3}, {2, 3, 4}), "none: all resamples equal");
  EXPECT_EQ(method("calibration_error", {0, 1, 0, 1}, {0, 1, 0, 1}), "none: all resamples equal");
  // One row of class 1 among 20: about 36 % of resamples lack it.
  Values truth(20, 0.0), scores(20);
  truth[3] = 1;
  for (std::size_t i = 0; i < 20; ++i) scores[i] = static_cast<double>(i) / 20;
  EXPECT_TRUE(method("auprc", truth, scores).ends_with("of 200 resamples undefined"));
}

TEST(FixedSplit, AurocIsResampledWithinClasses) {
  Values truth(20, 0.0), scores(20);
  truth[3] = truth[11] = 1;
  for (std::size_t i = 0; i < 20; ++i) scores[i] = static_cast<double>(i * 7 % 20) / 20;
  const Summary got = fixed_split(metric("auroc"), truth, std::vector<Values>{scores});
  EXPECT_LT(got.low, got.high);
  EXPECT_EQ(got.method, "test rows (BCa, 10000 resamples)");

}

TEST(FixedSplit, PerfectAccuracyGetsWilsonsInterval) {
  Values truth(64), right(64), wrong(64);
  for (std::size_t i = 0; i < 64; ++i) truth[i] = right[i] = i % 2 == 0 ? 1 : 0, wrong[i] = 1 - truth[i];
  const Summary got = fixed_split(metric("accuracy"), truth, std::vector<Values>{right, right});
  EXPECT_EQ(got.method, "Wilson over test rows");
  EXPECT_NEAR(got.low, 0.9434, 5e-5);
  EXPECT_EQ(got.high, 1);
  const Summary none = fixed_split(metric("accuracy"), truth, std::vector<Values>{wrong});
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - 0.9434, 5e-5);
  EXPECT_NEAR(wilson(63.0 / 64, 64).low, 0.9167, 5e-5);
  EXPECT_NEAR(wilson(63.0 / 64, 64).high, 0.9972, 5e-5);
}

TEST(FixedSplit, LargeTestSetsStayFast) {
  const Sample sample(27217, 5, 0);
  const auto begun = std::chrono::steady_clock::now();
  const Summary got = fixed_split(metric("spearman"), sample.truth, sample.predictions);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  EXPECT_LT(got.low, got.high);
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 30);  // sorting in each resample would take minutes
}

TEST(OverFolds, IsTheCorrectedResampledT) {
  const Values a = {.842, .861, .833, .870, .855, .849, .866, .838, .859, .851};
  const Values b = {.836, .850, .835, .858, .849, .845, .852, .838, .848, .846};
  Values differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  const Summary got = over_folds(differences, 1.0 / 9);
  const double t = got.mean / ((got.high - got.mean) / student_quantile(0.975, 9));
  EXPECT_NEAR(got.mean, 0.0067, 1e-12);
  EXPECT_NEAR(got.sd * got.sd, 2.7789e-5, 5e-10);
  EXPECT_NEAR(t, 2.766201, 1e-6);
  EXPECT_NEAR(student_quantile(1 - 0.021889 / 2, 9), t, 1e-4);
  EXPECT_NEAR(got.mean - got.low, got.high - got.mean, 1e-15);
  EXPECT_EQ(got.trials, 10);
  EXPECT_EQ(got.degrees, 9);
  EXPECT_EQ(got.run_sd, got.sd);
  EXPECT_NEAR(got.mean / got.se, t, 1e-12);
  EXPECT_NEAR((got.high90 - got.low90) / (got.high - got.low), 1.833112933 / 2.262157163, 1e-8);
  EXPECT_EQ(got.method, "corrected resampled t over folds");
}

TEST(OverFolds, SaysWhyThereIsNoInterval) {
  EXPECT_EQ(over_folds(Values{0.5}, 0.25).method, "none: one fold");
  EXPECT_EQ(over_folds(Values{0.5, 0.5, 0.5}, 0.25).method, "none: identical values");
  EXPECT_EQ(over_folds(Values{0.5, NAN}, 0.25).method, "none: undefined in a fold");
  EXPECT_TRUE(std::isnan(over_folds(Values{0.5}, 0.25).low));
}

TEST(StudentQuantile, EqualsScipy) {
  const Json json = parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/golden/metrics/metrics.json"), "metrics.json");
  ASSERT_EQ(json["student"].size(), 20u);
  for (const Json& test : json["student"]) {
    const auto want = test["value"].get<double>();
    EXPECT_NEAR(student_quantile(test["p"], test["degrees"]), want, 1e-9 * std::abs(want));
  }
}

/// No other constant of a grid scores better.
TEST(BestConstant, BeatsAGrid) {
  const Values numbers = {0.1, 0.2, 0.9, 0.35, 0.31, 0.7};
  const Values classes = {1, 0, 0, 1, 0, 0, 0};
  for (const char* name : {"mse", "rmse", "mae", "r2", "accuracy", "log_loss", "f1"}) {
    const MetricInfo& info = metric(name);
    const Values& truth = info.classification ? classes : numbers;
    const auto score = [&](double c) { return info.compute(truth, Values(truth.size(), c), {}).value; };
    const double best = score(best_constant(info, truth));
    for (int i = 0; i <= 100; ++i) {
      const double other = score(i / 100.0);
      if (std::isnan(other)) continue;
      EXPECT_TRUE(info.higher_is_better ? best >= other - 1e-12 : best <= other + 1e-12) << name << " at " << i;
    }
  }
  EXPECT_TRUE(std::isnan(best_constant(metric("spearman"), numbers)));
  EXPECT_TRUE(std::isnan(best_constant(metric("mse"), {})));
}

TEST(Variance, IsCentredFirst) {
  EXPECT_EQ(variance(Values{1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4}), 1.25);
  EXPECT_EQ(variance(Values{3}), 0);
  EXPECT_TRUE(std::isnan(variance({})));
}

}  // namespace
}  // namespace seqbench::analyze
