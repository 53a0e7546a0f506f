// Which state a fit ends with: keep and early stopping, on scripted metrics.

#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace {

/// Gives the metrics of a script, one each evaluation.
FitData scripted(const World& world, std::vector<double> script, bool higher_is_better = false) {
  FitData data = world.data();
  data.higher_is_better = higher_is_better;
  data.metric = [script, next = std::size_t{0}](std::span<const double>, std::span<const std::int64_t>) mutable {
    return script.at(next++);
  };
  return data;
}

/// The state after `steps` steps, without any choice of a best one.
std::vector<double> weights_at(std::int64_t steps, FitSettings settings, const World& world) {
  settings.max_steps = steps;
  settings.keep = "last";
  settings.patience = 0;
  return weights_after(settings, world.data());
}

TEST(Keep, KeepsTheBestStateOrTheLast) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 5;
  FitResult result;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(weights_after(settings, scripted(world, {nan, 4, 3, 3, 5}), &result), weights_at(15, settings, world));
  EXPECT_EQ(result.kept_step, 15);  // the first of equal ones
  EXPECT_EQ(result.kept_metric, 3);
  EXPECT_EQ(result.step, 25);
  EXPECT_EQ(weights_after(settings, scripted(world, {nan, 4, 3, 3, 5}, true), &result),
            weights_at(25, settings, world));
  EXPECT_EQ(result.kept_metric, 5);
  EXPECT_EQ(weights_after(settings, scripted(world, {nan, nan, nan, nan, nan}), &result),
            weights_at(25, settings, world));
  EXPECT_TRUE(std::isnan(result.kept_metric));
  settings.keep = "last";
  EXPECT_EQ(weights_after(settings, scripted(world, {1, 4, 3, 3, 5}), &result), weights_at(25, settings, world));
  EXPECT_EQ(result.kept_step, 25);
  EXPECT_EQ(result.kept_metric, 5);
  EXPECT_NE(weights_at(15, settings, world), weights_at(25, settings, world));
}

TEST(Keep, KeepPublishedTestChoosesOnTestRows) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 4;
  settings.keep = "published_test";
  FitData data = world.data();
  data.test = data.test.first(11);  // tells the parts apart in the metric below
  std::map<std::size_t, std::vector<double>> scripts = {{12, {1, 2, 3, 4}}, {11, {9, 8, 5, 7}}};
  data.metric = [&scripts](std::span<const double>, std::span<const std::int64_t> rows) {
    auto& script = scripts.at(rows.size());
    const double value = script.front();
    script.erase(script.begin());
    return value;
  };
  FitResult result;
  EXPECT_EQ(weights_after(settings, data, &result), weights_at(15, settings, world));
  EXPECT_EQ(result.kept_step, 15);
  EXPECT_EQ(result.kept_metric, 5);
}

TEST(Keep, WithoutValidationTheLastStateIsKept) {
  const World world;
  FitData data = world.data();
  data.validation = {};
  FitSettings settings = tiny_settings();
  settings.epochs = 3;
  FitResult result;
  EXPECT_EQ(weights_after(settings, data, &result), weights_at(15, settings, world));
  EXPECT_EQ(result.kept_step, 15);
  EXPECT_TRUE(std::isnan(result.kept_metric));
}

TEST(Keep, StopsWhenPatienceIsOut) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 10;
  settings.patience = 2;
  FitResult result;
  weights_after(settings, scripted(world, {5, 4, 4.5, 3.9, 4, 4}), &result);
  EXPECT_TRUE(result.stopped_early);
  EXPECT_EQ(result.step, 30);
  EXPECT_EQ(result.epoch, 6);
  EXPECT_EQ(result.kept_step, 20);
  // 3.9 is no gain of more than 0.2 over 4, but still the best state.
  settings.min_delta = 0.2;
  weights_after(settings, scripted(world, {5, 4, 4.5, 3.9}), &result);
  EXPECT_EQ(result.step, 20);
  EXPECT_EQ(result.kept_step, 20);
  weights_after(settings, scripted(world, {1, 2, 2.1, 2.2}, true), &result);
  EXPECT_EQ(result.step, 20);
  weights_after(settings, scripted(world, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}), &result);
  EXPECT_FALSE(result.stopped_early);
  EXPECT_EQ(result.step, 50);
}

}  // namespace
}  // namespace seqbench::train
