// The MIMO paper's networks against torch.nn: fixture made by tests/parity/mimo/make_networks.py.
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "harness/contract/model.h"
#include "harness/contract/tables.h"
#include "harness/tensors/safetensors.h"
#include "harness/train/optimizer.h"

namespace seqbench::zoo {
namespace {

constexpr double kTolerance = 1e-10;

class MimoParity : public testing::TestWithParam<const char*> {
 protected:
  MimoParity() {
    const tensors::SafetensorsFile file(SEQBENCH_SOURCE_DIR "/tests/parity/mimo/networks.safetensors");
    for (const auto& info : file.tensors()) tensors_.push_back({info.name, file.read(info.name)});
    view_ = {"one_hot", CodeView{.codes = of("codes").to(at::kByte), .lengths = of("codes").ne(4).sum(1), .symbols = 4}};
    const Tables tables({}, {models_table().begin(), models_table().end()});
    const ModelEntry& entry = tables.model(GetParam());
    Params params(entry.params);
    const std::string name = GetParam();
    if (name == "mimo") {
      params.set("width", std::int64_t{4});
      params.set("slot_assignment", std::string("free"));
    } else if (name == "mimo_base") {
      params.set("hidden", std::vector<std::int64_t>{6, 5});
    } else {
      params.set("channels", std::vector<std::int64_t>{6, 5});
      params.set("kernel", std::int64_t{3});
      params.set("hidden", std::int64_t{4});
    }
    network_ = entry.network({.params = params, .view = view_, .kind = TaskKind::kRegression, .targets = 1, .streams = Streams(0), .dtype = at::kDouble});
    double k = 0;
    for (const NamedTensor& parameter : network_->parameters()) {
      auto* values = parameter.tensor.mutable_data_ptr<double>();
      for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i) values[i] = 0.3 * std::sin(0.7 * static_cast<double>(i) + k);
      k += 1;
    }
    std::vector<std::int64_t> rows(6);
    std::iota(rows.begin(), rows.end(), 0);
    batch_ = network_->collate(view_, rows);
    batch_.labels = of("labels");
    batch_.weights = of("weights");
  }

  [[nodiscard]] const at::Tensor& of(const std::string& name) const {
    for (const NamedTensor& entry : tensors_) {
      if (entry.name == name) return entry.tensor;
    }
    throw std::runtime_error("the fixture lacks " + name);
  }
  [[nodiscard]] const at::Tensor& wanted(const std::string& name) const { return of(std::string(GetParam()) + "." + name); }
  static void expect_close(const at::Tensor& is, const at::Tensor& should_be, const std::string& what) {
    ASSERT_EQ(is.sizes(), should_be.sizes()) << what;
    EXPECT_TRUE(at::allclose(is, should_be, 0, kTolerance)) << what << "\n" << is << "\n" << should_be;
  }

  std::vector<NamedTensor> tensors_;
  View view_;
  std::unique_ptr<Network> network_;
  Batch batch_;
};

TEST_P(MimoParity, OutputsAreTorchs) {
  const at::Tensor outputs = network_->forward(batch_, {}).detach();
  expect_close(outputs.narrow(1, 0, 1), wanted("outputs"), "outputs");
  if (network_->predicts_spread()) expect_close(outputs.narrow(1, 1, 1).exp(), wanted("spread"), "spread");
}

TEST_P(MimoParity, GradientsAndTwentyStepsAreTorchs) {
  train::FitSettings settings;
  settings.optimizer = "adam";
  train::Optimizer optimizer(settings, network_->parameters());
  const at::Tensor& losses = wanted("losses");
  for (std::int64_t step = 0; step < losses.numel(); ++step) {
    optimizer.zero_grad();
    const LossSum loss = network_->loss("mse", network_->forward(batch_, {.training = true, .epoch = 0, .step = step}), batch_);
    const at::Tensor mean = loss.sum.div(loss.count);
    EXPECT_NEAR(mean.item<double>(), losses[step].item<double>(), kTolerance) << step;
    mean.backward();
    if (step == 0) {
      for (const NamedTensor& parameter : network_->parameters()) {
        expect_close(parameter.tensor.grad(), wanted("gradient." + parameter.name), parameter.name);
      }
    }
    optimizer.step(1e-2);
  }
  for (const NamedTensor& parameter : network_->parameters()) expect_close(parameter.tensor.detach(), wanted("after." + parameter.name), parameter.name);
}

INSTANTIATE_TEST_SUITE_P(All, MimoParity, testing::Values("mimo_base", "mimo_improved", "mimo"), [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace seqbench::zoo
