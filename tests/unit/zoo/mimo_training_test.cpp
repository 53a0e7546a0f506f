// MIMO through the harness's loop: its own sampler, proteins through an embedding table, spreads beside predictions.
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/contract/tables.h"
#include "harness/train/fit.h"
#include "tests/support/temp_folder.h"

namespace seqbench::zoo {
namespace {

/// Proteins of 0 to 3 mutations of one of 16 residues; what a mutation costs depends on its place.
struct Mutants {
  std::vector<std::string> texts = std::vector<std::string>(120, "MKVLAAGIVQDESTNR");
  std::vector<double> targets = std::vector<double>(120, 4.0);
  std::vector<std::int64_t> train, validation;

  Mutants() {
    Draws draws = Streams(5).open("test").at();
    for (std::size_t row = 40; row < texts.size(); ++row) {
      for (std::size_t k = 0; k < 1 + row % 3; ++k) {
        const std::size_t place = 5 * k + draws.below(5);
        texts[row][place] = 'W';
        targets[row] -= 0.2 * static_cast<double>(place);
      }
      (row % 5 == 0 ? validation : train).push_back(static_cast<std::int64_t>(row));
    }
  }
};

struct Fitted {
  train::Predictions predictions;
  std::vector<double> validation_losses, training_losses;
};

Fitted trained(const Mutants& mutants, const std::filesystem::path& cache) {
  const Tables tables({}, {models_table().begin(), models_table().end()});
  const ModelEntry& entry = tables.model("mimo");
  Params params(entry.params);
  for (const auto& [name, size] : {std::pair("encoder.hidden", 12), {"encoder.layers", 1}, {"encoder.heads", 3}, {"encoder.feed_forward", 20}, {"width", 8}, {"repeats", 3}}) {
    params.set(name, std::int64_t{size});
  }
  const View view{"protein", TextView{Texts(mutants.texts)}};
  const auto network = entry.network({.params = params, .view = view, .kind = TaskKind::kRegression, .targets = 1, .streams = Streams(2), .cache = cache});
  train::FitSettings settings;
  settings.optimizer = "adam";
  settings.learning_rate = 1e-2;
  settings.sampler = "model";
  settings.batch = 12;
  settings.eval_batch = 7;
  settings.epochs = 8;
  settings.keep = "last";
  const train::FitData data{.view = view, .train = mutants.train, .validation = mutants.validation, .targets = mutants.targets,
                            .metric = [](std::span<const double>, std::span<const std::int64_t>) { return 0.0; }, .metric_name = "none"};
  Fitted result;
  train::FitHooks hooks;
  hooks.on_curve = [&](const std::string& name, int split, std::int64_t, double, double value) {
    if (name == "loss") (split == 0 ? result.training_losses : result.validation_losses).push_back(value);
  };
  static_cast<void>(train::fit(*network, settings, data, Streams(2), at::kCPU, hooks, nullptr));
  result.predictions = train::predict(*network, settings, data, mutants.validation, at::kCPU);
  return result;
}

TEST(MimoTraining, LearnsByItsOwnSamplerAndTellsItsSpread) {
  const Mutants mutants;
  const TempFolder cache;
  const Fitted first = trained(mutants, cache.path());
  EXPECT_LT(first.training_losses.back(), 0.5 * first.training_losses.front());
  EXPECT_LT(first.validation_losses.back(), first.validation_losses.front());
  ASSERT_EQ(first.predictions.values.size(), mutants.validation.size());
  ASSERT_EQ(first.predictions.spreads.size(), mutants.validation.size());
  EXPECT_GT(std::ranges::min(first.predictions.spreads), 0);
  const Fitted again = trained(mutants, cache.path());
  EXPECT_EQ(again.predictions.values, first.predictions.values) << "on embeddings from the file";
  EXPECT_EQ(again.predictions.spreads, first.predictions.spreads);
}

}  // namespace
}  // namespace seqbench::zoo
