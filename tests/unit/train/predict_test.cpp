#include <gtest/gtest.h>

#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace {

TEST(Predict, UndoesTheScalingOfTheTrainingTargets) {
  World world;
  FitData data = world.data();
  data.target_count = 2;
  std::vector<double> targets;  // the second target is 10 times the first, plus 3
  for (const double value : world.targets) targets.insert(targets.end(), {value, 10 * value + 3});
  data.targets = targets;
  struct Two : RowNetwork {
    using RowNetwork::RowNetwork;
    at::Tensor forward(const Batch& batch, const Pass& pass) override {
      return RowNetwork::forward(batch, pass).expand({-1, 2});
    }
  };
  std::vector<double> numbers = zeros();
  numbers[8] = 1;
  numbers[0] = -2;
  Two network(numbers);
  double mean = 0, variance = 0;
  for (const std::int64_t row : world.train) mean += world.targets[static_cast<std::size_t>(row)] / 37;
  for (const std::int64_t row : world.train) {
    variance += std::pow(world.targets[static_cast<std::size_t>(row)] - mean, 2) / 37;
  }
  const double sd = std::sqrt(variance);
  const std::vector<std::int64_t> rows = {8, 0, 60};
  FitSettings settings = tiny_settings();
  settings.eval_batch = 2;
  const std::vector<double> got = predict(network, settings, data, rows, at::kCPU).values;
  const std::vector<double> expected = {mean + sd, 10 * (mean + sd) + 3, mean - 2 * sd, 10 * (mean - 2 * sd) + 3,
                                        mean, 10 * mean + 3};
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-9);
  settings.scale_targets = false;
  EXPECT_EQ(predict(network, settings, data, rows, at::kCPU).values, (std::vector<double>{1, 1, -2, -2, 0, 0}));
}

TEST(Predict, TrainingTargetsAloneDecideTheScale) {
  World world;
  RowNetwork network(zeros());
  const FitSettings settings = tiny_settings();
  const std::vector<double> before = predict(network, settings, world.data(), world.test, at::kCPU).values;
  for (const std::int64_t row : world.test) world.targets[static_cast<std::size_t>(row)] *= 9;
  for (const std::int64_t row : world.validation) world.targets[static_cast<std::size_t>(row)] *= 9;
  EXPECT_EQ(predict(network, settings, world.data(), world.test, at::kCPU).values, before);
  for (const std::int64_t row : world.train) world.targets[static_cast<std::size_t>(row)] = 6;
  EXPECT_EQ(predict(network, settings, world.data(), world.test, at::kCPU).values,
            std::vector<double>(world.test.size(), 6.0));
}

TEST(Predict, GivesProbabilitiesOfLogitsInDouble) {
  World world;
  world.kind = TaskKind::kBinary;
  for (double& target : world.targets) target = target > 100 ? 1 : 0;
  std::vector<double> numbers = zeros();
  numbers[1] = 30;
  numbers[2] = -30;
  numbers[3] = -800;
  numbers[4] = 800;
  RowNetwork network(numbers);
  const std::vector<std::int64_t> rows = {0, 1, 2, 3, 4};
  const std::vector<double> got = predict(network, tiny_settings(), world.data(), rows, at::kCPU).values;
  EXPECT_EQ(got[0], 0.5);
  EXPECT_LT(got[1], 1.0);
  EXPECT_NEAR(1 - got[1], 9.357622968839299e-14, 1e-16);
  EXPECT_NEAR(got[2], 9.357622968839299e-14, 1e-26);
  EXPECT_EQ(got[3], 0.0);
  EXPECT_EQ(got[4], 1.0);
}

TEST(Fit, BinaryLabelsAreNotScaled) {
  World world;
  world.kind = TaskKind::kBinary;
  for (double& target : world.targets) target = target > 100 ? 1 : 0;
  FitSettings settings = tiny_settings();
  settings.loss = "bce";
  RowNetwork network(zeros());
  fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
  const std::vector<double> labels = values_of(network.labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_EQ(labels[i], world.targets[static_cast<std::size_t>(network.evaluated.back()[i])]);
  }
}

}  // namespace
}  // namespace seqbench::train
