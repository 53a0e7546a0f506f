#include "harness/analyze/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/streams.h"
#include "harness/base/text.h"

namespace seqbench::analyze {
namespace {

using Values = std::vector<double>;

Json fixtures() {
  return parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/golden/metrics/metrics.json"), "metrics.json");
}

double number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  return json == "-inf" ? -inf : inf;
}

/// The column as listed, or (i a + b mod m) / d of its rule.
Values column(const Json& test, const std::string& name) {
  Values out;
  if (test.contains(name)) {
    for (const Json& value : test[name]) out.push_back(number(value));
  } else if (test.contains(name + "_rule")) {
    const Json& rule = test[name + "_rule"];
    const auto at = [&](std::size_t i) { return rule[i].get<std::int64_t>(); };
    for (std::int64_t i = 0; i < test["rows"].get<std::int64_t>(); ++i) {
      out.push_back(static_cast<double>((i * at(0) + at(1)) % at(2)) / rule[3].get<double>());
    }
  }
  return out;
}

TEST(Metrics, EqualScipyAndScikitLearn) {
  int values = 0;
  const Json all = fixtures();
  for (const Json& test : all["cases"]) {
    const Values truth = column(test, "truth"), prediction = column(test, "prediction");
    const Values weights = column(test, "weights");
    for (const auto& [name, expected] : test["expected"].items()) {
      SCOPED_TRACE(name + " of " + test["name"].get<std::string>());
      const MetricValue got = metric(name).compute(truth, prediction, weights);
      ++values;
      if (expected.is_string()) {
        EXPECT_TRUE(std::isnan(got.value)) << got.value;
        EXPECT_EQ(got.note, expected.get<std::string>());
      } else {
        const auto want = expected.get<double>();
        EXPECT_EQ(got.note, "");
        EXPECT_NEAR(got.value, want, 1e-9 * std::max(1.0, std::abs(want)));
      }
    }
  }
  EXPECT_GT(values, 500);
}

TEST(Metrics, SmallErrorsKeepTheirDigits) {
  const Values truth = {1e-9, 2e-9, 4e-9}, prediction = {2e-9, 2e-9, 2e-9};
  const double want = 5.0 / 3.0 * 1e-18;
  EXPECT_NEAR(metric("mse").compute(truth, prediction, {}).value, want, want * 1e-12);
}

TEST(Metrics, TableIsSortedAndKnowsDirections) {
  const auto table = metrics_table();
  ASSERT_EQ(table.size(), 15u);
  for (std::size_t i = 1; i < table.size(); ++i) EXPECT_LT(table[i - 1].name, table[i].name);
  for (const char* name : {"mse", "rmse", "mae", "log_loss", "calibration_error"}) EXPECT_FALSE(metric(name).higher_is_better) << name;
  for (const char* name : {"r2", "spearman", "kendall", "auroc", "mcc"}) EXPECT_TRUE(metric(name).higher_is_better) << name;
}

TEST(Metrics, UnknownNameIsRefusedWithTheNearest) {
  try {
    (void)metric("spearmann");
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown metric 'spearmann'; nearest: 'spearman'");
  }
  EXPECT_THROW((void)metric(""), InputError);
}

TEST(Metrics, WholeWeightsAreRepetitions) {
  Draws draws = Streams(7).open("test").at();
  Values truth, prediction, weights, long_truth, long_prediction;
  for (int i = 0; i < 300; ++i) {
    truth.push_back(draws.below(2) == 0 ? 0 : 1);
    prediction.push_back(static_cast<double>(draws.below(11)) / 10);
    weights.push_back(static_cast<double>(draws.below(4)));
    for (int k = 0; k < static_cast<int>(weights.back()); ++k) {
      long_truth.push_back(truth.back());
      long_prediction.push_back(prediction.back());
    }
  }
  for (const MetricInfo& info : metrics_table()) {
    if (info.name == "spearman_break_random") continue;  // repetitions there are ties of their own
    const double weighted = info.compute(truth, prediction, weights).value;
    EXPECT_NEAR(weighted, info.compute(long_truth, long_prediction, {}).value, 1e-12) << info.name;
    EXPECT_NE(weighted, info.compute(truth, prediction, {}).value) << info.name;
  }
}

TEST(PairwiseSum, IsCloserThanASimpleLoop) {
  const Values tenths(1'000'000, 0.1);
  const double simple = std::accumulate(tenths.begin(), tenths.end(), 0.0);
  EXPECT_GT(std::abs(simple - 1e5), 1e-7);
  EXPECT_LT(std::abs(pairwise_sum(tenths) - 1e5), 1e-9);
  EXPECT_EQ(pairwise_sum({}), 0);
  Values values(1001);
  std::iota(values.begin(), values.end(), 1.0);
  EXPECT_EQ(pairwise_sum(values), 501501);
}

TEST(Midranks, ShareTheirMean) {
  EXPECT_EQ(midranks(Values{3, 1, 3, 2, 3}), (Values{4, 1, 4, 2, 4}));
  EXPECT_EQ(midranks(Values{5, 5}), (Values{1.5, 1.5}));
  EXPECT_TRUE(midranks({}).empty());
}

double broken(const Values& truth, const Values& prediction, std::uint64_t seed) {
  return spearman(truth, prediction, {}, Ties::kBreakRandom, seed).value;
}

TEST(SpearmanBrokenTies, ConstantPredictionsEarnNothing) {
  Values truth(200);
  std::iota(truth.begin(), truth.end(), 0.0);
  const Values constant(200, 0.25);
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const double value = broken(truth, constant, seed);
    sum += value;
    squares += value * value;
  }
  // A random order's correlation has mean 0 and variance 1 / (n - 1).
  EXPECT_LT(std::abs(sum / 400), 3 * std::sqrt(1.0 / 199 / 400));
  EXPECT_NEAR(squares / 400, 1.0 / 199, 0.2 / 199);
  EXPECT_TRUE(std::isnan(spearman(truth, constant, {}, Ties::kAsIs).value));
}

TEST(SpearmanBrokenTies, HalfTiedPredictionsEarnWhatTheirOrderSays) {
  Values truth(400), prediction(400);
  for (std::size_t i = 0; i < 400; ++i) {
    truth[i] = static_cast<double>(i);
    prediction[i] = i < 200 ? 0 : 1;
  }
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) sum += broken(truth, prediction, seed);
  // The two halves explain 3/4 of the variance of ranks; ties as they are would give its root.
  EXPECT_NEAR(sum / 100, 0.75, 0.01);
  EXPECT_NEAR(spearman(truth, prediction, {}, Ties::kAsIs).value, std::sqrt(0.75), 1e-5);
}

TEST(SpearmanBrokenTies, AgreesWhereThereAreNone) {
  Draws draws = Streams(3).open("test").at();
  Values truth, prediction, weights;
  for (int i = 0; i < 500; ++i) {
    truth.push_back(static_cast<double>(draws.below(20)));
    prediction.push_back(draws.normal());
    weights.push_back(static_cast<double>(draws.below(3)));
  }
  EXPECT_EQ(broken(truth, prediction, 5), spearman(truth, prediction, {}, Ties::kAsIs).value);
  EXPECT_EQ(spearman(truth, prediction, weights, Ties::kBreakRandom, 5).value,
            spearman(truth, prediction, weights, Ties::kAsIs).value);
}

TEST(SpearmanBrokenTies, IsAFunctionOfTheSeed) {
  const Values truth = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const Values prediction = {1, 1, 1, 2, 2, 2, 3, 3, 3, 3};
  // Sorted by (prediction, place in the shuffle of 0..9 by the stream `permutation`), ranks 1 to 10.
  for (std::uint64_t seed : {0ull, 1ull, 42ull}) {
    std::vector<std::size_t> shuffle(10);
    std::iota(shuffle.begin(), shuffle.end(), 0u);
    Streams(seed).open("permutation").at().shuffle(std::span(shuffle));
    std::stable_sort(shuffle.begin(), shuffle.end(), [&](auto a, auto b) { return prediction[a] < prediction[b]; });
    double squares = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      const double d = static_cast<double>(i + 1) - truth[shuffle[i]];
      squares += d * d;
    }
    EXPECT_NEAR(broken(truth, prediction, seed), 1 - 6 * squares / (10 * 99), 1e-12);
  }
  EXPECT_EQ(metric("spearman_break_random").compute(truth, prediction, {}).value, broken(truth, prediction, 0));
  EXPECT_EQ(spearman(Values(4, 1.0), Values{1, 1, 2, 2}, {}, Ties::kBreakRandom).note, "nan: truth is constant");
}

}  // namespace
}  // namespace seqbench::analyze
