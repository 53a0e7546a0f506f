#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace {

std::string refusal(Network& network, const FitSettings& settings, const FitData& data) {
  try {
    fit(network, settings, data, Streams(5), at::kCPU, {}, nullptr);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Fit, LearnsAndPredictsBetterThanTheMean) {
  const World world;
  const FitData data = world.data();
  FitSettings settings = tiny_settings();
  settings.epochs = 60;
  settings.learning_rate = 0.02;
  TinyNetwork network(Streams(5), World::kFeatures, 1, at::kFloat, 0.0);
  const FitResult result = fit(network, settings, data, Streams(5), at::kCPU, {}, nullptr);
  double mean = 0;
  for (const std::int64_t row : world.train) mean += world.targets[static_cast<std::size_t>(row)];
  mean /= static_cast<double>(world.train.size());
  const std::vector<double> constant(world.train.size(), mean);
  const double of_mean = data.metric(constant, world.train);
  EXPECT_LT(data.metric(predict(network, settings, data, world.train, at::kCPU).values, world.train), 0.5 * of_mean);
  EXPECT_EQ(result.parameters, 4 * 8 + 8 + 8 + 1);
  EXPECT_EQ(result.step, 300);
  EXPECT_EQ(result.epoch, 60);
}

TEST(Fit, EpochsAreTheOrderStreamsShuffles) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 3;
  RowNetwork network(zeros());
  const Streams streams(11, 2, 1);
  fit(network, settings, world.data(), streams, at::kCPU, {}, nullptr);
  ASSERT_EQ(network.trained.size(), 15u);
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::int64_t> expected = world.train, got;
    Draws draws = streams.open("order").at({.epoch = epoch});
    draws.shuffle(std::span<std::int64_t>(expected));
    for (std::size_t b = 0; b < 5; ++b) {
      const auto& rows = network.trained[epoch * 5 + b];
      EXPECT_EQ(rows.size(), b == 4 ? 5u : 8u);
      got.insert(got.end(), rows.begin(), rows.end());
      const Pass& pass = network.passes[epoch * 5 + b];
      EXPECT_EQ(pass.epoch, epoch);
      EXPECT_EQ(pass.step, epoch * 5 + static_cast<std::int64_t>(b));
    }
    EXPECT_EQ(got, expected);
  }
}

TEST(Fit, DropLastLeavesTheShortBatchOut) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 2;
  settings.drop_last = true;
  RowNetwork network(zeros());
  EXPECT_EQ(fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr).step, 8);
  for (const auto& rows : network.trained) EXPECT_EQ(rows.size(), 8u);
}

TEST(Fit, EpochsAndMaxStepsEndItWhicheverIsFirst) {
  const World world;
  const auto steps = [&](std::int64_t epochs, std::int64_t max_steps) {
    FitSettings settings = tiny_settings();
    settings.epochs = epochs;
    settings.max_steps = max_steps;
    RowNetwork network(zeros());
    return fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr).step;
  };
  EXPECT_EQ(steps(3, 0), 15);
  EXPECT_EQ(steps(3, 7), 7);
  EXPECT_EQ(steps(3, 100), 15);
  EXPECT_EQ(steps(0, 23), 23);
}

TEST(Fit, MeanTrainingLossIsWeightedByRows) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.eval_every = 7;  // in the middle of epochs, across a short batch
  settings.epochs = 0;
  settings.max_steps = 16;
  RowNetwork network(zeros());
  Recorder recorder;
  fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
  const auto losses = recorder.points("step_loss", 0), means = recorder.points("loss", 0);
  ASSERT_EQ(losses.size(), 16u);
  ASSERT_EQ(means.size(), 3u);  // steps 7, 14 and the last
  EXPECT_EQ(means[2].step, 16);
  EXPECT_EQ(means[2].epoch, 3.2);
  std::size_t step = 0;
  for (const CurvePoint& mean : means) {
    double sum = 0, count = 0;
    for (; step < static_cast<std::size_t>(mean.step); ++step) {
      const auto rows = static_cast<double>(network.trained[step].size());
      sum += losses[step].value() * rows;
      count += rows;
    }
    EXPECT_NEAR(mean.value(), sum / count, 1e-12);
  }
}

TEST(Fit, ReportsLossAndMetricOfTheValidationRows) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 1;
  RowNetwork network(zeros());
  Recorder recorder;
  const FitResult result = fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
  const auto metric = recorder.points("mse", 1), loss = recorder.points("loss", 1);
  ASSERT_EQ(metric.size(), 1u);
  ASSERT_EQ(loss.size(), 1u);
  EXPECT_EQ(metric[0].value(), result.kept_metric);
  double sum = 0, squares = 0;
  for (const std::int64_t row : world.train) sum += world.targets[static_cast<std::size_t>(row)];
  for (const std::int64_t row : world.train) {
    squares += std::pow(world.targets[static_cast<std::size_t>(row)] - sum / 37, 2);
  }
  EXPECT_NEAR(loss[0].value(), metric[0].value() / (squares / 37), 1e-9);  // the loss is of scaled targets
  std::vector<std::int64_t> seen;
  for (const auto& rows : network.evaluated) {
    EXPECT_LE(rows.size(), 5u);
    seen.insert(seen.end(), rows.begin(), rows.end());
  }
  EXPECT_EQ(seen, world.validation);
}

TEST(Fit, StepLossesAreThinnedByPowersOfTwo) {
  const World world;
  const auto points = [&](std::int64_t steps) {
    FitSettings settings = tiny_settings();
    settings.epochs = 0;
    settings.max_steps = steps;
    RowNetwork network(zeros());
    Recorder recorder;
    fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
    return recorder.points("step_loss", 0);
  };
  EXPECT_EQ(points(1000).size(), 1000u);
  const auto thinned = points(2001);  // 2 would leave 1000.5
  ASSERT_EQ(thinned.size(), 500u);
  for (const CurvePoint& point : thinned) EXPECT_EQ(point.step % 4, 0);
}

TEST(Fit, TheFirstLossThatIsNotFiniteEndsIt) {
  const World world;
  constexpr double kBad[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()};
  for (int i = 0; i < 4; ++i) {
    const double bad = kBad[i % 2];
    const std::int64_t accumulate = 1 + i / 2;
    std::vector<double> numbers = zeros();
    FitSettings settings = tiny_settings();
    settings.accumulate = accumulate;
    RowNetwork first(numbers);
    fit(first, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
    numbers[static_cast<std::size_t>(first.trained[2][3])] = bad;  // a row of the third batch
    RowNetwork network(numbers);
    try {
      fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
      FAIL() << "no NanLoss";
    } catch (const NanLoss& error) {
      const std::string expected = accumulate == 1 ? "nan loss at step 3" : "nan loss at step 2";
      EXPECT_EQ(std::string(error.what()).find(expected), 0u) << error.what();
    }
    EXPECT_EQ(network.trained.size(), 3u);
    EXPECT_TRUE(std::isfinite(values_of(network.parameters()[0].tensor)[0]));
  }
}

TEST(Fit, RowsOfWeightZeroChangeNothing) {
  World world;
  FitSettings settings = tiny_settings();
  settings.scale_targets = false;
  settings.keep = "last";
  world.weights.assign(World::kRows, 1.0);
  for (const std::size_t i : {0u, 7u, 20u}) world.weights[static_cast<std::size_t>(world.train[i])] = 0;
  const std::vector<double> before = weights_after(settings, world.data());
  for (const std::size_t i : {0u, 7u, 20u}) world.targets[static_cast<std::size_t>(world.train[i])] += 1e3;
  EXPECT_EQ(weights_after(settings, world.data()), before);
  world.weights.clear();
  EXPECT_NE(weights_after(settings, world.data()), before);
}

TEST(Fit, LossesAreMeansOverWeights) {
  World world;
  const auto losses = [&] {
    RowNetwork network(zeros());
    Recorder recorder;
    FitSettings settings = tiny_settings();
    settings.optimizer = "sgd";  // unlike Adam it feels the scale of the gradient
    fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
    std::vector<CurvePoint> all = recorder.points("step_loss", 0);
    for (const int split : {0, 1}) {
      const auto points = recorder.points("loss", split);
      all.insert(all.end(), points.begin(), points.end());
    }
    return all;
  };
  const std::vector<CurvePoint> unweighted = losses();
  world.weights.assign(World::kRows, 3.0);
  const std::vector<CurvePoint> weighted = losses();
  ASSERT_EQ(weighted.size(), 40u + 8u + 8u);
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    EXPECT_NEAR(weighted[i].value(), unweighted[i].value(), 1e-12 * unweighted[i].value());
  }
}

TEST(Fit, TorchsGeneratorIsNotUsed) {
  const World world;
  const at::Generator& generator = at::detail::getDefaultCPUGenerator();
  const at::Tensor before = generator.get_state();
  FitSettings settings = tiny_settings();
  weights_after(settings, world.data());
  EXPECT_TRUE(generator.get_state().equal(before));
}

TEST(Fit, IsAFunctionOfItsArguments) {
  const World world;
  const FitSettings settings = tiny_settings();
  EXPECT_EQ(weights_after(settings, world.data()), weights_after(settings, world.data()));
  FitSettings other = settings;
  other.batch = 9;
  EXPECT_NE(weights_after(settings, world.data()), weights_after(other, world.data()));
}

TEST(Fit, NetworksMayBeDouble) {
  const World world;
  const FitData data = world.data();
  FitSettings settings = tiny_settings();
  TinyNetwork network(Streams(5), World::kFeatures, 1, at::kDouble), single(Streams(5), World::kFeatures, 1);
  fit(network, settings, data, Streams(5), at::kCPU, {}, nullptr);
  fit(single, settings, data, Streams(5), at::kCPU, {}, nullptr);
  const std::vector<double> wide = predict(network, settings, data, world.test, at::kCPU).values,
                            narrow = predict(single, settings, data, world.test, at::kCPU).values;
  bool more_digits = false;
  for (std::size_t i = 0; i < wide.size(); ++i) {
    EXPECT_NEAR(wide[i], narrow[i], 0.5);  // 40 steps apart in rounding; targets spread by about 40
    more_digits = more_digits || wide[i] != narrow[i];
  }
  EXPECT_TRUE(more_digits);
}

TEST(Fit, TellsItsPhases) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 2;
  std::map<std::string, std::int64_t> calls, items;
  FitHooks hooks;
  hooks.on_phase = [&](const std::string& phase, std::int64_t duration_ns, std::int64_t rows) {
    EXPECT_GE(duration_ns, 0);
    ++calls[phase];
    items[phase] += rows;
  };
  RowNetwork network(zeros());
  fit(network, settings, world.data(), Streams(5), at::kCPU, hooks, nullptr);
  EXPECT_EQ(calls, (std::map<std::string, std::int64_t>{
                       {"collate", 10}, {"forward", 10}, {"backward", 10}, {"optimizer", 10}, {"evaluate", 2}}));
  EXPECT_EQ(items["forward"], 74);
  EXPECT_EQ(items["evaluate"], 24);
}

TEST(Fit, ModelSamplerDrawsTheRows) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.sampler = "model";
  settings.epochs = 2;
  std::vector<std::int64_t> seen;
  TinyNetwork network(Streams(5), World::kFeatures, 1);
  struct Watcher : TinyNetwork {
    using TinyNetwork::TinyNetwork;
    at::Tensor forward(const Batch& batch, const Pass& pass) override {
      if (pass.training) seen.insert(seen.end(), batch.rows.begin(), batch.rows.end());
      return TinyNetwork::forward(batch, pass);
    }
    std::vector<std::int64_t> seen;
  } watcher(Streams(5), World::kFeatures, 1);
  fit(watcher, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
  std::vector<std::int64_t> expected = *network.sample_epoch(world.train, 0);
  const std::vector<std::int64_t> second = *network.sample_epoch(world.train, 1);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(watcher.seen, expected);
}

TEST(Fit, RefusesSettingsThatContradictTheData) {
  const World world;
  RowNetwork network(zeros());
  const auto refused = [&](const std::function<void(FitSettings&, FitData&)>& change, const std::string& part) {
    FitSettings settings = tiny_settings();
    FitData data = world.data();
    change(settings, data);
    const std::string message = refusal(network, settings, data);
    EXPECT_NE(message.find(part), std::string::npos) << part << "\n" << message;
  };
  refused([](auto& s, auto&) { s.epochs = 0; }, "'train.epochs' and 'train.max_steps' are both 0");
  refused([](auto&, auto& d) { d.train = {}; }, "no training rows");
  refused([](auto& s, auto&) { s.batch = 38, s.drop_last = true; }, "'train.batch' is 38");
  refused([](auto& s, auto& d) { s.patience = 1, d.validation = {}; }, "'train.early_stop.patience'");
  refused([](auto& s, auto& d) { s.keep = "published_test", d.test = {}; }, "no test rows");
  refused([](auto& s, auto& d) { s.keep = "agreement", d.test = {}; }, "no test rows");
  refused([](auto& s, auto&) { s.keep = "agreement"; }, "no members that could disagree");
  refused([](auto& s, auto&) { s.keep = "worst"; }, "'train.keep'");
  refused([](auto& s, auto&) { s.sampler = "model"; }, "brings no sampler");
  refused([](auto& s, auto&) { s.sampler = "balanced"; }, "'train.sampler'");
  refused([](auto& s, auto&) { s.loss = "absolute"; }, "absolute");
}

TEST(Fit, RefusesSamplersThatLeaveTheTrainingRows) {
  struct Sampler : RowNetwork {
    using RowNetwork::RowNetwork;
    std::optional<std::vector<std::int64_t>> sample_epoch(std::span<const std::int64_t> rows,
                                                          std::int64_t epoch) const override {
      std::vector<std::int64_t> result(rows.begin(), rows.end());
      if (leaks) result[3] = 8;  // a validation row
      if (epoch == 1) result.pop_back();
      return result;
    }
    bool leaks = false;
  } sampler(zeros());
  const World world;
  FitSettings settings = tiny_settings();
  settings.sampler = "model";
  EXPECT_NE(refusal(sampler, settings, world.data()).find("drew 36 rows in epoch 1"), std::string::npos);
  sampler.leaks = true;
  EXPECT_NE(refusal(sampler, settings, world.data()).find("drew row 8"), std::string::npos);
}

}  // namespace
}  // namespace seqbench::train
