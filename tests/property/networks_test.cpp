// What every network promises, on every view of every task that it can be trained on.

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/property/support.h"

namespace seqbench::property {
namespace {

constexpr Pass kEvaluation{};
constexpr Pass kTraining{.training = true, .epoch = 1, .step = 7};

class NetworkConformance : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] std::unique_ptr<Network> make(std::uint64_t seed, at::ScalarType dtype = at::kFloat) const {
    return GetParam().model.network(loaded_.context(seed, dtype));
  }
  [[nodiscard]] at::Tensor outputs(Network& network, const std::vector<std::int64_t>& rows, const Pass& pass) const {
    return network.forward(network.collate(loaded_.view, rows), pass).detach();
  }
  /// A batch with labels and uneven weights, as the loop fills them in.
  [[nodiscard]] Batch labelled(const Network& network, const std::vector<std::int64_t>& rows,
                               at::ScalarType dtype) const {
    Batch batch = network.collate(loaded_.view, rows);
    const auto count = static_cast<std::int64_t>(rows.size());
    batch.labels = at::tensor(targets_of(loaded_, rows), dtype).view({count, loaded_.targets()});
    batch.weights = at::arange(1, count + 1, dtype).div_(static_cast<double>(count));
    return batch;
  }
  [[nodiscard]] const char* loss_name() const { return GetParam().task.kind == TaskKind::kBinary ? "bce" : "mse"; }

  Loaded loaded_ = load(GetParam());
  std::vector<std::int64_t> rows_ = row_range(0, 12);
};

TEST_P(NetworkConformance, GivesOneFiniteOutputARowAndTarget) {
  const auto network = make(1);
  for (const std::int64_t count : {1, 12}) {
    const std::vector<std::int64_t> rows = row_range(3, 3 + count);
    const Batch batch = network->collate(loaded_.view, rows);
    EXPECT_EQ(batch.rows, rows);
    for (const NamedTensor& input : batch.inputs) EXPECT_EQ(input.tensor.size(0), count) << input.name;
    const at::Tensor out = network->forward(batch, kEvaluation);
    EXPECT_EQ(out.sizes(), (std::vector<std::int64_t>{count, loaded_.targets() * (network->predicts_spread() ? 2 : 1)}));
    EXPECT_EQ(out.scalar_type(), at::kFloat);
    EXPECT_TRUE(out.isfinite().all().item<bool>());
  }
}

TEST_P(NetworkConformance, TheSeedAloneDecidesTheBits) {
  const auto one = make(1), again = make(1), other = make(2);
  for (const Pass& pass : {kEvaluation, kTraining}) {
    EXPECT_TRUE(at::equal(outputs(*one, rows_, pass), outputs(*again, rows_, pass)));
    EXPECT_EQ(at::equal(outputs(*one, rows_, pass), outputs(*other, rows_, pass)), !GetParam().model.seeded);
  }
}

TEST_P(NetworkConformance, ParametersAreNamedLeavesInAFixedOrder) {
  const auto network = make(1);
  const std::vector<NamedTensor> first = network->parameters();
  const std::vector<NamedTensor> second = network->parameters();
  ASSERT_FALSE(first.empty());
  ASSERT_EQ(first.size(), second.size());
  std::set<std::string> names;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(names.insert(first[i].name).second) << first[i].name;
    EXPECT_EQ(first[i].name, second[i].name);
    EXPECT_TRUE(first[i].tensor.is_same(second[i].tensor)) << first[i].name;
    EXPECT_TRUE(first[i].tensor.is_leaf()) << first[i].name;
  }
  for (const NamedTensor& buffer : network->buffers()) EXPECT_TRUE(names.insert(buffer.name).second) << buffer.name;
}

TEST_P(NetworkConformance, TheOrderOfABatchDoesNotMatter) {
  const auto network = make(1);
  std::vector<std::int64_t> permuted = rows_;
  Streams(5).open("test").at().shuffle(std::span(permuted));
  ASSERT_NE(permuted, rows_);
  const at::Tensor straight = outputs(*network, rows_, kEvaluation);
  const at::Tensor wanted = straight.index_select(0, at::tensor(permuted, at::kLong));
  EXPECT_TRUE(at::allclose(outputs(*network, permuted, kEvaluation), wanted, 1e-5, 1e-6));
}

TEST_P(NetworkConformance, ARowAloneIsTheRowBesideLongerOnes) {
  const auto network = make(1);
  const View view = with_short_rows(loaded_.view);
  const at::Tensor together = network->forward(network->collate(view, rows_), kEvaluation).detach();
  for (const std::int64_t row : rows_) {
    const std::vector<std::int64_t> alone = {row};
    const at::Tensor out = network->forward(network->collate(view, alone), kEvaluation).detach();
    EXPECT_TRUE(at::allclose(out, together.narrow(0, row, 1), 1e-5, 1e-6)) << row;
  }
}

TEST_P(NetworkConformance, SeesHowLongARowIs) {
  const auto network = make(1);
  const View cut = with_short_rows(loaded_.view);
  if (same(cut, loaded_.view)) GTEST_SKIP() << "the view has no lengths";
  const std::vector<std::int64_t> first = {0};  // a row that is cut
  EXPECT_FALSE(at::equal(network->forward(network->collate(cut, first), kEvaluation),
                         network->forward(network->collate(loaded_.view, first), kEvaluation)));
}

TEST_P(NetworkConformance, NamedTensorsAreAllThatAStateIs) {
  const auto from = make(1), to = make(2);
  const auto copy = [](const std::vector<NamedTensor>& source, const std::vector<NamedTensor>& target) {
    ASSERT_EQ(source.size(), target.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
      ASSERT_EQ(source[i].name, target[i].name);
      target[i].tensor.detach().copy_(source[i].tensor.detach());
    }
  };
  copy(from->parameters(), to->parameters());
  copy(from->buffers(), to->buffers());
  EXPECT_TRUE(at::equal(outputs(*from, rows_, kEvaluation), outputs(*to, rows_, kEvaluation)));
}

TEST_P(NetworkConformance, DropoutIsAFunctionOfThePass) {
  const auto network = make(1);
  const at::Tensor training = outputs(*network, rows_, kTraining);
  EXPECT_TRUE(at::equal(training, outputs(*network, rows_, kTraining)));
  EXPECT_TRUE(at::equal(outputs(*network, rows_, kEvaluation), outputs(*network, rows_, {.epoch = 4, .step = 3})));
  if (at::equal(training, outputs(*network, rows_, kEvaluation))) GTEST_SKIP() << "the model drops nothing";
  EXPECT_FALSE(at::equal(training, outputs(*network, rows_, {.training = true, .epoch = 1, .step = 8})));
  EXPECT_FALSE(at::equal(training, outputs(*network, rows_, {.training = true, .epoch = 2, .step = 7})));
}

/// A decoder of one token sees that token whatever its queries and keys say; torch.nn.Transformer has them, so they are counted.
bool is_idle(std::string_view parameter) {
  return parameter.starts_with("decoder.") && (parameter.find("self_attn.q_proj") != parameter.npos || parameter.find("self_attn.k_proj") != parameter.npos);
}

/// Central differences at the entry of the largest gradient and at some drawn ones.
TEST_P(NetworkConformance, GradientsAreThoseOfTheLoss) {
  constexpr double kStep = 1e-6;
  constexpr int kDrawn = 5;
  const auto network = make(1, at::kDouble);
  Batch batch = labelled(*network, rows_, at::kDouble);
  // Centred, as the loop hands them over: a loss of hundreds has no digits left for a difference of two.
  if (GetParam().task.kind == TaskKind::kRegression) batch.labels = batch.labels.sub(batch.labels.mean(0));
  const auto loss = [&] { return network->loss(loss_name(), network->forward(batch, kTraining), batch).sum; };
  loss().backward();
  std::uint32_t item = 0;
  for (const NamedTensor& parameter : network->parameters()) {
    const at::Tensor gradient = parameter.tensor.grad().contiguous().view(-1);
    at::Tensor values = parameter.tensor.detach().view(-1);
    EXPECT_EQ(gradient.abs().max().item<double>() > 0, !is_idle(parameter.name)) << parameter.name << (is_idle(parameter.name) ? " has" : " has no") << " influence";
    std::vector<std::int64_t> entries = {gradient.abs().argmax().item<std::int64_t>()};
    Draws draws = Streams(11).open("test").at({.item = item++});
    for (int i = 0; i < kDrawn; ++i) {
      entries.push_back(static_cast<std::int64_t>(draws.below(static_cast<std::uint64_t>(values.numel()))));
    }
    for (const std::int64_t entry : entries) {
      auto& value = values.mutable_data_ptr<double>()[entry];
      const double before = value;
      value = before + kStep;
      const double above = loss().item<double>();
      value = before - kStep;
      const double below = loss().item<double>();
      value = before;
      const double measured = (above - below) / (2 * kStep);
      const double claimed = gradient.const_data_ptr<double>()[entry];
      EXPECT_NEAR(measured, claimed, 1e-5 * std::abs(claimed) + 1e-7) << parameter.name << "[" << entry << "]";
    }
  }
}

/// Small steps against the gradient: outputs and loss hang together the right way round.
TEST_P(NetworkConformance, StepsAgainstTheGradientLowerTheLoss) {
  const auto network = make(1);
  const Batch batch = labelled(*network, rows_, at::kFloat);
  const auto loss = [&] { return network->loss(loss_name(), network->forward(batch, kEvaluation), batch).sum; };
  const double before = loss().item<double>();
  for (int step = 0; step < 20; ++step) {
    loss().backward();
    double norm = 0;
    for (const NamedTensor& parameter : network->parameters()) {
      norm += parameter.tensor.grad().square().sum().item<double>();
    }
    for (const NamedTensor& parameter : network->parameters()) {
      parameter.tensor.detach().sub_(parameter.tensor.grad(), 0.02 / (std::sqrt(norm) + 1e-12));
      parameter.tensor.grad().zero_();
    }
  }
  EXPECT_LT(loss().item<double>(), 0.95 * before);
}

INSTANTIATE_TEST_SUITE_P(All, NetworkConformance, ::testing::ValuesIn(cases(true)),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace seqbench::property
