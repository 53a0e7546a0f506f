#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

using testing::chosen_number;
using testing::code_view;
using testing::dense_view;
using testing::make_estimator;
using testing::Rows;
using testing::row_range;
using testing::unweighted;

const TaskKind kRegression = TaskKind::kRegression;
const TaskKind kBinary = TaskKind::kBinary;

/// y = x - 2 with a little noise in training; the last four rows follow the line exactly.
struct Line {
  View view = dense_view({0, 1, 2, 3, 4, 5, 6, 7, 1.5f, 2.5f, 4.5f, 5.5f}, 1);
  Rows train = unweighted(row_range(0, 8), {-2.1, -0.9, 0.1, 0.9, 2, 3.1, 3.9, 5});
  Rows validation = unweighted(row_range(8, 12), {-0.5, 0.5, 2.5, 3.5});
};

TEST(Ridge, ChoosesTheStrengthByTheValidationRows) {
  const Line line;
  const auto ridge = make_estimator("ridge", line.view, kRegression, {1000, 0.01, 10});
  ridge->fit(line.train.of(line.view), line.validation.of(line.view), {});
  EXPECT_EQ(chosen_number(*ridge, "strength"), 0.01);
  double mse = 0;
  const std::vector<double> predicted = ridge->predict(line.view, line.validation.rows);
  for (std::size_t i = 0; i < 4; ++i) mse += std::pow(predicted[i] - line.validation.targets[i], 2) / 4;
  EXPECT_NEAR(chosen_number(*ridge, "validation_mse"), mse, 1e-12);
  EXPECT_LT(mse, 0.01);

  Rows flat = line.validation;  // where the truth is flat, the strongest penalty wins
  flat.targets.assign(4, 1.5);
  ridge->fit(line.train.of(line.view), flat.of(line.view), {});
  EXPECT_EQ(chosen_number(*ridge, "strength"), 1000);
}

TEST(Ridge, OfEqualStrengthsTheLargerStays) {
  const View view = dense_view({1, -1, 0}, 1);  // the validation row sits at the mean: every slope predicts 3 there
  const Rows train = unweighted({0, 1}, {4, 2});
  const Rows validation = unweighted({2}, {3});
  const auto ridge = make_estimator("ridge", view, kRegression, {0.5, 8, 2});
  ridge->fit(train.of(view), validation.of(view), {});
  EXPECT_EQ(chosen_number(*ridge, "strength"), 8);
}

TEST(Ridge, DoesNotPenalizeTheIntercept) {
  const View view = dense_view({1, 2, 3, 4}, 1);
  const Rows train = unweighted(row_range(0, 4), {101, 102, 103, 104});
  const auto ridge = make_estimator("ridge", view, kRegression, {1e9});
  ridge->fit(train.of(view), unweighted({}, {}).of(view), {});
  for (const double predicted : ridge->predict(view, train.rows)) EXPECT_NEAR(predicted, 102.5, 1e-5);
}

TEST(Ridge, AWeightIsARepetition) {
  const View view = dense_view({0, 1, 4, 1, 1}, 1);
  Rows weighted = unweighted({0, 1, 2}, {0, 2, 3});
  weighted.weights = {1, 3, 1};
  const Rows repeated = unweighted({0, 1, 3, 4, 2}, {0, 2, 2, 2, 3});
  const auto one = make_estimator("ridge", view, kRegression, {0.3});
  const auto other = make_estimator("ridge", view, kRegression, {0.3});
  one->fit(weighted.of(view), unweighted({}, {}).of(view), {});
  other->fit(repeated.of(view), unweighted({}, {}).of(view), {});
  EXPECT_NEAR(one->predict(view, weighted.rows)[2], other->predict(view, weighted.rows)[2], 1e-12);
}

/// 64^2 copies of x / 64 are x, to a ridge: few columns are solved by columns, many by rows.
TEST(Ridge, ManyColumnsAreSolvedByRows) {
  constexpr std::int64_t kCopies = 64 * 64;
  const std::vector<float> x = {0, 1, 4, 2, 8};
  std::vector<float> copies;
  for (const float value : x) copies.insert(copies.end(), kCopies, value / 64);
  const View narrow = dense_view(x, 1), wide = dense_view(copies, kCopies);
  Rows train = unweighted({0, 1, 2}, {0, 2, 3});
  train.weights = {1, 3, 1};
  const Rows validation = unweighted({3}, {2.5});
  const auto one = make_estimator("ridge", narrow, kRegression, {0.3, 3});
  const auto other = make_estimator("ridge", wide, kRegression, {0.3, 3});
  one->fit(train.of(narrow), validation.of(narrow), {});
  other->fit(train.of(wide), validation.of(wide), {});
  EXPECT_EQ(chosen_number(*one, "strength"), chosen_number(*other, "strength"));
  const std::vector<std::int64_t> rows = row_range(0, 5);
  const std::vector<double> by_columns = one->predict(narrow, rows), by_rows = other->predict(wide, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(by_columns[i], by_rows[i], 1e-9);
}

TEST(Ridge, GivesAnUnseenColumnNoWeight) {
  const View view = code_view({"AA", "AB", "BA", "CA"}, 3);
  const Rows train = unweighted({0, 1, 2}, {0, 1, 2});
  const auto ridge = make_estimator("ridge", view, kRegression, {1e-3});
  ridge->fit(train.of(view), unweighted({}, {}).of(view), {});
  const std::vector<std::int64_t> unseen = {3};
  EXPECT_TRUE(std::isfinite(ridge->predict(view, unseen)[0]));
  EXPECT_EQ(ridge->state()[0].tensor.numel(), 4);  // A. B. .A .B
}

TEST(Ridge, RefusesAChoiceWithoutValidationRows) {
  const Line line;
  const auto ridge = make_estimator("ridge", line.view, kRegression);
  const Rows none = unweighted({}, {});
  EXPECT_THROW(ridge->fit(line.train.of(line.view), none.of(line.view), {}), InputError);
  EXPECT_THROW(ridge->fit(none.of(line.view), line.validation.of(line.view), {}), InputError);
  EXPECT_THROW((void)make_estimator("ridge", line.view, kRegression, {0}), InputError);
  EXPECT_THROW((void)make_estimator("ridge", line.view, kRegression, {std::nan("")}), InputError);
}

TEST(Ridge, StopsWhenAsked) {
  const Line line;
  const auto ridge = make_estimator("ridge", line.view, kRegression);
  FitControl control;
  control.check_stop = [] { throw Interrupted(); };
  EXPECT_THROW(ridge->fit(line.train.of(line.view), line.validation.of(line.view), control), Interrupted);
}

TEST(Logistic, SeparatesWithAStrongerPenaltyWhereTheLabelsAreNoise) {
  std::vector<float> x;
  for (int i = 0; i < 40; ++i) x.push_back(static_cast<float>(i % 20));
  const View view = dense_view(x, 1);
  std::vector<double> signal, noise;
  for (int i = 0; i < 20; ++i) signal.push_back(i >= 10 ? 1 : 0);
  for (int i = 0; i < 20; ++i) noise.push_back(i % 2);
  const Rows train = unweighted(row_range(0, 20), signal);
  const auto logistic = make_estimator("logistic", view, kBinary, {0.01, 1, 1000});
  logistic->fit(train.of(view), unweighted(row_range(20, 40), signal).of(view), {});
  EXPECT_EQ(chosen_number(*logistic, "strength"), 0.01);
  EXPECT_LT(chosen_number(*logistic, "validation_log_loss"), 0.1);
  const std::vector<double> p = logistic->predict(view, train.rows);
  EXPECT_LT(p[0], 0.01);
  EXPECT_GT(p[19], 0.99);
  logistic->fit(train.of(view), unweighted(row_range(20, 40), noise).of(view), {});
  EXPECT_EQ(chosen_number(*logistic, "strength"), 1000);
}

TEST(Logistic, DenseColumnsMayBeScaledWithoutEffect) {
  std::vector<float> small, large;
  std::vector<double> labels;
  for (int i = 0; i < 30; ++i) {
    small.push_back(static_cast<float>((i * 7) % 11));
    large.push_back(1024 * small.back());
    labels.push_back((i * 7) % 11 + i % 3 > 6 ? 1 : 0);
  }
  const Rows train = unweighted(row_range(0, 30), labels);
  std::vector<std::vector<double>> predictions;
  for (const auto& values : {small, large}) {
    const View view = dense_view(values, 1);
    const auto logistic = make_estimator("logistic", view, kBinary, {1});
    logistic->fit(train.of(view), unweighted({}, {}).of(view), {});
    predictions.push_back(logistic->predict(view, train.rows));
  }
  for (std::size_t i = 0; i < 30; ++i) EXPECT_NEAR(predictions[0][i], predictions[1][i], 1e-10);
}

/// Copies of a column share its weight: n copies at strength s are one column at strength s / n. So many columns that
/// L-BFGS fits them must predict as Newton's method does for the few.
TEST(Logistic, ManyColumnsAreFittedAsFewAre) {
  constexpr std::int64_t kFew = 11, kCopies = 160, kCount = 300;
  Draws draws = Streams(5).open("test").at();
  std::vector<float> few, many;
  std::vector<double> labels;
  for (std::int64_t row = 0; row < kCount; ++row) {
    double z = 0;
    for (std::int64_t column = 0; column < kFew; ++column) {
      few.push_back(draws.uniform() < 0.3 ? 0.0F : static_cast<float>(1 + draws.normal()));
      z += (column % 3 == 0 ? 0.8 : -0.4) * static_cast<double>(few.back());
      many.insert(many.end(), kCopies, few.back());
    }
    labels.push_back(draws.uniform() < 1 / (1 + std::exp(-z)) ? 1 : 0);
  }
  const View narrow = dense_view(few, kFew), wide = dense_view(many, kFew * kCopies);
  Rows train = unweighted(row_range(0, kCount), labels);
  for (std::size_t i = 0; i < train.weights.size(); i += 3) train.weights[i] = 0.5;
  for (const double strength : {0.01, 1.0, 100.0}) {
    const auto newton = make_estimator("logistic", narrow, kBinary, {strength});
    const auto lbfgs = make_estimator("logistic", wide, kBinary, {strength * kCopies});
    newton->fit(train.of(narrow), unweighted({}, {}).of(narrow), {});
    lbfgs->fit(train.of(wide), unweighted({}, {}).of(wide), {});
    const std::vector<double> expected = newton->predict(narrow, train.rows), predicted = lbfgs->predict(wide, train.rows);
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(predicted[i], expected[i], 1e-6) << strength << " " << i;
  }
}

TEST(Logistic, RefusesOneClass) {
  const View view = dense_view({1, 2, 3}, 1);
  const auto logistic = make_estimator("logistic", view, kBinary, {1});
  try {
    logistic->fit(unweighted(row_range(0, 3), {1, 1, 1}).of(view), unweighted({}, {}).of(view), {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "logistic: every training label is 1, expected both classes");
  }
}

TEST(Constant, IsTheWeightedMean) {
  const View view = dense_view({1, 2, 3}, 1);
  Rows train = unweighted({0, 2}, {1, 10, 3, 20});
  train.weights = {3, 1};
  const auto constant = make_estimator("constant", view, kRegression, {}, 2);
  constant->fit(train.of(view), unweighted({}, {}).of(view), {});
  const std::vector<std::int64_t> rows = {1, 0};
  EXPECT_EQ(constant->predict(view, rows), (std::vector<double>{1.5, 12.5, 1.5, 12.5}));
}

TEST(Constant, HasOneControlRowWhateverTheTaskOffers) {
  const ModelEntry entry = testing::named_model("constant").make();
  ASSERT_EQ(entry.controls.size(), 1u);
  EXPECT_EQ(entry.controls[0].view, "");  // the first that the task offers
}

}  // namespace
}  // namespace seqbench
