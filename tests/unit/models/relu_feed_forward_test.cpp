// The feed-forward network that keeps its hidden units in cache beside the same by one operator after another.

#include "models/blocks/relu_feed_forward.h"

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/unit/models/support.h"

namespace seqbench::models {
namespace {

/// What both forms are given: more tokens than are taken at once, rows that end within what is taken.
struct Example {
  at::Tensor x;
  Linear in, out;
  Dropout dropout;

  explicit Example(double probability, std::int64_t hidden = 36)
      : x(normal({3, 130, 10}, 1, 1)),
        in{.weight = normal({hidden, 10}, 2, 0.3), .bias = normal({hidden}, 3, 0.3), .lora_a = {}, .lora_b = {}},
        out{.weight = normal({10, hidden}, 4, 0.3), .bias = normal({10}, 5, 0.3), .lora_a = {}, .lora_b = {}},
        dropout(Streams(3), "test", probability) {}

  /// y and gradients of the sum of y times fixed numbers.
  template <typename Form>
  std::vector<at::Tensor> of(const Form& form, const Pass& pass) {
    for (const at::Tensor& leaf : leaves()) leaf.mutable_grad() = at::Tensor();
    const at::Tensor y = form(x, in, out, dropout, pass);
    y.mul(testing::drawn(y.sizes().vec(), 6, at::kFloat)).sum().backward();
    std::vector<at::Tensor> found{y.detach()};
    for (const at::Tensor& leaf : leaves()) found.push_back(leaf.grad());
    return found;
  }
  [[nodiscard]] std::vector<at::Tensor> leaves() const { return {x, in.weight, in.bias, out.weight, out.bias}; }

 private:
  static at::Tensor normal(const std::vector<std::int64_t>& shape, std::uint32_t item, double sd) {
    return testing::drawn(shape, item, at::kFloat).mul(sd).requires_grad_();
  }
};

void expect_close(const std::vector<at::Tensor>& ours, const std::vector<at::Tensor>& wanted) {
  ASSERT_EQ(ours.size(), wanted.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_LE(ours[i].sub(wanted[i]).abs().max().item<double>(), 1e-5 * wanted[i].abs().max().item<double>()) << i;
  }
}

TEST(ReluFeedForward, IsThePlainOneWithItsGradients) {
  for (const double probability : {0.0, 0.3}) {
    for (const bool training : {false, true}) {
      Example network(probability, 132);  // longer than a run of vectors
      const Pass pass{.training = training, .epoch = 2, .step = 7, .first_row = 5};
      expect_close(network.of(relu_feed_forward, pass), network.of(plain_relu_feed_forward, pass));
    }
  }
}

TEST(ReluFeedForward, DropsTheSameUnitsWhereNoGradientIsWanted) {
  const Example network(0.5);
  const Pass pass{.training = true, .step = 1};
  const at::NoGradGuard guard;
  expect_close({relu_feed_forward(network.x, network.in, network.out, network.dropout, pass)},
               {plain_relu_feed_forward(network.x, network.in, network.out, network.dropout, pass)});
}

/// Where masks of rows of 7 would begin within a block of four words, the plain form answers.
TEST(ReluFeedForward, TakesHiddenUnitsOfAnyNumber) {
  for (const double probability : {0.0, 0.3}) {
    for (const bool training : {false, true}) {
      Example network(probability, 7);
      expect_close(network.of(relu_feed_forward, {.training = training}), network.of(plain_relu_feed_forward, {.training = training}));
    }
  }
}

/// Of rows end to end masks are drawn row by row, by the plain form.
TEST(ReluFeedForward, TakesRowsEndToEnd) {
  for (const double probability : {0.0, 0.3}) {
    Example network(probability);
    network.x = network.x.detach().flatten(0, 1).unsqueeze(0).contiguous().requires_grad_();
    const std::vector<std::int64_t> lengths = {100, 250, 40};
    const Pass pass{.training = true, .lengths = lengths};
    expect_close(network.of(relu_feed_forward, pass), network.of(plain_relu_feed_forward, pass));
  }
}

TEST(ReluFeedForward, WhatIsBelowZeroWithoutBoundIsZeroDroppedOrNot) {
  Example network(0.3);
  network.in.bias.detach().fill_(-std::numeric_limits<float>::infinity());
  const at::Tensor y = relu_feed_forward(network.x, network.in, network.out, network.dropout, {.training = true});
  EXPECT_TRUE(y.equal(network.out.bias.expand_as(y)));
}

TEST(ReluFeedForward, KeepsNan) {
  Example network(0.3);
  network.x.detach().fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(relu_feed_forward(network.x, network.in, network.out, network.dropout, {.training = true}).isnan().all().item<bool>());
}

TEST(ReluFeedForward, TakesNoTokens) {
  const Example network(0.3);
  EXPECT_EQ(relu_feed_forward(network.x.narrow(1, 0, 0), network.in, network.out, network.dropout, {}).sizes(), (std::vector<std::int64_t>{3, 0, 10}));
}

}  // namespace
}  // namespace seqbench::models
