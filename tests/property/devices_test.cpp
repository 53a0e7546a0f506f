// Every network on an accelerator beside the CPU. Skipped, loudly, where there is none.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/train/device.h"
#include "harness/train/fit.h"
#include "harness/train/replays.h"
#include "tests/property/support.h"

namespace seqbench::property {
namespace {

struct Outcome {
  std::vector<double> losses, predictions;
};

/// While it lives, nothing is recorded.
struct PieceByPiece {
  PieceByPiece() { train::allow_replays(false); }
  ~PieceByPiece() { train::allow_replays(true); }
  PieceByPiece(const PieceByPiece&) = delete;
  PieceByPiece& operator=(const PieceByPiece&) = delete;
};

class Devices : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    train::set_numerics(1);
    if (train::find_device("auto").is_cpu()) GTEST_SKIP() << "no accelerator here: NOT TESTED";
  }

  /// Some steps from the same start; `drops`: with the model's own dropout, which no two kinds of device draw alike.
  [[nodiscard]] Outcome trained(const char* device, bool drops, const char* precision = "f32") {
    if (!drops) {
      for (const ParamSpec& param : GetParam().model.params) {
        if (param.name.find("dropout") != std::string::npos && param.low <= 0) loaded_.params.set(param.name, 0.0);
      }
    }
    const auto network = GetParam().model.network(loaded_.context(1));
    train::FitSettings settings;
    settings.optimizer = "adam";
    settings.learning_rate = 1e-3;
    settings.eval_batch = 12;
    settings.batch = 12;  // a multiple of three, as mimo wants it
    settings.clip_norm = 1;
    settings.max_steps = 8;
    settings.keep = "last";
    settings.loss = GetParam().task.kind == TaskKind::kBinary ? "bce" : "mse";
    settings.precision = precision;
    Outcome outcome;
    train::FitHooks hooks;
    hooks.on_step = [&](std::int64_t, std::int64_t, double, double loss, double) { outcome.losses.push_back(loss); };
    const std::vector<std::int64_t> rows = row_range(0, 60), others = row_range(60, 100);
    const std::vector<double> targets = targets_of(loaded_, row_range(0, kTwinRows));
    const train::FitData data{.view = loaded_.view, .target_count = loaded_.targets(), .train = rows, .validation = others, .targets = targets,
                              .metric = [](std::span<const double> told, std::span<const std::int64_t>) { return told.front(); },
                              .metric_name = "first", .kind = GetParam().task.kind};
    const at::Device there = train::find_device(device);
    static_cast<void>(train::fit(*network, settings, data, Streams(1), there, hooks, nullptr));
    outcome.predictions = train::predict(*network, settings, data, others, there).values;
    return outcome;
  }

  static void expect_near(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
    ASSERT_EQ(found.size(), expected.size());
    double largest = 0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance * largest) << i;
  }

  Loaded loaded_ = load(GetParam());
};

TEST_P(Devices, TrainAlike) {
  const Outcome here = trained("cpu", false), there = trained("auto", false);
  expect_near(there.losses, here.losses, 1e-3);
  expect_near(there.predictions, here.predictions, 1e-2);
}

TEST_P(Devices, GiveTheSameBitsAgainAndPieceByPiece) {
  const Outcome once = trained("auto", true), again = trained("auto", true);
  EXPECT_EQ(once.losses, again.losses);
  EXPECT_EQ(once.predictions, again.predictions);
  const Outcome pieces = [&] {
    const PieceByPiece guard;
    return trained("auto", true);
  }();
  EXPECT_EQ(once.losses, pieces.losses);
  EXPECT_EQ(once.predictions, pieces.predictions);
}

TEST_P(Devices, TrainAlikeInHalfPrecision) {
  const Outcome single = trained("auto", false), half = trained("auto", false, "bf16");
  expect_near(half.losses, single.losses, 0.1);
}

INSTANTIATE_TEST_SUITE_P(All, Devices, ::testing::ValuesIn(cases(true)), [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace seqbench::property
