#include "harness/analyze/two_level.h"

#include <gtest/gtest.h>

#include <algorithm>
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

Components components(const MetricInfo& info, const Values& truth, const std::vector<Values>& predictions,
                      const Units& units) {
  const auto resampler = make_resampler(info, truth, predictions);
  const Jackknife left = jackknife(*resampler, predictions.size(), units);
  const Jackknife* one = &left;
  const double plus = 1;
  return components_of(std::span(&one, 1), std::span(&plus, 1));
}

TEST(Bca, EqualsScipyOnTheSameResamples) {
  const Json cases = golden()["bca"];
  ASSERT_EQ(cases.size(), 3u);
  for (const Json& test : cases) {
    SCOPED_TRACE(test["name"].get<std::string>());
    const auto errors = test["errors"].get<Values>();
    const Components c = components(metric("mse"), Values(errors.size(), 0.0), {errors}, Units::rows(errors.size()));
    EXPECT_NEAR(c.acceleration, test["acceleration"].get<double>(), 1e-12);
    EXPECT_NEAR(c.total(), test["jackknife_variance"].get<double>(), 1e-12);
    auto sorted = test["resampled"].get<Values>();
    std::ranges::sort(sorted);
    double mean = 0;
    for (const double e : errors) mean += e * e / static_cast<double>(errors.size());
    for (const Json& ends : test["ends"]) {
      const double tail = (1 - ends["level"].get<double>()) / 2;
      const Interval got = bca(sorted, bias_of(sorted, mean), c.acceleration, tail);
      EXPECT_NEAR(got.low, ends["low"].get<double>(), 1e-9);
      EXPECT_NEAR(got.high, ends["high"].get<double>(), 1e-9);
    }
  }
}

TEST(Components, AreTheTwoWayTables) {
  for (const Json& test : golden()["two_way"]) {
    std::vector<Values> errors;
    for (const Json& row : test["scores"]) {
      Values& trial = errors.emplace_back();
      for (const Json& score : row) trial.push_back(std::sqrt(score.get<double>()));
    }
    const std::size_t rows = errors[0].size();
    const Components c = components(metric("mse"), Values(rows, 0.0), errors, Units::rows(rows));
    const double seeds = test["seeds"], by_rows = test["rows"], both = test["both"];
    EXPECT_NEAR(c.seeds, seeds, 1e-12);
    EXPECT_NEAR(c.rows, by_rows, 1e-12);
    EXPECT_NEAR(c.both, both, 1e-12);
    EXPECT_NEAR(c.total(), std::max({seeds + by_rows - both, seeds, by_rows}), 1e-12);
    const auto s = static_cast<double>(errors.size()), n = static_cast<double>(rows);
    EXPECT_NEAR(c.bootstrap, (s - 1) / s * seeds + (n - 1) / n * by_rows + (s - 1) / s * both, 1e-12);
    EXPECT_EQ(c.seed_degrees, s - 1);
    const double t = c.critical(0.975);
    EXPECT_GE(t, student_quantile(0.975, c.row_degrees));
    EXPECT_LE(t, student_quantile(0.975, std::min(c.seed_degrees, c.row_degrees)));
  }
}

/// The bootstrap's own variance is what the components say it is, so that their ratio corrects it.
TEST(Components, PredictTheBootstrapsVariance) {
  Draws draws = Streams(5).open("test").at();
  Values truth(50);
  std::vector<Values> predictions(4, Values(50));
  for (std::size_t i = 0; i < 50; ++i) {
    truth[i] = draws.normal();
    for (std::size_t s = 0; s < 4; ++s) predictions[s][i] = truth[i] + (1 + 0.2 * static_cast<double>(s)) * draws.normal();
  }
  const Components c = components(metric("mse"), truth, predictions, Units::rows(50));
  const Summary got = fixed_split(metric("mse"), truth, predictions, {10000});
  const double bootstrap = got.se * got.se * c.bootstrap / c.total();
  EXPECT_NEAR(bootstrap / c.bootstrap, 1, 0.06);
}

TEST(Units, WholeGroupsAreDrawn) {
  const std::vector<std::int64_t> groups = {7, 7, -1, 7, -1, 3};
  const Units units = Units::groups(groups);
  EXPECT_EQ(units.count(), 3u);
  const Stream stream = Streams(0).open("test");
  Values sums(3, 0.0);
  for (std::uint32_t step = 0; step < 50; ++step) {
    Values weights(6);
    units.draw(stream.at({0, step, 0}), weights);
    EXPECT_EQ(weights[0], weights[1]);
    EXPECT_EQ(weights[0], weights[3]);
    EXPECT_EQ(weights[2], weights[4]);
    EXPECT_EQ(weights[0] + weights[2] + weights[5], 3);
    sums[0] += weights[0], sums[1] += weights[2], sums[2] += weights[5];
  }
  for (const double sum : sums) EXPECT_GT(sum, 25);
  EXPECT_EQ(units.blocks().size(), 3u);
  EXPECT_EQ(units.blocks()[0].rows, (std::vector<std::uint32_t>{0, 1, 3}));
}

TEST(Units, ClassesKeepTheirSizes) {
  const Units units = Units::classes(Values{1, 0, 0, 1, 0});
  for (std::uint32_t step = 0; step < 20; ++step) {
    Values weights(5);
    units.draw(Streams(0).open("test").at({0, step, 0}), weights);
    EXPECT_EQ(weights[0] + weights[3], 2);
    EXPECT_EQ(weights[1] + weights[2] + weights[4], 3);
  }
}

TEST(Units, ManyRowsAreLeftOutInBlocks) {
  EXPECT_EQ(Units::rows(2000).blocks().size(), 2000u);
  const auto blocks = Units::rows(2001).blocks();
  ASSERT_EQ(blocks.size(), 200u);
  std::size_t rows = 0;
  for (const Units::Block& block : blocks) rows += block.rows.size();
  EXPECT_EQ(rows, 2001u);
  EXPECT_EQ(blocks[1].rows[1], 201u);
}

/// Rows that only repeat their group tell nothing new: the interval is that of the groups.
TEST(FixedSplit, GroupsWidenTheInterval) {
  Draws draws = Streams(6).open("test").at();
  Values truth(200, 0.0);
  std::vector<Values> predictions(1);
  std::vector<std::int64_t> groups;
  for (int g = 0; g < 20; ++g) {
    const double error = draws.normal();
    for (int k = 0; k < 10; ++k) predictions[0].push_back(error), groups.push_back(g);
  }
  const Summary rows = fixed_split(metric("mse"), truth, predictions);
  const Summary whole = fixed_split(metric("mse"), truth, predictions, {.groups = groups});
  EXPECT_GT(whole.high - whole.low, 2.5 * (rows.high - rows.low));
  EXPECT_EQ(whole.method, "groups of test rows (BCa, 10000 resamples)");
  const std::vector<std::int64_t> one(200, 4);
  EXPECT_EQ(fixed_split(metric("mse"), truth, predictions, {.groups = one}).method, "none: fewer than 2 groups");
}

TEST(FixedSplit, FewerResamplesWhereRowsAreMany) {
  EXPECT_EQ(resamples_for(64, 5), 10000);
  EXPECT_EQ(resamples_for(2000, 1), 10000);
  EXPECT_EQ(resamples_for(1000, 4), 5000);
  EXPECT_EQ(resamples_for(27000, 5), 1000);
}

TEST(FixedSplit, EndsStayInTheMetricsRange) {
  Draws draws = Streams(8).open("test").at();
  Values truth(30);
  std::vector<Values> predictions(2, Values(30));
  for (std::size_t i = 0; i < 30; ++i) {
    truth[i] = draws.normal();
    predictions[0][i] = truth[i] + 0.01 * draws.normal();
    predictions[1][i] = truth[i] + 2 * draws.normal();
  }
  const Summary got = fixed_split(metric("pearson"), truth, predictions);
  EXPECT_EQ(got.high, 1);
  EXPECT_GE(got.low, -1);
  EXPECT_EQ(fixed_split(metric("mse"), truth, predictions).low, 0);
}

TEST(PairedDifference, CancelsWhatRowsShare) {
  Draws draws = Streams(9).open("test").at();
  Values truth(150);
  std::vector<Values> a(3, Values(150)), b(4, Values(150));
  for (std::size_t i = 0; i < 150; ++i) {
    truth[i] = draws.normal();
    const double shared = draws.normal();
    for (Values& trial : a) trial[i] = truth[i] + shared + 0.1 * draws.normal();
    for (Values& trial : b) trial[i] = truth[i] + 1.1 * shared + 0.1 * draws.normal();
  }
  const Summary paired = paired_difference(metric("mse"), truth, a, b);
  const Summary alone_a = fixed_split(metric("mse"), truth, a), alone_b = fixed_split(metric("mse"), truth, b);
  const Summary apart = unpaired_difference(alone_a, alone_b);
  EXPECT_NEAR(paired.mean, alone_a.mean - alone_b.mean, 1e-12);
  EXPECT_LT(paired.high, 0);
  EXPECT_GT(apart.high, 0);
  EXPECT_LT(paired.se, apart.se / 3);
  EXPECT_EQ(paired.trials, 3);
  EXPECT_EQ(paired.method, "paired, seeds x test rows (BCa, 10000 resamples)");
  const Summary reversed = paired_difference(metric("mse"), truth, b, a);
  EXPECT_NEAR(reversed.mean, -paired.mean, 1e-12);
  EXPECT_GT(reversed.low, 0);
  EXPECT_EQ(paired_difference(metric("mse"), truth, a, a).mean, 0);
}

TEST(UnpairedDifference, IsWelchs) {
  const Json test = golden()["welch"];
  const auto summary = [](const Values& values) { return over_folds(values, 0); };
  const Summary got = unpaired_difference(summary(test["a"].get<Values>()), summary(test["b"].get<Values>()));
  EXPECT_NEAR(got.low, test["low"].get<double>(), 1e-9);
  EXPECT_NEAR(got.high, test["high"].get<double>(), 1e-9);
  EXPECT_NEAR(got.degrees, test["degrees"].get<double>(), 1e-9);
  EXPECT_TRUE(std::isnan(unpaired_difference(got, over_folds(Values{1}, 0)).low));
}

TEST(Wilson, EqualsScipy) {
  for (const Json& test : golden()["wilson"]) {
    const double rows = test["rows"], share = test["right"].get<double>() / rows;
    const Interval got = wilson(share, rows, (1 - test["level"].get<double>()) / 2);
    EXPECT_NEAR(got.low, test["low"].get<double>(), 1e-9);
    EXPECT_NEAR(got.high, test["high"].get<double>(), 1e-9);
  }
}

TEST(StudentTail, EqualsScipy) {
  for (const Json& test : golden()["student_tail"]) {
    const double want = test["p"];
    EXPECT_NEAR(student_tail(test["t"], test["degrees"]), want, 1e-9 * want);
  }
  EXPECT_EQ(student_tail(INFINITY, 3), 0);
  EXPECT_EQ(student_tail(-INFINITY, 3), 1);
  EXPECT_NEAR(student_quantile(0.975, INFINITY), 1.959963984540054, 1e-9);
}

}  // namespace
}  // namespace seqbench::analyze
