// nn4dms's and TAPE's networks and Kim's Approach I against torch on small sizes: forward, gradients, 20 steps (tests/parity/variant_networks).

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/tensors/safetensors.h"
#include "harness/train/fit.h"
#include "harness/train/optimizer.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

// The reference computes in f64, as here, and is kept in f32.
constexpr double kTolerance = 1e-6;
const std::string kFolder = SEQBENCH_SOURCE_DIR "/tests/parity/variant_networks/";

class VariantNetworks : public ::testing::TestWithParam<std::string> {
 protected:
  VariantNetworks() {
    const std::string path = kFolder + GetParam() + ".safetensors";
    tensors::TensorFile file = tensors::from_safetensors(read_file(path), path);
    for (NamedTensor& entry : file.tensors) expected_.emplace(entry.name, entry.tensor.to(at::kDouble));
    texts_ = Json::parse(file.metadata.at("rows")).get<std::vector<std::string>>();
    recipe_ = Json::parse(file.metadata.at("recipe"));
    view_ = view();
    const ModelEntry entry = testing::named_model(model()).make();
    Params params(entry.params);
    const Json sizes = Json::parse(file.metadata.at("params"));
    for (const auto& [key, value] : sizes.items()) {
      params.set(key, value.is_string() ? ParamValue(value.get<std::string>()) : ParamValue(value.get<std::int64_t>()));
    }
    for (const char* dropout : {"dropout", "attention_dropout"}) {
      if (params.has(dropout)) params.set(dropout, 0.0);
    }
    if (params.has("contacts")) params.set("contacts", std::vector<std::string>{kFolder + "contacts.tsv"});
    network_ = entry.network({params, view_, TaskKind::kRegression, 1, Streams(1), at::kDouble});
    for (const NamedTensor& parameter : network_->parameters()) {
      parameter.tensor.detach().copy_(expected_.at("initial/" + parameter.name));
    }
  }

  /// Cases of one model end in what sets them apart.
  [[nodiscard]] std::string model() const {
    for (const std::string_view suffix : {"_attention", "_mean", "_bins"}) {
      if (GetParam().ends_with(suffix)) return GetParam().substr(0, GetParam().size() - suffix.size());
    }
    return GetParam();
  }

  [[nodiscard]] View view() const {
    if (model() == "tf_encoder") return testing::bit_view(texts_, 6);
    return GetParam().starts_with("tape") ? View{"protein", TextView{Texts(texts_)}} : codes();
  }

  /// Codes of ACDEFGHIKLMNPQRSTVWY and stop, as a view of proteins holds them.
  [[nodiscard]] View codes() const {
    const std::string symbols = "ACDEFGHIKLMNPQRSTVWY*";
    std::vector<std::string> rows = texts_;
    for (std::string& row : rows) {
      for (char& c : row) c = static_cast<char>('A' + symbols.find(c));
    }
    return testing::code_view(rows, static_cast<std::int64_t>(symbols.size()));
  }

  [[nodiscard]] at::Tensor mean_loss() {
    Batch batch = network_->collate(view_, testing::row_range(0, static_cast<std::int64_t>(texts_.size())));
    batch.labels = expected_.at("labels");
    const LossSum loss = network_->loss("mse", network_->forward(batch, {.training = true}), batch);
    return loss.sum.div(loss.count);
  }

  /// Each tensor of the reference named PREFIX/parameter against `measure` of ours.
  void compare(const std::string& prefix, const std::function<at::Tensor(const at::Tensor&)>& measure) {
    std::size_t compared = 0;
    for (const NamedTensor& parameter : network_->parameters()) {
      const at::Tensor wanted = expected_.at(prefix + parameter.name);
      const at::Tensor measured = measure(parameter.tensor);
      ASSERT_EQ(measured.sizes(), wanted.sizes()) << parameter.name;
      const double largest = std::max(1e-3, wanted.abs().max().item<double>());
      EXPECT_LE(measured.sub(wanted).abs().max().item<double>(), kTolerance * largest) << prefix << parameter.name;
      ++compared;
    }
    EXPECT_EQ(compared, static_cast<std::size_t>(std::ranges::count_if(
                            expected_, [&](const auto& entry) { return entry.first.starts_with(prefix); })));
  }

  std::map<std::string, at::Tensor> expected_;
  std::vector<std::string> texts_;
  Json recipe_;
  View view_;
  std::unique_ptr<Network> network_;
};

TEST_P(VariantNetworks, OutputsEqualTorchs) {
  const Batch batch = network_->collate(view_, testing::row_range(0, static_cast<std::int64_t>(texts_.size())));
  const at::Tensor outputs = network_->forward(batch, {}).detach(), wanted = expected_.at("outputs");
  ASSERT_EQ(outputs.sizes(), wanted.sizes());
  EXPECT_LE(outputs.sub(wanted).abs().max().item<double>(), kTolerance * wanted.abs().max().item<double>());
}

TEST_P(VariantNetworks, GradientsEqualTorchs) {
  mean_loss().backward();
  compare("gradient/", [](const at::Tensor& parameter) { return parameter.grad(); });
}

TEST_P(VariantNetworks, TwentyStepsEqualTorchs) {
  train::FitSettings settings;
  settings.optimizer = recipe_.at("optimizer").get<std::string>();
  settings.weight_decay = recipe_.at("weight_decay").get<double>();
  train::Optimizer optimizer(settings, network_->parameters(), [&](std::string_view name) { return network_->decays(name); });
  const at::Tensor& losses = expected_.at("losses");
  ASSERT_EQ(losses.size(0), 20);
  for (std::int64_t step = 0; step < losses.size(0); ++step) {
    optimizer.zero_grad();
    const at::Tensor loss = mean_loss();
    loss.backward();
    optimizer.step(recipe_.at("learning_rate").get<double>());
    const auto wanted = losses[step].item<double>();
    EXPECT_NEAR(loss.item<double>(), wanted, kTolerance * std::max(1.0, wanted)) << step;
  }
  EXPECT_LT(losses[19].item<double>(), losses[0].item<double>());
  compare("after/", [](const at::Tensor& parameter) { return parameter.detach(); });
}

INSTANTIATE_TEST_SUITE_P(Cases, VariantNetworks,
                         ::testing::Values("nn4dms_fc", "nn4dms_cnn", "nn4dms_gcn", "tape_transformer", "tape_lstm", "tape_resnet",
                                           "tape_resnet_attention", "tf_encoder", "tf_encoder_mean",
                                           "tf_encoder_bins"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace seqbench
