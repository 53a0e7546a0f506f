// Global epistasis and ridge over pairs, against torch and scikit-learn (tests/parity/make_epistasis.py).

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "models/blocks/pair_columns.h"
#include "tests/unit/models/support.h"
#include "tests/unit/models/training.h"

namespace seqbench {
namespace {

using Sets = std::vector<std::vector<std::int64_t>>;

const Json& fixture() {
  static const Json json = parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/epistasis.json"), "epistasis.json");
  return json;
}

View codes_of_fixture() {
  std::vector<std::string> rows;
  const auto symbols = fixture().at("symbols").get<std::int64_t>();
  for (const Json& row : fixture().at("codes")) {
    std::string& text = rows.emplace_back();
    for (const int code : row.get<std::vector<int>>()) text += code == symbols ? '-' : static_cast<char>('A' + code);
  }
  return testing::code_view(rows, symbols);
}

View sets_of_fixture() {
  return testing::set_view(fixture().at("sets").get<Sets>(), fixture().at("features").get<std::int64_t>());
}

std::unique_ptr<Network> make_network(const View& view, const Json& given, std::int64_t targets) {
  const ModelEntry entry = testing::named_model("global_epistasis").make();
  Params params(entry.params);
  for (const char* key : {"units", "traits"}) params.set(key, given.at(key).get<std::int64_t>());
  for (const char* key : {"activation", "noise"}) params.set(key, given.at(key).get<std::string>());
  params.set("shared", given.at("shared").get<bool>());
  return entry.network({params, view, TaskKind::kRegression, targets, Streams(0), at::kDouble});
}

TEST(GlobalEpistasis, OutputsGradientsAndTwentyStepsAreTorchs) {
  const auto targets = fixture().at("targets").get<std::int64_t>();
  const View sets = sets_of_fixture(), codes = codes_of_fixture();
  for (const Json& given : fixture().at("networks")) {
    SCOPED_TRACE(given.at("view").dump() + given.at("noise").dump());
    const View& view = given.at("view") == "mutations" ? sets : codes;
    const auto network = make_network(view, given, targets);
    testing::set_sines(*network);
    Batch batch = network->collate(view, testing::row_range(0, view.rows()));
    std::vector<double> labels(static_cast<std::size_t>(view.rows() * targets));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = std::cos(static_cast<double>(i));
    batch.labels = testing::tensor_of(labels, {view.rows(), targets}, at::kDouble);
    testing::expect_values(network->forward(batch, {}), given.at("outputs"), 1e-12, "outputs");
    EXPECT_NEAR(testing::backward(*network, batch), given.at("loss").get<double>(), 1e-12);
    ASSERT_EQ(network->parameters().size(), given.at("gradients").size());
    for (const NamedTensor& parameter : network->parameters()) {
      testing::expect_values(parameter.tensor.grad(), given.at("gradients").at(parameter.name), 1e-12, parameter.name);
    }
    testing::Adam adam;
    for (const Json& loss : given.at("losses")) {
      EXPECT_NEAR(testing::backward(*network, batch), loss.get<double>(), 1e-9);
      adam.step(network->parameters(), 0.02);
    }
  }
}

TEST(GlobalEpistasis, RisesWithEachTraitWhateverTheParameters) {
  const View view = testing::set_view({{1}, {0, 1}, {2, 3}, {0, 2, 3}, {}, {0}}, 4);
  for (const std::string activation : {"sigmoid", "tanh"}) {
    for (std::uint32_t draw = 0; draw < 20; ++draw) {
      const auto network = make_network(
          view, {{"units", 5}, {"traits", 2}, {"activation", activation}, {"noise", "none"}, {"shared", false}}, 1);
      Draws draws = Streams(5).open("test").at({.item = draw});
      for (const NamedTensor& parameter : network->parameters()) {
        auto* values = parameter.tensor.mutable_data_ptr<double>();
        for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i) values[i] = 2 * draws.normal();
        if (parameter.name == "additive") parameter.tensor.detach()[0].abs_();  // feature 0 raises both traits
      }
      const at::Tensor y = network->forward(network->collate(view, testing::row_range(0, 6)), {}).detach();
      for (std::int64_t i = 0; i < 6; i += 2) EXPECT_GE(y[i + 1].item<double>(), y[i].item<double>()) << draw;
    }
  }
}

TEST(GlobalEpistasis, StartsAsTheIdentityOverThreeStandardDeviations) {
  const View view = testing::set_view({{0}, {1}, {2}}, 3);
  for (const std::string activation : {"sigmoid", "tanh"}) {
    const auto network = make_network(
        view, {{"units", 20}, {"traits", 1}, {"activation", activation}, {"noise", "none"}, {"shared", false}}, 1);
    network->parameters()[0].tensor.detach().copy_(testing::tensor_of<double>({-1.5, 0, 1.5}, {3, 1}, at::kDouble));
    const at::Tensor y = network->forward(network->collate(view, testing::row_range(0, 3)), {}).detach();
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(y[i].item<double>(), 1.5 * (i - 1), 0.25) << activation << i;
  }
}

TEST(GlobalEpistasis, RefusesSharedPartsOfSets) {
  const View view = testing::set_view({{0}}, 1);
  const Json given = {{"units", 2}, {"traits", 1}, {"activation", "tanh"}, {"noise", "none"}, {"shared", true}};
  EXPECT_THROW(static_cast<void>(make_network(view, given, 1)), InputError);
}

TEST(PairRidge, IsScikitLearnsOverExplicitColumns) {
  const Json& json = fixture().at("pair_ridge");
  const View view = testing::set_view(json.at("sets").get<Sets>(), json.at("features").get<std::int64_t>());
  const auto count = json.at("train").get<std::int64_t>();
  auto targets = json.at("targets").get<std::vector<double>>();
  auto weights = json.at("weights").get<std::vector<double>>();
  targets.resize(static_cast<std::size_t>(2 * count));
  weights.resize(static_cast<std::size_t>(count));
  const testing::Rows train{testing::row_range(0, count), targets, weights};
  const ModelEntry entry = testing::named_model("ridge").make();
  for (const Json& expected : json.at("cases")) {
    Params params(entry.params);
    params.set("strengths", std::vector<double>{expected.at("strength").get<double>()});
    params.set("pairs", true);
    params.set("min_pair_rows", json.at("min_pair_rows").get<std::int64_t>());
    const auto fitted = entry.estimator({params, view, TaskKind::kRegression, 2, Streams(0)});
    const auto loaded = entry.estimator({params, view, TaskKind::kRegression, 2, Streams(0)});
    fitted->fit(train.of(view), testing::Rows{}.of(view), {});
    loaded->load_state(fitted->state());
    const std::vector<std::int64_t> rows = testing::row_range(0, view.rows());
    const std::vector<double> predicted = fitted->predict(view, rows);
    EXPECT_EQ(loaded->predict(view, rows), predicted);
    ASSERT_EQ(predicted.size(), expected.at("predictions").size());
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      EXPECT_NEAR(predicted[i], expected.at("predictions")[i].get<double>(), 1e-8) << i;
    }
  }
}

TEST(PairColumns, BackgroundOfCodesPairsWithNothing) {
  // A is the background of both positions; B and C go together twice, B and D once.
  const View view = testing::code_view({"AA", "AA", "AA", "AA", "AA", "BC", "BC", "BD"}, 4);
  const auto pairs = models::PairColumns::seen_in(view, testing::row_range(0, 8), 2);
  ASSERT_EQ(pairs.pairs().size(0), 1);
  EXPECT_EQ(pairs.columns().features()[pairs.pairs()[0][0].item<std::int64_t>()].item<std::int64_t>(), 1);
  EXPECT_EQ(pairs.columns().features()[pairs.pairs()[0][1].item<std::int64_t>()].item<std::int64_t>(), 4 + 2);
  const auto once = models::PairColumns::seen_in(view, testing::row_range(0, 8), 1);
  EXPECT_EQ(once.pairs().size(0), 2);
  EXPECT_EQ(once.list(view, testing::row_range(7, 8)).columns.size(), 3U);
}

}  // namespace
}  // namespace seqbench
