// Two states under a prior over substitutions, against numpy and torch (tests/parity/make_two_state.py).

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "models/blocks/aaindex.h"
#include "models/two_state/prior.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/models/support.h"
#include "tests/unit/models/training.h"

namespace seqbench {
namespace two_state_test {
namespace {

using models::two_state::Substitution;

const Json& fixture() {
  static const Json json = parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/two_state.json"), "two_state.json");
  return json;
}

View proteins() {
  std::vector<std::string> rows;
  for (const Json& row : fixture().at("rows")) {
    std::string& codes = rows.emplace_back();
    for (const char residue : row.get<std::string>()) codes += static_cast<char>('A' + models::kProteinSymbols.find(residue));
  }
  return testing::code_view(rows, 21);
}

std::vector<models::Contact> contacts() {
  std::vector<models::Contact> pairs;
  for (const Json& pair : fixture().at("contacts")) pairs.emplace_back(pair[0].get<std::int64_t>(), pair[1].get<std::int64_t>());
  return pairs;
}

/// `contacts`: the file, "" for none.
std::unique_ptr<Network> make_network(const View& view, const std::string& decoders, const std::string& contacts) {
  const ModelEntry entry = testing::named_model("two_state").make();
  Params params(entry.params);
  params.set("threshold", 2.5);
  params.set("noise", 0.13);
  params.set("dropout", 0.0);
  params.set("decoders", decoders);
  if (!contacts.empty()) params.set("contacts", std::vector<std::string>{contacts});
  return entry.network({params, view, TaskKind::kRegression, 1, Streams(0), at::kDouble});
}

TEST(TwoState, PriorIsNumpys) {
  std::vector<Substitution> substitutions;
  for (const Json& s : fixture().at("substitutions")) {
    substitutions.push_back({s[0].get<std::int64_t>(), s[1].get<std::int64_t>(), s[2].get<std::int64_t>()});
  }
  const Json& wanted = fixture().at("covariance");
  testing::expect_values(models::two_state::prior_covariance(substitutions, contacts(), 8, 21, true), wanted.at("with"), 1e-6);
  testing::expect_values(models::two_state::prior_covariance(substitutions, {}, 8, 21, true), wanted.at("without"), 1e-6);
}

TEST(TwoState, OutputsGradientsAndTwentyStepsAreTorchs) {
  const test::TempFiles files;
  std::string lines;
  for (const auto& [i, j] : contacts()) lines += std::to_string(i) + "\t" + std::to_string(j) + "\n";
  const std::string path = files.write("contacts.tsv", lines).string();
  const View view = proteins();
  const auto labels = fixture().at("labels").get<std::vector<double>>(), weights = fixture().at("weights").get<std::vector<double>>();
  for (const Json& given : fixture().at("networks")) {
    SCOPED_TRACE(given.at("decoders").dump());
    const auto network = make_network(view, given.at("decoders").get<std::string>(), given.at("contacts").get<bool>() ? path : "");
    testing::set_sines(*network);
    for (const NamedTensor& parameter : network->parameters()) parameter.tensor.set_requires_grad(true);
    Batch batch = network->collate(view, testing::row_range(0, view.rows()));
    batch.labels = testing::tensor_of(labels, {view.rows(), 1}, at::kDouble);
    batch.weights = testing::tensor_of(weights, {view.rows()}, at::kDouble);
    testing::expect_values(network->forward(batch, {}), given.at("predicted"), 1e-6);
    const double loss = given.at("loss").get<double>();
    EXPECT_NEAR(testing::backward(*network, batch), loss, 1e-6 * loss);
    ASSERT_EQ(network->parameters().size(), given.at("gradient_norms").size());
    for (const NamedTensor& parameter : network->parameters()) {
      const double norm = given.at("gradient_norms").at(parameter.name).get<double>();
      EXPECT_NEAR(parameter.tensor.grad().norm().item<double>(), norm, 1e-6 * (1 + norm)) << parameter.name;
    }
    testing::Adam adam;
    for (int step = 0; step < 20; ++step) {
      (void)testing::backward(*network, batch);
      adam.step(network->parameters(), 5e-3);
    }
    EXPECT_NEAR(testing::backward(*network, batch), given.at("after").at("loss").get<double>(), 1e-5 * loss);
    testing::expect_values(network->forward(batch, {}), given.at("after").at("predicted"), 1e-5);
  }
}

TEST(TwoState, EvaluationIsScoredByTheNamedLossAndKnowsItsSpread) {
  const View view = proteins();
  const auto network = make_network(view, "narrow", "");
  Batch batch = network->collate(view, testing::row_range(0, view.rows()));
  batch.labels = testing::tensor_of(fixture().at("labels").get<std::vector<double>>(), {view.rows(), 1}, at::kDouble);
  const at::Tensor outputs = network->forward(batch, {}).detach();
  const LossSum loss = network->loss("mse", outputs, batch);
  EXPECT_NEAR(loss.sum.item<double>(), outputs.narrow(1, 0, 1).sub(batch.labels).square().sum().item<double>(), 1e-12);
  EXPECT_TRUE(network->predicts_spread());
  EXPECT_GE(outputs.select(1, 1).min().item<double>(), std::log(0.13) - 1e-12) << "never surer than a measurement";
  EXPECT_GT(outputs.select(1, 1).max().item<double>(), std::log(0.13) + 0.1) << "and less sure where the state is open";
}

TEST(TwoState, ManyRowsAreEvaluatedAsFewAre) {
  const View view = proteins();
  for (const char* decoders : {"both", "narrow", "wide"}) {
    const auto network = make_network(view, decoders, "");
    testing::set_sines(*network);
    const at::Tensor with_gradients = network->forward(network->collate(view, testing::row_range(0, view.rows())), {}).detach();
    const at::NoGradGuard no_grad;
    const at::Tensor many = network->forward(network->collate(view, testing::row_range(0, view.rows())), {});
    EXPECT_TRUE(at::allclose(many, with_gradients, 1e-9, 1e-11));
    for (std::int64_t row = 0; row < view.rows(); ++row) {
      const at::Tensor alone = network->forward(network->collate(view, testing::row_range(row, row + 1)), {});
      EXPECT_TRUE(at::allclose(alone, many.narrow(0, row, 1), 1e-9, 1e-11)) << row;
    }
  }
}

TEST(TwoState, ManyRowsAreEvaluatedInHalfPrecision) {
  const View view = proteins();
  const ModelEntry entry = testing::named_model("two_state").make();
  Params params(entry.params);
  params.set("threshold", 2.5);
  const auto network = entry.network({params, view, TaskKind::kRegression, 1, Streams(0)});
  const Batch batch = network->collate(view, testing::row_range(0, view.rows()));
  const at::NoGradGuard no_grad;
  const at::Tensor single = network->forward(batch, {});
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const at::Tensor half = network->forward(batch, {});
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_TRUE(at::allclose(half.to(at::kFloat), single, 0.02, 0.02));
}

/// Rows are compared with the commonest several positions at a time.
TEST(TwoState, ASubstitutionIsFoundWhereverItIs) {
  const std::string wild(21, 'A');
  std::vector<std::string> rows(40, wild);
  for (std::size_t i = 0; i < wild.size(); ++i) rows[i][i] = 'C';
  rows[30] = "C" + std::string(19, 'A') + "C";
  rows[31] = std::string(8, 'A') + std::string(13, '-');
  rows[32] = "CAAAAAAAA" + std::string(12, '-');
  rows[33] = std::string(20, 'A') + "-";
  const View view = testing::code_view(rows, 21);
  const auto network = make_network(view, "narrow", "");
  const at::Tensor places = network->collate(view, testing::row_range(0, 40)).input("substitutions");
  ASSERT_EQ(places.size(1), 2);
  const std::int64_t ends_early = 21, none = 22;
  const std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> others = {
      {30, {0, 20}}, {31, {ends_early, none}}, {32, {0, ends_early}}, {33, {ends_early, none}}};
  for (std::int64_t row = 0; row < 40; ++row) {
    const auto found = std::pair(places[row][0].item<std::int64_t>(), places[row][1].item<std::int64_t>());
    EXPECT_EQ(found, others.contains(row) ? others.at(row) : std::pair(row < 21 ? row : none, none)) << row;
  }
}

TEST(TwoState, WherePaddingIsTheCommonestARowDoesNotEndEarly) {
  const View view = testing::code_view({"AAAAAAAAA-", "AAAAAAAAA-", "CAAAAAAAA-", "AAAAAAAAAA"}, 21);
  const at::Tensor places = make_network(view, "narrow", "")->collate(view, testing::row_range(0, 4)).input("substitutions").squeeze(1);
  EXPECT_TRUE(at::equal(places, at::tensor({3, 3, 0, 1}, at::kLong))) << places;
}

/// As most data has none.
TEST(TwoState, WithoutWeightsEveryRowWeighsOne) {
  const View view = proteins();
  std::vector<std::vector<double>> found;
  for (const bool weighted : {true, false}) {
    const auto network = make_network(view, "both", "");
    testing::set_sines(*network);
    for (const NamedTensor& parameter : network->parameters()) parameter.tensor.set_requires_grad(true);
    Batch batch = network->collate(view, testing::row_range(0, view.rows()));
    batch.labels = testing::tensor_of(fixture().at("labels").get<std::vector<double>>(), {view.rows(), 1}, at::kDouble);
    if (weighted) batch.weights = at::ones({view.rows()}, at::kDouble);
    const LossSum loss = network->loss("mse", network->forward(batch, {.training = true}), batch);
    loss.sum.backward();
    found.push_back({loss.sum.item<double>(), loss.count});
    for (const NamedTensor& parameter : network->parameters()) found.back().push_back(parameter.tensor.grad().square().sum().item<double>());
  }
  for (std::size_t i = 0; i < found[0].size(); ++i) EXPECT_NEAR(found[1][i], found[0][i], 1e-9 * std::abs(found[0][i])) << i;
}

TEST(TwoState, ARowThatEndsEarlyIsNotTheWholeOne) {
  const View view = testing::code_view({"ABCD", "ABCD", "ABCD", "ABDD", "ABC-", "AB--"}, 21);
  const auto network = make_network(view, "narrow", "");
  for (const NamedTensor& parameter : network->parameters()) {
    if (parameter.name == "narrow.traits") parameter.tensor.detach().fill_(0.5);
  }
  const at::Tensor y = network->forward(network->collate(view, testing::row_range(0, 6)), {}).detach().select(1, 0);
  EXPECT_EQ(y[0].item<double>(), y[1].item<double>());
  EXPECT_NE(y[0].item<double>(), y[4].item<double>());
  EXPECT_EQ(y[4].item<double>(), y[5].item<double>()) << "wherever it ends";
}

TEST(TwoState, RefusesWhatItCannotRead) {
  const View alike = testing::code_view({"AAA", "AAA"}, 21), view = proteins();
  try {
    (void)make_network(alike, "both", "");
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "two_state: all rows of the view are alike");
  }
  EXPECT_THROW((void)make_network(testing::dense_view({1, 2}, 2), "both", ""), InputError);
  const auto network = make_network(view, "both", "");
  EXPECT_THROW((void)network->collate(alike, testing::row_range(0, 2)), InputError);
  const ModelEntry entry = testing::named_model("two_state").make();
  const Params params(entry.params);
  EXPECT_THROW((void)entry.network({params, view, TaskKind::kRegression, 2, Streams(0), at::kDouble}), InputError);
}

}  // namespace
}  // namespace two_state_test
}  // namespace seqbench
