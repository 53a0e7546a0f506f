// The loop against the Trainer of Hugging Face and torch (tests/parity/training.json, made by make_training.py
// beside it): order, steps, schedules, decay groups, gradient norms, autocast.

#include <ATen/ops/linear.h>
#include <gtest/gtest.h>

#include "harness/base/files.h"
#include "harness/train/optimizer.h"
#include "tests/unit/train/support.h"

namespace seqbench::train::parity {
namespace {

const Json& golden() {
  static const Json* const kGolden =
      new Json(parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/training.json"), "training.json"));
  return *kGolden;
}

std::vector<double> numbers(const Json& json) { return json.get<std::vector<double>>(); }

/// Two layers, tanh, with the script's weights; `wide` hidden units where they are not those of "initial".
class ParityNetwork : public Network {
 public:
  explicit ParityNetwork(at::ScalarType dtype, std::int64_t wide = 4) : dtype_(dtype) {
    const std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes = {
        {"hidden.weight", {wide, 3}}, {"hidden.bias", {wide}}, {"out.weight", {1, wide}}, {"out.bias", {1}}};
    for (std::size_t phase = 0; phase < shapes.size(); ++phase) {
      std::int64_t count = 1;
      for (const std::int64_t size : shapes[phase].second) count *= size;
      std::vector<double> wave;
      for (std::int64_t i = 0; i < count; ++i) wave.push_back(std::sin(1.7 * static_cast<double>(i) + static_cast<double>(phase)));
      parameters_.push_back({shapes[phase].first, doubles(wave, shapes[phase].second).to(dtype)});
    }
  }
  Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return dense_rows(view, rows, dtype_);
  }
  at::Tensor forward(const Batch& batch, const Pass& pass) override {
    if (pass.training) trained.push_back(batch.rows);
    const at::Tensor hidden = at::linear(batch.input("x"), parameters_[0].tensor, parameters_[1].tensor);
    half = hidden.scalar_type() == at::kBFloat16;
    return at::linear(hidden.tanh(), parameters_[2].tensor, parameters_[3].tensor);
  }
  std::vector<NamedTensor> parameters() override { return parameters_; }
  bool decays(std::string_view parameter) const override { return !parameter.ends_with("bias"); }

  std::vector<std::vector<std::int64_t>> trained;  // rows of each batch
  bool half = false;                               // the last product was in bf16

 private:
  at::ScalarType dtype_;
  std::vector<NamedTensor> parameters_;
};

struct Script {
  std::vector<double> targets = numbers(golden().at("targets"));
  View view{"dense", DenseView{doubles(numbers(golden().at("inputs")), {22, 3})}};
  std::vector<std::int64_t> train;

  Script() {
    for (std::int64_t i = 0; i < 22; ++i) train.push_back(i);
  }
  [[nodiscard]] FitData data() const { return {.view = view, .train = train, .targets = targets}; }
};

FitSettings plain_settings(const Json& item) {
  FitSettings settings;
  settings.optimizer = item.value("optimizer", "adamw");
  settings.learning_rate = item.at("learning_rate");
  settings.weight_decay = item.value("weight_decay", 0.0);
  settings.scale_targets = false;
  settings.keep = "last";
  return settings;
}

FitSettings trainer_settings(const Json& run) {
  FitSettings settings = plain_settings(run);
  settings.schedule = "linear";
  settings.warmup = run.at("warmup");
  settings.clip_norm = run.at("clip_norm");
  settings.batch = run.at("batch");
  settings.epochs = run.at("epochs");
  settings.order = "hf";
  return settings;
}

void expect_parameters(Network& network, const Json& wanted, double tolerance) {
  for (const NamedTensor& parameter : network.parameters()) {
    const std::vector<double> got = values_of(parameter.tensor), expected = numbers(wanted.at(parameter.name));
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << parameter.name << i;
  }
}

TEST(TrainerParity, AWholeRunOfHuggingFacesTrainer) {
  const Script script;
  const Json& run = golden().at("trainer").at(0);
  FitSettings settings = trainer_settings(run);
  const std::vector<double> losses = numbers(run.at("losses"));
  ASSERT_EQ(losses.size(), 12u);
  ParityNetwork network(at::kFloat);
  Recorder recorder;
  fit(network, settings, script.data(), Streams(run.at("seed").get<std::uint64_t>()), at::kCPU, recorder.hooks(), nullptr);
  const std::vector<CurvePoint> points = recorder.points("step_loss", 0);
  ASSERT_EQ(points.size(), losses.size());
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(points[i].value(), losses[i], 2e-6 * losses[i]) << i;
  expect_parameters(network, run.at("final"), 2e-6);
}

TEST(TrainerParity, RatesAndNormsBeforeClippingStepByStep) {
  const Script script;
  const Json& run = golden().at("trainer").at(0);
  const FitSettings settings = trainer_settings(run);
  const std::vector<double> rates = numbers(run.at("rates")), norms = numbers(run.at("norms"));
  ParityNetwork network(at::kFloat), seen(at::kFloat);
  fit(seen, settings, script.data(), Streams(42), at::kCPU, {}, nullptr);  // tells the batches
  std::vector<NamedTensor> parameters = network.parameters();
  for (const NamedTensor& entry : parameters) entry.tensor.set_requires_grad(true);
  Optimizer optimizer(settings, parameters, [&](std::string_view name) { return network.decays(name); });
  ASSERT_EQ(seen.trained.size(), norms.size());
  for (std::size_t step = 0; step < norms.size(); ++step) {
    Batch batch = network.collate(script.view, seen.trained[step]);
    std::vector<double> labels;
    for (const std::int64_t row : seen.trained[step]) labels.push_back(script.targets[static_cast<std::size_t>(row)]);
    batch.labels = doubles(labels, {static_cast<std::int64_t>(labels.size()), 1}).to(at::kFloat);
    const LossSum loss = loss_sum("mse", network.forward(batch, {}), batch);
    (loss.sum / loss.count).backward();
    EXPECT_NEAR(optimizer.clip(settings.clip_norm).item<double>(), norms[step], 5e-6 * norms[step]) << step;
    const double rate = learning_rate_at(settings, static_cast<std::int64_t>(step), 12, 6);
    EXPECT_NEAR(rate, rates[step], 1e-12) << step;
    optimizer.step(rate);
    optimizer.zero_grad();
  }
}

TEST(OrderParity, IsTorchsPermutationSeededAnewEachEpoch) {
  const Script script;
  const Json& wanted = golden().at("permutations");
  FitSettings settings = trainer_settings(golden().at("trainer").at(0));
  settings.epochs = 3;
  ParityNetwork network(at::kFloat);
  fit(network, settings, script.data(), Streams(wanted.at("seed").get<std::uint64_t>()), at::kCPU, {}, nullptr);
  std::vector<std::int64_t> got, expected;
  for (const auto& rows : network.trained) got.insert(got.end(), rows.begin(), rows.end());
  for (const Json& order : wanted.at("orders")) {
    for (const Json& place : order) expected.push_back(place);
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(std::vector<std::int64_t>(got.begin(), got.begin() + 8), (std::vector<std::int64_t>{6, 3, 18, 17, 4, 11, 2, 21}));
  settings.order = "random";
  EXPECT_THROW(fit(network, settings, script.data(), Streams(42), at::kCPU, {}, nullptr), InputError);
}

TEST(OneCycleParity, RatesMomentaAndStepsAreTorchs) {
  for (const Json& item : golden().at("one_cycle")) {
    SCOPED_TRACE(item.at("optimizer").get<std::string>() + " " + item.at("steps").dump());
    FitSettings settings = plain_settings(item);
    if (settings.optimizer == "adamw") settings.weight_decay = 0.01;  // torch's default
    settings.schedule = "one_cycle";
    settings.pct_start = item.at("pct_start");
    settings.div_factor = item.at("div_factor");
    settings.final_div_factor = item.at("final_div_factor");
    settings.cycle_momentum = item.at("cycle_momentum");
    const std::vector<double> rates = numbers(item.at("rates")), momenta = numbers(item.at("momenta"));
    const auto steps = static_cast<std::int64_t>(rates.size());
    std::vector<double> start;
    for (int i = 0; i < 6; ++i) start.push_back(std::sin(1.7 * i + 4.0));
    const at::Tensor parameter = doubles(start, {6}).set_requires_grad(true);
    Optimizer optimizer(settings, {{"p", parameter}});
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto at = static_cast<std::size_t>(step);
      EXPECT_NEAR(learning_rate_at(settings, step, steps, 5), rates[at], 1e-12) << step;
      EXPECT_NEAR(momentum_at(settings, step, steps).value_or(settings.beta1), momenta[at], 1e-12) << step;
      std::vector<double> gradient;
      for (int i = 0; i < 6; ++i) gradient.push_back(std::sin(1.7 * i + 0.9 * static_cast<double>(step)));
      parameter.mutable_grad() = doubles(gradient, {6});
      optimizer.step(learning_rate_at(settings, step, steps, 5), momentum_at(settings, step, steps));
      const std::vector<double> got = values_of(parameter), wanted = numbers(item.at("values").at(at));
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-10) << step << ", " << i;
    }
  }
}

TEST(DecayGroupsParity, DecayActsOnMatricesAlone) {
  const Script script;
  for (const Json& item : golden().at("groups")) {
    SCOPED_TRACE(item.at("optimizer").get<std::string>());
    FitSettings settings = plain_settings(item);
    settings.batch = 22;
    settings.epochs = item.at("steps");
    ParityNetwork network(at::kDouble);
    fit(network, settings, script.data(), Streams(1), at::kCPU, {}, nullptr);
    expect_parameters(network, item.at("final"), 1e-10);
  }
}

/// Loss and, by SGD of rate 1, gradients of one step.
Json one_step(const Script& script, const std::string& precision, bool& half) {
  FitSettings settings;
  settings.optimizer = "sgd";
  settings.learning_rate = 1;
  settings.batch = 22;
  settings.epochs = 1;
  settings.scale_targets = false;
  settings.keep = "last";
  settings.order = "hf";
  settings.precision = precision;
  ParityNetwork network(at::kFloat, 32);
  const ParityNetwork untouched(at::kFloat, 32);
  std::vector<NamedTensor> before = ParityNetwork(at::kFloat, 32).parameters();
  Recorder recorder;
  fit(network, settings, script.data(), Streams(1), at::kCPU, recorder.hooks(), nullptr);
  half = network.half;
  Json result = {{"loss", recorder.points("step_loss", 0).at(0).value()}, {"gradients", Json::object()}};
  for (std::size_t i = 0; i < before.size(); ++i) {
    const NamedTensor after = network.parameters()[i];
    EXPECT_EQ(after.tensor.scalar_type(), at::kFloat);
    result["gradients"][after.name] = values_of(before[i].tensor.to(at::kDouble) - after.tensor.detach().to(at::kDouble));
  }
  return result;
}

TEST(AutocastParity, LossAndGradientsAreTorchs) {
  const Script script;
  double apart = 0;
  for (const std::string precision : {"f32", "bf16"}) {
    SCOPED_TRACE(precision);
    bool half = false;
    const Json got = one_step(script, precision, half), wanted = golden().at("autocast").at(precision);
    EXPECT_EQ(half, precision == "bf16");
    // Rows come in another order than in the script: sums differ in bf16's last digits.
    const double tolerance = precision == "bf16" ? 5e-3 : 1e-5;
    EXPECT_NEAR(got.at("loss").get<double>(), wanted.at("loss").get<double>(), 1e-3 * tolerance * 21 + 1e-5 * 21);
    for (const auto& [name, gradient] : wanted.at("gradients").items()) {
      const std::vector<double> a = numbers(got.at("gradients").at(name)), b = numbers(gradient);
      const std::vector<double> exact = numbers(golden().at("autocast").at("f32").at("gradients").at(name));
      double difference = 0, norm = 0, rounding = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(a[i] - b[i], 2);
        norm += b[i] * b[i];
        rounding += std::pow(b[i] - exact[i], 2);
      }
      EXPECT_GT(norm, 0);
      EXPECT_LT(std::sqrt(difference), tolerance * std::sqrt(norm)) << name;
      apart += rounding;
    }
  }
  EXPECT_GT(apart, 0) << "bf16 rounds";
}

}  // namespace
}  // namespace seqbench::train::parity
