// Deep ensembles: members are what they would be alone, predictions and deviations are those of their mixture.
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/train/ensemble.h"
#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace ensemble_test {
namespace {

std::unique_ptr<Network> tiny(std::uint32_t member, at::ScalarType dtype = at::kDouble) {
  return std::make_unique<TinyNetwork>(Streams(5).of_member(member), World::kFeatures, 1, dtype);
}

std::unique_ptr<Network> pair() {
  std::vector<std::unique_ptr<Network>> members;
  members.push_back(tiny(0));
  members.push_back(tiny(1));
  return make_ensemble(std::move(members));
}

TEST(Ensemble, MembersAreTrainedAsIfTheyWereAlone) {
  const World world;
  const FitData data = world.data();
  FitSettings settings = tiny_settings();
  settings.keep = "last";
  const auto both = pair(), first = tiny(0), second = tiny(1);
  for (Network* network : {both.get(), first.get(), second.get()}) fit(*network, settings, data, Streams(5), at::kCPU, {}, nullptr);
  const Predictions together = predict(*both, settings, data, world.test, at::kCPU);
  const std::vector<double> a = predict(*first, settings, data, world.test, at::kCPU).values,
                            b = predict(*second, settings, data, world.test, at::kCPU).values;
  ASSERT_EQ(together.values.size(), a.size());
  ASSERT_EQ(together.spreads.size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(together.values[i], (a[i] + b[i]) / 2, 1e-9);
    EXPECT_NEAR(together.spreads[i], std::abs(a[i] - b[i]) / 2, 1e-6) << "in the task's units";
  }
}

TEST(Ensemble, ShowsTheMeanLossAndNamesItsTensors) {
  const World world;
  const FitData data = world.data();
  const FitSettings settings = tiny_settings();
  const auto both = pair(), first = tiny(0), second = tiny(1);
  std::vector<double> losses;
  for (Network* network : {both.get(), first.get(), second.get()}) {
    Recorder recorder;
    fit(*network, settings, data, Streams(5), at::kCPU, recorder.hooks(), nullptr);
    losses.push_back(recorder.points("loss", 1).front().value());
  }
  EXPECT_NEAR(losses[0], (losses[1] + losses[2]) / 2, 1e-9);
  EXPECT_EQ(both->parameters().front().name, "member0/hidden.weight");
  EXPECT_EQ(both->buffers().back().name, "member1/mean");
}

TEST(Ensemble, AgreementKeepsTheStateWhoseMembersAgreeAndSeesNoTestLabel) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 4;
  settings.learning_rate = 0.3;
  settings.keep = "agreement";
  std::vector<double> other = world.targets;
  for (const std::int64_t row : world.test) other[static_cast<std::size_t>(row)] = -1e6;
  std::vector<std::vector<CurvePoint>> curves;
  for (const std::vector<double>* targets : {&world.targets, static_cast<const std::vector<double>*>(&other)}) {
    FitData data = world.data();
    data.targets = *targets;
    Recorder recorder;
    const auto both = pair();
    const FitResult result = fit(*both, settings, data, Streams(5), at::kCPU, recorder.hooks(), nullptr);
    curves.push_back(recorder.points("disagreement", 2));
    ASSERT_EQ(curves.back().size(), 4U);
    const auto least = std::ranges::min_element(curves.back(), {}, &CurvePoint::value);
    EXPECT_EQ(result.kept_step, least->step);
    EXPECT_EQ(result.kept_metric, least->value());
    const Predictions kept = predict(*both, settings, data, world.test, at::kCPU);
    double own = 0, mean = 0, variance = 0;
    for (const double spread : kept.spreads) own += spread * spread;
    for (const double value : kept.values) mean += value / static_cast<double>(kept.values.size());
    for (const double value : kept.values) variance += (value - mean) * (value - mean);
    EXPECT_NEAR(result.kept_metric, own / variance, 1e-9);
  }
  EXPECT_EQ(curves[0], curves[1]);
}

/// Says a log deviation of its own.
class Telling final : public Network {
 public:
  Telling(std::uint32_t member, double log_sd) : inner_(tiny(member)), log_sd_(log_sd) {}
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override { return inner_->collate(view, rows); }
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor mean = inner_->forward(batch, pass);
    return at::cat({mean, at::full_like(mean, log_sd_)}, 1);
  }
  [[nodiscard]] LossSum loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) override {
    return inner_->loss(name, outputs.narrow(1, 0, 1), batch);
  }
  [[nodiscard]] bool predicts_spread() const override { return true; }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return inner_->parameters(); }

 private:
  std::unique_ptr<Network> inner_;
  double log_sd_;
};

TEST(Ensemble, AddsTheVariancesThatMembersTell) {
  const World world;
  const FitData data = world.data();
  FitSettings settings = tiny_settings();
  Telling alone(0, std::log(0.5));
  fit(alone, settings, data, Streams(5), at::kCPU, {}, nullptr);
  const Predictions single = predict(alone, settings, data, world.test, at::kCPU);
  for (const double spread : single.spreads) EXPECT_NEAR(spread, single.spreads.front(), 1e-12);
  EXPECT_GT(single.spreads.front(), 1) << "in the task's units, whose deviation is about 40";
  std::vector<std::unique_ptr<Network>> members;
  members.push_back(std::make_unique<Telling>(0, std::log(0.5)));
  members.push_back(std::make_unique<Telling>(1, std::log(0.1)));
  const auto mixture = make_ensemble(std::move(members));
  fit(*mixture, settings, data, Streams(5), at::kCPU, {}, nullptr);
  EXPECT_EQ(mixture->members(), 2);
  EXPECT_EQ(alone.members(), 1) << "telling a deviation is not having members";
  const Batch first = mixture->collate(world.view, std::vector<std::int64_t>{world.test.front()});
  const double a = alone.forward(first, {}).select(1, 0).item<double>(), both = mixture->forward(first, {}).select(1, 0).item<double>();
  EXPECT_NEAR(mixture->member_variance().item<double>(), (a - both) * (a - both), 1e-12) << "of the means alone";
  const double unit = single.spreads.front() / 0.5;
  for (const double spread : predict(*mixture, settings, data, world.test, at::kCPU).spreads) {
    EXPECT_GE(spread / unit, std::sqrt((0.25 + 0.01) / 2) - 1e-9);
  }
}

TEST(Ensemble, ResumesWithTheSameBits) {
  const World world;
  const FitData data = world.data();
  const FitSettings settings = tiny_settings();
  const auto whole = pair(), cut = pair(), again = pair();
  fit(*whole, settings, data, Streams(5), at::kCPU, {}, nullptr);
  Recorder recorder;
  recorder.stop_at = 13;
  EXPECT_THROW(fit(*cut, settings, data, Streams(5), at::kCPU, recorder.hooks(), nullptr), Interrupted);
  const Checkpoint checkpoint = recorder.checkpoint();
  fit(*again, settings, data, Streams(5), at::kCPU, {}, &checkpoint);
  EXPECT_EQ(predict(*whole, settings, data, world.test, at::kCPU).values, predict(*again, settings, data, world.test, at::kCPU).values);
}

}  // namespace
}  // namespace ensemble_test
}  // namespace seqbench::train
