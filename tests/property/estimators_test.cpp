// What every estimator promises, on every view of every task that it can be fitted to.

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/error.h"
#include "tests/property/support.h"

namespace seqbench::property {
namespace {

class EstimatorConformance : public ::testing::TestWithParam<Case> {
 protected:
  EstimatorConformance() {
    for (std::int64_t row = 0; row < loaded_.examples.rows(); ++row) {
      std::vector<std::int64_t>& part = row % 5 == 4 ? test_ : row % 5 == 3 ? validation_ : train_;
      part.push_back(row);
    }
  }

  [[nodiscard]] std::unique_ptr<Estimator> make(std::uint64_t seed) const {
    return GetParam().model.estimator(loaded_.context(seed));
  }
  [[nodiscard]] std::unique_ptr<Estimator> fitted(std::uint64_t seed, const View& view) const {
    auto estimator = make(seed);
    const std::vector<double> y_train = targets_of(loaded_, train_), y_validation = targets_of(loaded_, validation_);
    const std::vector<double> ones(train_.size(), 1.0);
    estimator->fit({view, train_, y_train, ones},
                   {view, validation_, y_validation, std::span(ones).first(validation_.size())}, {});
    return estimator;
  }
  [[nodiscard]] const Estimator& once() const {
    static std::map<std::string, std::unique_ptr<Estimator>> fits;
    auto& fit = fits[test_name(GetParam())];
    if (fit == nullptr) fit = fitted(1, loaded_.view);
    return *fit;
  }

  Loaded loaded_ = load(GetParam());
  std::vector<std::int64_t> train_, validation_, test_;
};

TEST_P(EstimatorConformance, PredictsFiniteValuesOfTheTasksKind) {
  const std::vector<double> predictions = once().predict(loaded_.view, test_);
  ASSERT_EQ(predictions.size(), test_.size() * static_cast<std::size_t>(loaded_.targets()));
  for (const double value : predictions) {
    ASSERT_TRUE(std::isfinite(value));
    const bool is_probability = value >= 0 && value <= 1;
    ASSERT_TRUE(is_probability || GetParam().task.kind != TaskKind::kBinary) << value;
  }
  EXPECT_TRUE(once().predict(loaded_.view, {}).empty());
}

TEST_P(EstimatorConformance, TheSeedAloneDecidesTheBits) {
  const auto again = fitted(1, loaded_.view);
  EXPECT_EQ(once().predict(loaded_.view, test_), again->predict(loaded_.view, test_));
  if (GetParam().model.seeded) return;
  EXPECT_EQ(once().predict(loaded_.view, test_), fitted(2, loaded_.view)->predict(loaded_.view, test_));
}

TEST_P(EstimatorConformance, APredictionDependsOnItsRowAlone) {
  const std::vector<double> together = once().predict(loaded_.view, test_);
  std::vector<std::int64_t> reversed(test_.rbegin(), test_.rend());
  const std::vector<double> backwards = once().predict(loaded_.view, reversed);
  const auto targets = static_cast<std::size_t>(loaded_.targets());
  for (std::size_t i = 0; i < test_.size(); ++i) {
    const std::vector<double> alone = once().predict(loaded_.view, std::span(test_).subspan(i, 1));
    for (std::size_t t = 0; t < targets; ++t) {
      ASSERT_NEAR(together[i * targets + t], backwards[(test_.size() - 1 - i) * targets + t], 1e-10);
      ASSERT_NEAR(together[i * targets + t], alone[t], 1e-10);
    }
  }
}

/// Neither features nor labels of test rows may matter: cut the ones, there is no way to the others.
TEST_P(EstimatorConformance, TestRowsDoNotTouchTheFit) {
  View changed = with_short_rows(loaded_.view);
  if (same(changed, loaded_.view)) GTEST_SKIP() << "the view has no lengths";
  const auto is_cut = [](std::int64_t row) { return row % 3 == 0; };
  std::erase_if(train_, is_cut);
  std::erase_if(validation_, is_cut);
  EXPECT_EQ(fitted(1, loaded_.view)->predict(loaded_.view, train_), fitted(1, changed)->predict(loaded_.view, train_));
}

TEST_P(EstimatorConformance, StateIsEverythingThatPredictNeeds) {
  const auto loaded = make(2);
  loaded->load_state(once().state());
  EXPECT_EQ(loaded->predict(loaded_.view, test_), once().predict(loaded_.view, test_));
}

TEST_P(EstimatorConformance, RefusesMissingAndSurplusTensors) {
  const std::vector<NamedTensor> state = once().state();
  ASSERT_FALSE(state.empty());
  for (std::size_t left_out = 0; left_out < state.size(); ++left_out) {
    std::vector<NamedTensor> rest = state;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_THROW(make(1)->load_state(rest), InputError) << state[left_out].name;
  }
  std::vector<NamedTensor> more = state;
  more.push_back({"no_such_tensor", at::ones({1})});
  EXPECT_THROW(make(1)->load_state(more), InputError);
}

TEST_P(EstimatorConformance, TheFactsOfAFitAreFiniteAndNamedOnce) {
  std::set<std::string> names;
  for (const Setting& fact : once().chosen()) {
    EXPECT_TRUE(names.insert(fact.key).second) << fact.key;
    const auto* number = std::get_if<double>(&fact.value);
    EXPECT_TRUE(number == nullptr || std::isfinite(*number)) << fact.key;
  }
}

TEST_P(EstimatorConformance, IsNoWorseThanAConstantOnItsTrainingRows) {
  const std::vector<double> targets = targets_of(loaded_, train_);
  const std::vector<double> predictions = once().predict(loaded_.view, train_);
  double fit = 0, constant = 0, mean = 0;
  for (const double y : targets) mean += y / static_cast<double>(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    fit += std::pow(targets[i] - predictions[i], 2);
    constant += std::pow(targets[i] - mean, 2);
  }
  EXPECT_LE(fit, constant * (1 + 1e-12));
}

INSTANTIATE_TEST_SUITE_P(All, EstimatorConformance, ::testing::ValuesIn(cases(false)),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace seqbench::property
