// Each family against the reference on small random models: forward, gradients, 20 steps, adapters (tests/parity/zoo).
// $SEQBENCH_PARITY_TABLE: where the table of docs/parity.md is written.
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "harness/base/error.h"
#include "harness/train/device.h"
#include "harness/train/fit.h"
#include "tests/unit/zoo/zoo_cases.h"

namespace seqbench::zoo {
namespace {

constexpr double kForward = 1e-5, kGradient = 1e-4, kLoss = 1e-4, kWeights = 1e-3;

struct Row {
  std::size_t texts = 0, other_ids = 0;
  double forward = 0, language_model = NAN, gradient = 0, loss = 0, weights = 0;
};

/// Shown in docs/parity.md in the order of names.
std::map<std::string, Row>& table() {
  static std::map<std::string, Row> rows;
  return rows;
}

class Zoo : public testing::TestWithParam<std::string> {
 protected:
  Zoo() : case_(load(GetParam())), entry_(entry_of(case_.folder)), view_{"dna", TextView{Texts(case_.texts)}} {
    params_ = Params(entry_.params);
    params_.set("folder", case_.folder.string());
    params_.set("adapter", case_.adapter().string());
  }

  static void TearDownTestSuite() {
    const char* path = std::getenv("SEQBENCH_PARITY_TABLE");
    if (path == nullptr) return;
    std::ofstream out(path);
    out << "| case | texts with other ids | forward | language model | gradient | loss, 20 steps | weights, 20 steps |\n|---|---|---|---|---|---|---|\n";
    for (const auto& [name, row] : table()) {
      const std::string words = std::isnan(row.language_model) ? "" : fmt::format("{:.1e}", row.language_model);
      out << fmt::format("| {} | {} of {} | {:.1e} | {} | {:.1e} | {:.1e} | {:.1e} |\n", name, row.other_ids, row.texts, row.forward, words, row.gradient, row.loss,
                         row.weights);
    }
  }

  [[nodiscard]] std::unique_ptr<Network> network() const {
    return entry_.network({.params = params_, .view = view_,
                           .kind = case_.outputs == 2 ? TaskKind::kBinary : TaskKind::kRegression, .targets = 1,
                           .streams = Streams(7)});
  }
  [[nodiscard]] std::vector<std::int64_t> all_rows() const {
    std::vector<std::int64_t> rows(case_.texts.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    return rows;
  }
  [[nodiscard]] std::string loss_name() const { return case_.outputs == 2 ? "bce" : "mse"; }

  [[nodiscard]] std::size_t other_ids(const std::vector<std::vector<std::int32_t>>& rows) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      std::vector<std::int32_t> expected;
      for (std::int64_t j = 0; j < case_.at("lengths")[row].item<std::int64_t>(); ++j) {
        expected.push_back(case_.at("ids")[row][j].item<std::int32_t>());
      }
      if (rows[i] != expected) ++count;
    }
    return count;
  }

  /// Largest relative difference of the parameters' gradients; small ones are measured against the largest.
  [[nodiscard]] double compare_gradients(Network& model, const std::string& prefix) const {
    double largest = 0, worst = 0;
    for (const auto& [name, tensor] : case_.expected) {
      if (name.starts_with(prefix)) largest = std::max(largest, tensor.norm().item<double>());
    }
    std::size_t compared = 0;
    for (const NamedTensor& entry : model.parameters()) {
      if (!case_.has(prefix + entry.name)) {
        EXPECT_FALSE(entry.tensor.grad().defined() && entry.tensor.grad().abs().max().item<double>() > 0) << entry.name;
        continue;
      }
      EXPECT_TRUE(entry.tensor.grad().defined()) << entry.name;
      const double difference = relative_difference(entry.tensor.grad(), case_.at(prefix + entry.name), 1e-2 * largest);
      EXPECT_LE(difference, kGradient) << entry.name;
      worst = std::max(worst, difference);
      ++compared;
    }
    EXPECT_EQ(compared, count(prefix)) << "every gradient of the reference has its parameter here";
    return worst;
  }
  [[nodiscard]] std::size_t count(const std::string& prefix) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        case_.expected, [&](const auto& entry) { return entry.first.starts_with(prefix); }));
  }

  /// The Trainer's own steps on `device`; how far from its losses and weights they end.
  void twenty_steps(at::Device device, Row& row) const;

  Case case_;
  const ModelEntry& entry_;
  View view_;
  Params params_;
};

TEST_P(Zoo, ForwardEqualsTheReference) {
  const bool has_lm = case_.has("lm_logits");
  const auto model = entry_.open_folder(case_.folder, {.adapter = case_.adapter(), .language_model = has_lm});
  std::vector<std::vector<std::int32_t>> rows;
  for (const std::string& text : case_.texts) rows.push_back(model->tokens(text));
  EXPECT_EQ(model->outputs(), case_.outputs);
  table()[GetParam()].texts = rows.size();
  table()[GetParam()].other_ids = other_ids(rows);
  EXPECT_EQ(table()[GetParam()].other_ids, 0u);
  Asked asked{.logits = true, .hidden_layer = 0, .token_logits = has_lm};
  double worst = 0;
  for (std::int64_t layer = 0; layer <= model->layers(); ++layer) {
    asked.hidden_layer = layer;
    const Answer answer = model->run(rows, asked);
    worst = std::max(worst, largest_difference(answer.logits, case_.at("logits")));
    const at::Tensor& hidden = case_.at(fmt::format("hidden.{}", layer));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i), length = static_cast<std::int64_t>(rows[i].size());
      worst = std::max(worst, largest_difference(answer.hidden[row].narrow(0, 0, length), hidden[row].narrow(0, 0, length)));
      if (!has_lm) continue;
      const double words = largest_difference(answer.token_logits[row].narrow(0, 0, length),
                                              case_.at("lm_logits")[row].narrow(0, 0, length));
      table()[GetParam()].language_model = std::fmax(table()[GetParam()].language_model, words);
      EXPECT_LE(words, kForward);
    }
  }
  EXPECT_LE(worst, kForward);
  table()[GetParam()].forward = worst;
}

TEST_P(Zoo, AttentionEqualsTheReference) {
  if (!case_.has("attention")) GTEST_SKIP() << "the reference gives none";
  const auto model = entry_.open_folder(case_.folder, {.adapter = case_.adapter()});
  std::vector<std::vector<std::int32_t>> rows;
  for (const std::string& text : case_.texts) rows.push_back(model->tokens(text));
  const Answer answer = model->run(rows, {.attention_layer = model->layers()});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i), length = static_cast<std::int64_t>(rows[i].size());
    EXPECT_LE(largest_difference(answer.attention[row].narrow(1, 0, length), case_.at("attention")[row].narrow(1, 0, length)),
              kForward);
  }
}

TEST_P(Zoo, GradientsEqualTheReference) {
  const auto model = network();
  Batch batch = model->collate(view_, all_rows());
  batch.labels = case_.at("labels").unsqueeze(1);
  const LossSum loss = model->loss(loss_name(), model->forward(batch, {.training = true}), batch);
  loss.sum.div(loss.count).backward();
  table()[GetParam()].gradient = std::max(table()[GetParam()].gradient, compare_gradients(*model, "gradient/"));
}

TEST_P(Zoo, LanguageModelGradientsEqualTheReference) {
  if (!case_.has("lm_loss")) GTEST_SKIP() << "no language model in this case";
  const auto model = entry_.language_model({.folder = case_.folder, .view = view_, .streams = Streams(7), .masked = 1,
                                            .kept = 1, .random = 0});
  const Batch batch = model->collate(view_, all_rows());
  const LossSum loss = model->loss("", model->forward(batch, {.training = true}), batch);
  const at::Tensor mean = loss.sum.div(loss.count);
  EXPECT_NEAR(mean.item<double>(), case_.at("lm_loss").item<double>(), kForward);
  mean.backward();
  table()[GetParam()].gradient = std::max(table()[GetParam()].gradient, compare_gradients(*model, "lm_gradient/"));
}

void Zoo::twenty_steps(at::Device device, Row& row) const {
  const auto model = network();
  train::FitSettings settings;
  settings.optimizer = "adamw";
  settings.learning_rate = 2e-3;
  settings.weight_decay = 0.05;
  settings.schedule = "linear";
  settings.warmup = 3;
  settings.clip_norm = 0.5;
  settings.batch = 3;
  settings.accumulate = 2;
  settings.epochs = 0;
  settings.max_steps = 20;
  settings.order = "hf";
  settings.keep = "last";
  settings.scale_targets = false;
  settings.loss = loss_name();
  const std::vector<std::int64_t> rows = all_rows();
  std::vector<double> targets, losses;
  for (std::size_t i = 0; i < rows.size(); ++i) targets.push_back(case_.at("labels")[static_cast<std::int64_t>(i)].item<double>());
  train::FitHooks hooks;
  hooks.on_step = [&](std::int64_t, std::int64_t, double, double loss, double) { losses.push_back(loss); };
  const train::FitData data{.view = view_, .train = rows, .targets = targets,
                            .kind = case_.outputs == 2 ? TaskKind::kBinary : TaskKind::kRegression};
  static_cast<void>(train::fit(*model, settings, data, Streams(7), device, hooks, nullptr));
  ASSERT_EQ(losses.size(), 20u);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double expected = case_.at("losses")[static_cast<std::int64_t>(i)].item<double>();
    row.loss = std::max(row.loss, std::abs(losses[i] - expected) / std::max(std::abs(expected), 1e-2));
  }
  EXPECT_LE(row.loss, kLoss);
  std::size_t compared = 0;
  for (const NamedTensor& entry : model->parameters()) {
    if (!case_.has("after/" + entry.name)) continue;
    ++compared;
    // In exact arithmetic a key's bias has no gradient (softmax is blind to it): its steps are Adam's, of rounding alone.
    if (entry.name.ends_with("key.bias") || entry.name.ends_with("k_lin.bias")) continue;
    const double difference = relative_difference(entry.tensor.detach().to(at::kCPU), case_.at("after/" + entry.name), 1e-6);
    EXPECT_LE(difference, kWeights) << entry.name;
    row.weights = std::max(row.weights, difference);
  }
  EXPECT_EQ(compared, count("after/"));
}

TEST_P(Zoo, TwentyStepsEqualTheTrainer) { twenty_steps(at::kCPU, table()[GetParam()]); }

TEST_P(Zoo, TwentyStepsOnAnAcceleratorEqualTheTrainer) {
  train::set_numerics(2);
  const at::Device device = train::find_device("auto");
  if (device.is_cpu()) GTEST_SKIP() << "no accelerator here: NOT TESTED";
  Row row;
  twenty_steps(device, row);
  fmt::print("{} on {}: loss {:.1e}, weights {:.1e}\n", GetParam(), device.str(), row.loss, row.weights);
}

INSTANTIATE_TEST_SUITE_P(Cases, Zoo, testing::ValuesIn(case_names()), [](const auto& one) { return one.param; });

}  // namespace
}  // namespace seqbench::zoo
