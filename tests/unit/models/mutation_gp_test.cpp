// The Gaussian process over mutation sets, against numpy and scipy (tests/parity/make_gaussian_process.py) and on data drawn
// from its own prior.

#include <ATen/core/Tensor.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "models/mutation_gp/kernel.h"
#include "models/mutation_gp/sets.h"
#include "tests/unit/models/support.h"

namespace seqbench::mutation_gp_test {
namespace {

using models::mutation_gp::Kernel;
using models::mutation_gp::Reader;
using models::mutation_gp::SetIndex;
using models::mutation_gp::Sets;

const Json& fixture() {
  static const Json json =
      parse_json(read_file(SEQBENCH_SOURCE_DIR "/tests/parity/gaussian_process.json"), "gaussian_process.json");
  return json;
}

/// One view of the fixture's rows as each case has them.
View view_of(const Json& one) {
  if (!one.at("sites").get<bool>()) {
    return testing::set_view(one.at("members").get<std::vector<std::vector<std::int64_t>>>(),
                             fixture().at("features").get<std::int64_t>());
  }
  std::vector<std::string> rows;
  const auto symbols = fixture().at("symbols").get<std::int64_t>();
  for (const Json& row : fixture().at("codes")) {
    std::string& text = rows.emplace_back();
    for (const int code : row.get<std::vector<int>>()) text += code == symbols ? '-' : static_cast<char>('A' + code);
  }
  return testing::code_view(rows, symbols);
}

testing::Rows training_rows() {
  const auto count = fixture().at("train").get<std::int64_t>();
  auto targets = fixture().at("targets").get<std::vector<double>>();
  auto weights = fixture().at("weights").get<std::vector<double>>();
  targets.resize(static_cast<std::size_t>(2 * count));
  weights.resize(static_cast<std::size_t>(count));
  return {testing::row_range(0, count), targets, weights};
}

struct Given {
  bool sites = false;
  std::vector<double> kernel = {};
  std::int64_t max_rows = 6000;
  std::int64_t choice_rows = 2000;
};

std::unique_ptr<Estimator> make_process(const View& view, const Given& given, std::int64_t targets = 1) {
  const ModelEntry entry = testing::named_model("mutation_gp").make();
  Params params(entry.params);
  params.set("sites", given.sites);
  params.set("kernel", given.kernel);
  params.set("max_rows", given.max_rows);
  params.set("choice_rows", given.choice_rows);
  return entry.estimator({params, view, TaskKind::kRegression, targets, Streams(0)});
}

void expect_near(const std::vector<double>& measured, const std::vector<double>& wanted, double tolerance) {
  ASSERT_EQ(measured.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(measured[i], wanted[i], tolerance) << i;
}

TEST(MutationGp, MeansDeviationsAndLikelihoodAreNumpys) {
  for (const Json& one : fixture().at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    const View view = view_of(one);
    const Given given{one.at("sites").get<bool>(), fixture().at("kernel").get<std::vector<double>>()};
    const auto fitted = make_process(view, given, 2);
    fitted->fit(training_rows().of(view), testing::Rows{}.of(view), {});
    const std::vector<std::int64_t> rows = testing::row_range(0, view.rows());
    expect_near(fitted->predict(view, rows), one.at("mean").get<std::vector<double>>(), 1e-8);
    expect_near(fitted->spread(view, rows), one.at("sd").get<std::vector<double>>(), 1e-8);
    EXPECT_NEAR(testing::chosen_number(*fitted, "log_marginal_likelihood"), one.at("log_likelihood").get<double>(), 1e-8);
  }
}

TEST(MutationGp, FindsTheLikelihoodThatScipyFinds) {
  for (const Json& one : fixture().at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    const View view = view_of(one);
    const auto fitted = make_process(view, {.sites = one.at("sites").get<bool>()}, 2);
    fitted->fit(training_rows().of(view), testing::Rows{}.of(view), {});
    EXPECT_NEAR(testing::chosen_number(*fitted, "log_marginal_likelihood"), one.at("greatest").get<double>(), 1e-7);
  }
}

TEST(MutationGp, WhatWasSavedGivesTheSameBits) {
  for (const Json& one : fixture().at("cases")) {
    const View view = view_of(one);
    const Given given{.sites = one.at("sites").get<bool>()};
    const auto fitted = make_process(view, given, 2), loaded = make_process(view, given, 2);
    fitted->fit(training_rows().of(view), testing::Rows{}.of(view), {});
    loaded->load_state(fitted->state());
    const std::vector<std::int64_t> rows = testing::row_range(0, view.rows());
    EXPECT_EQ(loaded->predict(view, rows), fitted->predict(view, rows));
    EXPECT_EQ(loaded->spread(view, rows), fitted->spread(view, rows));
  }
}

TEST(MutationGp, RefusesAStateThatDoesNotFitItself) {
  const View view = view_of(fixture().at("cases")[0]);
  const auto fitted = make_process(view, {.kernel = {1, 2, 1, 1, 1}}, 2);
  fitted->fit(training_rows().of(view), testing::Rows{}.of(view), {});
  const auto broken = [&](std::string_view name, const std::function<void(at::Tensor&)>& change) {
    std::vector<NamedTensor> state = fitted->state();
    for (NamedTensor& entry : state) {
      entry.tensor = entry.tensor.clone();
      if (entry.name == name) change(entry.tensor);
    }
    return state;
  };
  EXPECT_NO_THROW(fitted->load_state(broken("", [](at::Tensor&) {})));
  EXPECT_THROW(fitted->load_state(broken("members", [](at::Tensor& t) { t[0].fill_(-1); })), InputError);
  EXPECT_THROW(fitted->load_state(broken("members", [](at::Tensor& t) { t = t.narrow(0, 1, t.numel() - 1); })), InputError);
  EXPECT_THROW(fitted->load_state(broken("ends", [](at::Tensor& t) { t[1].fill_(1000); })), InputError);
  EXPECT_THROW(fitted->load_state(broken("shape", [](at::Tensor& t) { t[1].fill_(5); })), InputError);
  EXPECT_THROW(fitted->load_state(broken("kernel", [](at::Tensor& t) { t[4].fill_(0); })), InputError);
  EXPECT_THROW(fitted->load_state(broken("targets", [](at::Tensor& t) { t = t.to(at::kFloat); })), InputError);
}

TEST(MutationGp, TheOrderOfTrainingRowsIsNothing) {
  const Json& one = fixture().at("cases")[0];
  const View view = view_of(one);
  const testing::Rows rows = training_rows();
  testing::Rows reversed{{rows.rows.rbegin(), rows.rows.rend()}, {}, {rows.weights.rbegin(), rows.weights.rend()}};
  for (std::size_t i = rows.rows.size(); i-- > 0;) {
    reversed.targets.insert(reversed.targets.end(), {rows.targets[2 * i], rows.targets[2 * i + 1]});
  }
  for (const std::int64_t max_rows : {6000, 40}) {
    const auto fitted = make_process(view, {.max_rows = max_rows}, 2), again = make_process(view, {.max_rows = max_rows}, 2);
    fitted->fit(rows.of(view), testing::Rows{}.of(view), {});
    again->fit(reversed.of(view), testing::Rows{}.of(view), {});
    const std::vector<std::int64_t> all = testing::row_range(0, view.rows());
    EXPECT_EQ(fitted->predict(view, all), again->predict(view, all)) << max_rows;
    EXPECT_EQ(fitted->spread(view, all), again->spread(view, all)) << max_rows;
  }
}

/// Sets of up to 6 of 40 features.
View drawn_sets(std::int64_t rows, Draws& draws) {
  std::vector<std::vector<std::int64_t>> sets(static_cast<std::size_t>(rows));
  for (std::vector<std::int64_t>& set : sets) {
    std::vector<std::int64_t> features = testing::row_range(0, 40);
    draws.shuffle(std::span(features));
    set.assign(features.begin(), features.begin() + static_cast<std::ptrdiff_t>(draws.below(7)));
    std::ranges::sort(set);
  }
  return testing::set_view(sets, 40);
}

/// Readings of all rows, from the process's own prior.
std::vector<double> drawn_targets(const View& view, const Kernel& kernel, Draws& draws) {
  const std::vector<std::int64_t> rows = testing::row_range(0, view.rows());
  const Reader reader(view, rows);
  const Sets sets = reader.read(view, rows);
  at::Tensor covariance = kernel.covariance(SetIndex(sets, reader.features(), 0).common(sets));
  covariance.diagonal().add_(kernel.noise * kernel.noise);
  const auto [factor, info] = at::linalg_cholesky_ex(covariance);
  std::vector<double> normal(rows.size());
  for (double& value : normal) value = draws.normal();
  const at::Tensor drawn = factor.matmul(testing::tensor_of(normal, {view.rows()}, at::kDouble)).add_(2).contiguous();
  return {drawn.const_data_ptr<double>(), drawn.const_data_ptr<double>() + drawn.numel()};
}

TEST(MutationGp, NineTenthsOfWhatItsPriorDrawsLieInIntervalsOfThatShare) {
  constexpr std::int64_t kTrain = 400, kAll = 1200;
  std::int64_t inside = 0, all = 0;
  for (std::uint32_t draw = 0; draw < 3; ++draw) {
    Draws draws = Streams(7).open("test").at({.item = draw});
    const View view = drawn_sets(kAll, draws);
    const std::vector<double> targets = drawn_targets(view, {0.8, 3, 0.4, 0.5, 0.4}, draws);
    const auto fitted = make_process(view, {});
    const std::vector<double> known(targets.begin(), targets.begin() + kTrain);
    fitted->fit(testing::unweighted(testing::row_range(0, kTrain), known).of(view), testing::Rows{}.of(view), {});
    const std::vector<std::int64_t> rest = testing::row_range(kTrain, kAll);
    const std::vector<double> mean = fitted->predict(view, rest), sd = fitted->spread(view, rest);
    for (std::size_t i = 0; i < rest.size(); ++i, ++all) {
      inside += std::abs(targets[i + kTrain] - mean[i]) < inverse_normal(0.95) * sd[i] ? 1 : 0;
    }
  }
  const double coverage = static_cast<double>(inside) / static_cast<double>(all);
  EXPECT_GE(coverage, 0.86);
  EXPECT_LE(coverage, 0.94);
}

TEST(MutationGp, BlocksOfRowsMakeTheFactorOfTheWhole) {
  constexpr std::int64_t kRows = 1100;  // three blocks, the last of them short
  Draws draws = Streams(9).open("test").at();
  const View view = drawn_sets(kRows, draws);
  const Kernel kernel{0.8, 3, 0.4, 0.5, 0.4};
  const std::vector<double> targets = drawn_targets(view, kernel, draws);
  const auto values = kernel.values();
  const auto whole = make_process(view, {.kernel = {values.begin(), values.end()}, .choice_rows = kRows});
  whole->fit(testing::unweighted(testing::row_range(0, kRows), targets).of(view), testing::Rows{}.of(view), {});
  const std::vector<std::int64_t> rows = testing::row_range(0, kRows);
  const std::vector<double> predicted = whole->predict(view, rows);
  // K (K + noise^2)^-1 y by the unblocked solver: y less noise^2 times its weights, from the residual's own equation.
  const Reader reader(view, rows);
  const Sets sets = reader.read(view, rows);
  at::Tensor covariance = kernel.covariance(SetIndex(sets, reader.features(), 0).common(sets));
  covariance.diagonal().add_(kernel.noise * kernel.noise);
  const at::Tensor y = testing::tensor_of(targets, {kRows}, at::kDouble);
  const at::Tensor residual = y.sub(testing::tensor_of(predicted, {kRows}, at::kDouble)).div_(kernel.noise * kernel.noise);
  const at::Tensor centred = y.sub(y.mean());
  EXPECT_LT(covariance.matmul(residual).sub_(centred).abs().max().item<double>(), 1e-9);
}

TEST(MutationGp, RefusesWhatItCannotHold) {
  const View sets = testing::set_view({{0}, {1}}, 2);
  const View codes = testing::code_view({"AB", "BA"}, 2);
  EXPECT_THROW(make_process(sets, {.sites = true}), InputError);
  EXPECT_THROW(make_process(sets, {.kernel = {1, 1, 1, 1}}), InputError);
  EXPECT_THROW(make_process(sets, {.kernel = {1, 0, 1, 1, 1}}), InputError);
  EXPECT_THROW(make_process(sets, {.kernel = {1, 1, 1, 1, 0}}), InputError);
  const auto fitted = make_process(sets, {.kernel = {1, 1, 1, 1, 1}});
  EXPECT_THROW(fitted->fit(testing::Rows{}.of(sets), testing::Rows{}.of(sets), {}), InputError);
  EXPECT_THROW(fitted->fit(testing::Rows{{0}, {1}, {0}}.of(sets), testing::Rows{}.of(sets), {}), InputError);
  fitted->fit(testing::unweighted({0, 1}, {1, 2}).of(sets), testing::Rows{}.of(sets), {});
  EXPECT_THROW(static_cast<void>(fitted->predict(codes, testing::row_range(0, 2))), InputError);
}

TEST(MutationGp, NamesMaxRowsWhereTheirSquareIsTooLarge) {
  const View view = testing::set_view({{0}, {1}}, 2);
  const auto greedy = make_process(view, {.max_rows = 100'000});
  testing::Rows many = testing::unweighted(std::vector<std::int64_t>(20'000, 1), std::vector<double>(20'000, 1.0));
  try {
    greedy->fit(many.of(view), testing::Rows{}.of(view), {});
    FAIL() << "expected an InputError";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("max_rows = 100000"), std::string::npos) << error.what();
  }
}

TEST(MutationGp, AStopIsHonouredBetweenParts) {
  const View view = view_of(fixture().at("cases")[0]);
  int calls = 0;
  FitControl control;
  control.check_stop = [&calls] {
    if (++calls == 3) throw Interrupted();
  };
  EXPECT_THROW(make_process(view, {}, 2)->fit(training_rows().of(view), testing::Rows{}.of(view), control), Interrupted);
}

}  // namespace
}  // namespace seqbench::mutation_gp_test
