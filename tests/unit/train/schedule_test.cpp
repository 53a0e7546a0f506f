// Learning rates against torch.optim.lr_scheduler and the formulas of Hugging Face (tests/parity/optimizers.json).

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/train/fit.h"

namespace seqbench::train {
namespace {

TEST(Schedule, GivesTheRatesOfPython) {
  const Json golden = parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/optimizers.json"), "optimizers.json");
  std::size_t checked = 0;
  for (const Json& item : golden.at("schedules")) {
    FitSettings settings;
    settings.schedule = item.at("schedule");
    settings.learning_rate = item.at("learning_rate");
    settings.warmup = item.at("warmup");
    settings.min_lr = item.at("min_lr");
    settings.step_size = item.at("step_size");
    settings.gamma = item.at("gamma");
    const auto rates = item.at("rates").get<std::vector<double>>();
    const auto steps = static_cast<std::int64_t>(rates.size());
    for (std::int64_t step = 0; step < steps; ++step) {
      const double expected = rates[static_cast<std::size_t>(step)];
      EXPECT_NEAR(learning_rate_at(settings, step, steps, item.at("steps_per_epoch")), expected, 1e-12)
          << item.at("name") << " at step " << step;
      ++checked;
    }
  }
  EXPECT_GT(checked, 200u);
}

TEST(Schedule, WarmupBelowOneIsAShareOfAllStepsRoundedUp) {
  FitSettings settings;
  settings.learning_rate = 1;
  settings.warmup = 0.25;  // of 10 steps: 2.5, so 3
  EXPECT_EQ(learning_rate_at(settings, 0, 10, 5), 0);
  EXPECT_DOUBLE_EQ(learning_rate_at(settings, 2, 10, 5), 2.0 / 3);
  EXPECT_EQ(learning_rate_at(settings, 3, 10, 5), 1);
}

TEST(Schedule, StepNeverFallsBelowItsFloor) {
  FitSettings settings;
  settings.schedule = "step";
  settings.learning_rate = 1;
  settings.step_size = 1;
  settings.min_lr = 0.05;
  EXPECT_EQ(learning_rate_at(settings, 3, 100, 2), 0.1);
  EXPECT_EQ(learning_rate_at(settings, 99, 100, 2), 0.05);
}

TEST(Schedule, UnknownNamesAreRefused) {
  FitSettings settings;
  settings.schedule = "cosin";
  EXPECT_THROW(static_cast<void>(learning_rate_at(settings, 1, 10, 5)), InputError);
}

}  // namespace
}  // namespace seqbench::train
