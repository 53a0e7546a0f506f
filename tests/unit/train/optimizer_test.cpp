// Optimizers against torch's Python ones: alone in f32 on given gradients, and whole fits in f64
// (tests/parity/optimizers.json, made by make_optimizers.py beside it).

#include "harness/train/optimizer.h"

#include <ATen/ops/linear.h>
#include <gtest/gtest.h>

#include "harness/base/files.h"
#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace {

const Json& golden() {
  static const Json* const kGolden =
      new Json(parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/optimizers.json"), "optimizers.json"));
  return *kGolden;
}

FitSettings settings_of(const Json& item) {
  FitSettings settings;
  settings.optimizer = item.at("optimizer");
  settings.beta1 = item.at("betas").at(0);
  settings.beta2 = item.at("betas").at(1);
  settings.eps = item.at("eps");
  settings.weight_decay = item.at("weight_decay");
  settings.momentum = item.at("momentum");
  settings.clip_norm = item.at("clip_norm");
  settings.learning_rate = item.at("learning_rate");
  settings.schedule = item.at("schedule");
  settings.warmup = item.at("warmup");
  settings.min_lr = item.at("min_lr");
  settings.step_size = item.at("step_size");
  settings.gamma = item.at("gamma");
  return settings;
}

std::vector<double> numbers(const Json& json) { return json.get<std::vector<double>>(); }

/// Two layers, tanh, with the script's weights.
class ParityNetwork : public Network {
 public:
  ParityNetwork() {
    for (const char* name : {"hidden.weight", "hidden.bias", "out.weight", "out.bias"}) {
      const Json& entry = golden().at("initial").at(name);
      const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
      parameters_.push_back({name, doubles(numbers(entry.at("values")), shape)});
    }
  }
  Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return dense_rows(view, rows, at::kDouble);
  }
  at::Tensor forward(const Batch& batch, const Pass&) override {
    const at::Tensor hidden = at::linear(batch.input("x"), parameters_[0].tensor, parameters_[1].tensor).tanh();
    return at::linear(hidden, parameters_[2].tensor, parameters_[3].tensor);
  }
  std::vector<NamedTensor> parameters() override { return parameters_; }

 private:
  std::vector<NamedTensor> parameters_;
};

TEST(OptimizerParity, FitsEndWherePythonsDo) {
  const std::vector<double> inputs = numbers(golden().at("inputs")), targets = numbers(golden().at("targets"));
  const auto rows = static_cast<std::int64_t>(targets.size());
  const View view{"dense", DenseView{doubles(inputs, {rows, static_cast<std::int64_t>(inputs.size()) / rows})}};
  std::vector<std::int64_t> train(targets.size());
  std::iota(train.begin(), train.end(), std::int64_t{0});
  const FitData data{.view = view, .train = train, .targets = targets};
  for (const Json& item : golden().at("fits")) {
    SCOPED_TRACE(item.at("name").get<std::string>());
    const std::vector<double> losses = numbers(item.at("losses"));
    FitSettings settings = settings_of(item);
    settings.batch = rows;
    settings.epochs = static_cast<std::int64_t>(losses.size());
    settings.scale_targets = false;
    ParityNetwork network;
    Recorder recorder;
    fit(network, settings, data, Streams(1), at::kCPU, recorder.hooks(), nullptr);
    const std::vector<CurvePoint> points = recorder.points("step_loss", 0);
    ASSERT_EQ(points.size(), losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(points[i].value(), losses[i], 1e-10 * losses[i]);
    for (const NamedTensor& parameter : network.parameters()) {
      const std::vector<double> got = values_of(parameter.tensor);
      const std::vector<double> wanted = numbers(item.at("final").at(parameter.name));
      ASSERT_EQ(got.size(), wanted.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-10) << parameter.name << i;
    }
  }
}

TEST(OptimizerParity, FollowsGivenGradientsInF32) {
  for (const Json& item : golden().at("optimizers")) {
    SCOPED_TRACE(item.at("name").get<std::string>());
    const std::vector<double> start = numbers(golden().at("start_f32"));
    const at::Tensor parameter = doubles(start, {static_cast<std::int64_t>(start.size())}).to(at::kFloat);
    parameter.set_requires_grad(true);
    const FitSettings settings = settings_of(item);
    Optimizer optimizer(settings, {{"p", parameter}});
    for (std::size_t step = 0; step < item.at("gradients").size(); ++step) {
      parameter.mutable_grad() = doubles(numbers(item.at("gradients")[step]), parameter.sizes()).to(at::kFloat);
      if (settings.clip_norm > 0) optimizer.clip(settings.clip_norm);
      optimizer.step(settings.learning_rate);
      const std::vector<double> got = values_of(parameter), wanted = numbers(item.at("values")[step]);
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], wanted[i], 1e-6 * std::max(std::abs(wanted[i]), 0.1)) << "step " << step << ", " << i;
      }
    }
  }
}

TEST(Optimizer, StateGoesFromOneToAnother) {
  for (const std::string name : {"adam", "adamw", "sgd"}) {
    FitSettings settings;
    settings.optimizer = name;
    settings.momentum = 0.9;
    std::vector<at::Tensor> parameters;
    for (int i = 0; i < 2; ++i) parameters.push_back(doubles({1, 2, 3}, {3}).set_requires_grad(true));
    Optimizer first(settings, {{"p", parameters[0]}}), second(settings, {{"p", parameters[1]}});
    const auto step = [&](Optimizer& optimizer, const at::Tensor& parameter, double gradient) {
      parameter.mutable_grad() = doubles({gradient, 1, -gradient}, {3});
      optimizer.step(0.1);
    };
    for (int i = 0; i < 5; ++i) step(first, parameters[0], i);
    second.load_state(first.state());
    parameters[1].set_data(parameters[0].detach().clone());
    for (int i = 0; i < 5; ++i) {
      step(first, parameters[0], 2 - i);
      step(second, parameters[1], 2 - i);
      EXPECT_TRUE(parameters[0].equal(parameters[1])) << name << " " << i;
    }
    EXPECT_EQ(first.state().size(), name == "sgd" ? 1u : 3u);
  }
}

TEST(Optimizer, ClipScalesTheNormOverAllParameters) {
  FitSettings settings;
  const at::Tensor a = doubles({0, 0}, {2}).set_requires_grad(true), b = doubles({0}, {1}).set_requires_grad(true);
  Optimizer optimizer(settings, {{"a", a}, {"b", b}, {"unused", doubles({0}, {1}).set_requires_grad(true)}});
  a.mutable_grad() = doubles({3, 0}, {2});
  b.mutable_grad() = doubles({4}, {1});
  const auto written = a.grad()._version();
  optimizer.clip(10);
  EXPECT_EQ(values_of(a.grad())[0], 3);
  EXPECT_EQ(a.grad()._version(), written) << "a norm that is small enough costs no pass over the gradients";
  optimizer.clip(1);
  EXPECT_NEAR(values_of(a.grad())[0], 0.6, 1e-6);
  EXPECT_NEAR(values_of(b.grad())[0], 0.8, 1e-6);
  b.mutable_grad() = doubles({std::nan("")}, {1});
  optimizer.clip(1);
  EXPECT_TRUE(std::isnan(values_of(a.grad())[0])) << "as torch's clip_grad_norm_";
}

TEST(Optimizer, UnknownNamesAreRefused) {
  FitSettings settings;
  settings.optimizer = "lion";
  EXPECT_THROW(Optimizer(settings, {{"p", doubles({1}, {1})}}), InputError);
}

}  // namespace
}  // namespace seqbench::train
