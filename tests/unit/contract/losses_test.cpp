#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/contract/model.h"

namespace seqbench {
namespace {

at::Tensor matrix(std::initializer_list<double> values, std::int64_t columns) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).reshape({-1, columns});
}

at::Tensor vector(std::initializer_list<double> values) { return matrix(values, 1).squeeze(1); }

Batch labelled(at::Tensor labels, at::Tensor weights = {}) {
  Batch batch;
  batch.labels = std::move(labels);
  batch.weights = std::move(weights);
  return batch;
}

double value(const at::Tensor& scalar) { return scalar.item<double>(); }

TEST(Mse, SumsOverRowsAndTargets) {
  const LossSum loss = loss_sum("mse", matrix({1, 2, 3, 4, 5, 6}, 2), labelled(matrix({1, 0, 0, 4, 5, 7}, 2)));
  EXPECT_EQ(loss.sum.dim(), 0);
  EXPECT_EQ(value(loss.sum), 4 + 9 + 1);
  EXPECT_EQ(loss.count, 6);
}

TEST(Mse, WeighsRows) {
  const LossSum loss =
      loss_sum("mse", matrix({1, 2, 3, 4, 5, 6}, 2), labelled(matrix({1, 0, 0, 4, 5, 7}, 2), vector({0.5, 2, 0})));
  EXPECT_EQ(value(loss.sum), 0.5 * 4 + 2 * 9);
  EXPECT_EQ(loss.count, 2.5 * 2);
}

TEST(Bce, IsTheNegativeLogLikelihood) {
  const LossSum loss =
      loss_sum("bce", matrix({0.3, -2, 1.5}, 1), labelled(matrix({1, 0, 0}, 1), vector({1, 1, 0.25})));
  const auto probability = [](double logit) { return 1 / (1 + std::exp(-logit)); };
  const double expected = -std::log(probability(0.3)) - std::log(1 - probability(-2)) -
                          0.25 * std::log(1 - probability(1.5));
  EXPECT_NEAR(value(loss.sum), expected, 1e-14);
  EXPECT_EQ(loss.count, 2.25);
}

TEST(Bce, StaysFiniteForCertainWrongAnswers) {
  const LossSum loss = loss_sum("bce", matrix({1000, -1000}, 1), labelled(matrix({0, 1}, 1)));
  EXPECT_EQ(value(loss.sum), 2000);
}

// A mean of batch means weighs the rows of a short last batch more than the others; sums and counts do not.
TEST(Losses, PartsAddUpToTheWhole) {
  const at::Tensor outputs = matrix({0.1, -0.4, 2, 1, 0.7}, 1), labels = matrix({1, 0, 1, 0, 1}, 1);
  const at::Tensor weights = vector({1, 2, 0.5, 1, 3});
  for (const char* name : {"mse", "huber", "bce"}) {
    const LossSum whole = loss_sum(name, outputs, labelled(labels, weights));
    double sum = 0, count = 0;
    for (const auto& [begin, end] : {std::pair{0, 2}, {2, 4}, {4, 5}}) {
      const LossSum part = loss_sum(name, outputs.slice(0, begin, end),
                                    labelled(labels.slice(0, begin, end), weights.slice(0, begin, end)));
      sum += value(part.sum);
      count += part.count;
    }
    EXPECT_NEAR(sum, value(whole.sum), 1e-14) << name;
    EXPECT_EQ(count, whole.count) << name;
  }
}

TEST(Losses, GradientsAreThoseOfTheFormulas) {
  const at::Tensor labels = matrix({1, 0, 1}, 1), weights = vector({1, 2, 0.5});
  at::Tensor outputs = matrix({0.3, 0, -1}, 1).requires_grad_();
  loss_sum("mse", outputs, labelled(labels, weights)).sum.backward();
  EXPECT_TRUE(outputs.grad().allclose(matrix({2 * (0.3 - 1), 0, 0.5 * 2 * (-1 - 1)}, 1), 0, 1e-15));

  at::Tensor logits = matrix({0.3, 0, -1}, 1).requires_grad_();
  loss_sum("bce", logits, labelled(labels, weights)).sum.backward();
  const auto probability = [](double logit) { return 1 / (1 + std::exp(-logit)); };
  // Logit 0 is where a formula of clamp and abs has a wrong gradient.
  const at::Tensor expected = matrix({probability(0.3) - 1, 2 * (0.5 - 0), 0.5 * (probability(-1) - 1)}, 1);
  EXPECT_TRUE(logits.grad().allclose(expected, 0, 1e-15));
}

TEST(Losses, UnknownNamesAreRefused) {
  try {
    static_cast<void>(loss_sum("msse", matrix({1}, 1), labelled(matrix({1}, 1))));
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown loss 'msse'; known: mse, huber, bce");
  }
}

TEST(LossesDeathTest, ShapesMustAgreeSinceBroadcastingWouldHideIt) {
  const at::Tensor outputs = matrix({1, 2}, 1);
  EXPECT_DEATH(static_cast<void>(loss_sum("mse", outputs, labelled(vector({1, 2})))), "both \\[B, T\\]");
  EXPECT_DEATH(static_cast<void>(loss_sum("mse", outputs, labelled(matrix({1, 2}, 1), vector({1})))), "are \\[B\\]");
}

TEST(Batch, InputsByName) {
  Batch batch;
  batch.inputs = {{"tokens", vector({1})}, {"mask", vector({2})}};
  EXPECT_EQ(value(batch.input("mask")), 2);
  EXPECT_EQ(value(batch.input("tokens")), 1);
}

TEST(BatchDeathTest, AbsentInputIsAnAssertion) {
  EXPECT_DEATH(static_cast<void>(Batch{}.input("tokens")), "the batch has no input 'tokens'");
}

}  // namespace
}  // namespace seqbench
