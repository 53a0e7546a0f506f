// Against transformers (tests/parity/blocks/make_block_sparse.py) and against a dense form with the full matrix of scores.

#include "models/blocks/block_sparse.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "models/blocks/numpy_random.h"
#include "tests/unit/models/support.h"

namespace seqbench::models {
namespace block_sparse_test {
namespace {

using Ids = std::vector<std::int64_t>;
using Pattern = std::vector<std::vector<Ids>>;

const Json& fixture() {
  static const Json json = parse_json(
      read_file(std::string(SEQBENCH_SOURCE_DIR) + "/tests/parity/blocks/block_sparse.json"), "block_sparse.json");
  return json;
}

std::int64_t number(const Json& json, const char* key) { return json.at(key).get<std::int64_t>(); }

at::Tensor wave(const Ids& shape, double scale, double speed, double shift) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(scale * std::sin(speed * static_cast<double>(i) + shift));
  return testing::tensor_of(values, shape, at::kDouble);
}

at::Tensor keep_of(const Ids& real, std::int64_t length) {
  at::Tensor keep = at::zeros({static_cast<std::int64_t>(real.size()), length}, at::kBool);
  for (std::size_t row = 0; row < real.size(); ++row) keep.select(0, static_cast<std::int64_t>(row)).narrow(0, 0, real[row]).fill_(true);
  return keep;
}

struct Inputs {
  at::Tensor q, k, v, keep;
};

Inputs inputs(const Ids& real, std::int64_t heads, std::int64_t length, std::int64_t width, at::ScalarType dtype) {
  const Ids shape = {static_cast<std::int64_t>(real.size()), heads, length, width};
  const auto leaf = [&](double speed, double shift) { return wave(shape, 2.5, speed, shift).to(dtype).requires_grad_(true); };
  return {leaf(0.71, 0), leaf(0.37, 1), leaf(1.13, 2), keep_of(real, length)};
}

/// Loss of the fixture: gradients into q, k and v.
void backward(const at::Tensor& context) {
  const at::Tensor weights = wave(context.sizes().vec(), 1, 0.53, 4);
  context.mul(weights.to(context.scalar_type())).sum().backward();
}

/// Largest difference from the stored entries over 1 + their size, and the weighted sum's over the root of its terms.
double difference(const at::Tensor& tensor, const Json& expected) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous().flatten();
  const auto* values = flat.const_data_ptr<double>();
  const auto entries = expected.at("entries").get<std::vector<double>>();
  const auto step = static_cast<std::size_t>(number(fixture(), "step"));
  EXPECT_EQ(entries.size(), (static_cast<std::size_t>(flat.numel()) + step - 1) / step);
  double largest = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    largest = std::max(largest, std::abs(values[i * step] - entries[i]) / (1 + std::abs(entries[i])));
  }
  const double sum = expected.at("sum").get<double>();
  const double met = flat.mul(at::arange(flat.numel(), at::kDouble).mul(0.013).cos()).sum().item<double>();
  return std::max(largest, std::abs(met - sum) / std::sqrt(static_cast<double>(flat.numel())));
}

BlockSparse pattern_of(const Json& json, bool training) {
  return {number(json, "block"), number(json, "random"), number(json, "layer"), training, number(json, "positions")};
}

/// Largest differences of context and gradients over all cases.
std::pair<double, double> differences(at::ScalarType dtype) {
  double forward = 0, gradients = 0;
  for (const Json& expected : fixture().at("cases")) {
    const Inputs in = inputs(expected.at("real").get<Ids>(), number(expected, "heads"), number(expected, "length"),
                             number(expected, "width"), dtype);
    const BlockSparse pattern = pattern_of(expected, expected.at("training").get<bool>());
    const at::Tensor context = block_sparse_attention(in.q, in.k, in.v, in.keep, pattern);
    EXPECT_EQ(context.scalar_type(), dtype);
    backward(context);
    forward = std::max(forward, difference(context, expected.at("context")));
    const std::array<at::Tensor, 3> leaves = {in.q, in.k, in.v};
    for (std::size_t i = 0; i < 3; ++i) {
      gradients = std::max(gradients, difference(leaves[i].grad(), expected.at("gradients").at(i)));
    }
  }
  return {forward, gradients};
}

TEST(NumpyRandom, PermutesAsNumpyDoes) {
  for (const Json& expected : fixture().at("permutations")) {
    NumpyRandom random(expected.at("seed").get<std::uint32_t>());
    for (const Json& order : expected.at("orders")) {
      EXPECT_EQ(random.permutation(testing::row_range(0, static_cast<std::int64_t>(order.size()))), order.get<Ids>());
    }
  }
}

TEST(BlockSparse, DrawsThePublishedPatterns) {
  const Pattern paper = random_blocks({.layer = 0, .training = true}, 1024, 12);
  const std::vector<Ids> first = {{9, 14, 7}, {9, 6, 7}, {10, 5, 14}, {6, 8, 12}, {2, 13, 1}, {4, 11, 3}, {1, 10, 5},
                                  {2, 3, 15}, {13, 11, 14}, {15, 13, 8}, {9, 7, 4}, {1, 2, 5}, {8, 9, 7}, {2, 6, 5}};
  EXPECT_EQ(paper.front(), first);
  const Pattern other = random_blocks({.layer = 0, .training = true}, 768, 12);
  const std::vector<Ids> second = {{4, 6, 7}, {4, 8, 5}, {8, 1, 5}, {9, 2, 1}, {9, 7, 2},
                                   {3, 1, 8}, {5, 3, 2}, {2, 6, 3}, {6, 7, 2}, {2, 5, 8}};
  EXPECT_EQ(other.front(), second);
}

TEST(BlockSparse, DrawsEveryHeadOfTheReference) {
  for (const Json& expected : fixture().at("patterns")) {
    const auto blocks = expected.at("blocks").get<Pattern>();
    const auto heads = static_cast<std::int64_t>(blocks.size());
    const BlockSparse pattern = pattern_of(expected, true);
    EXPECT_EQ(random_blocks(pattern, number(expected, "length"), heads), blocks) << expected.at("length");
  }
}

TEST(BlockSparse, EvaluationDrawsBlockZero) {
  for (const std::int64_t length : {768, 1024}) {
    const auto rows = static_cast<std::size_t>(length / 64 - 2);
    EXPECT_EQ(random_blocks({.layer = 3, .training = false}, length, 2), Pattern(2, std::vector<Ids>(rows, Ids{0, 0, 0})));
  }
}

TEST(BlockSparse, RefusesBlocksThatLeaveTooFewCandidates) {
  EXPECT_THROW((void)random_blocks({.block = 256, .training = true}, 4096, 1), InputError);
  EXPECT_NO_THROW((void)random_blocks({.block = 256, .training = false}, 4096, 1));
}

TEST(BlockSparse, IsTheReferencesInDouble) {
  const auto [forward, gradients] = differences(at::kDouble);
  EXPECT_LT(forward, 1e-11);
  EXPECT_LT(gradients, 1e-11);
}

TEST(BlockSparse, IsTheReferencesInSinglePrecision) {
  const auto [forward, gradients] = differences(at::kFloat);
  EXPECT_LT(forward, 2e-6);
  EXPECT_LT(gradients, 5e-6);
}

TEST(BlockSparse, BrainFloatsStayNear) {
  const auto [forward, gradients] = differences(at::kBFloat16);
  EXPECT_GT(forward, 1e-5);
  EXPECT_LT(forward, 0.1);
  EXPECT_TRUE(std::isfinite(gradients));
}

/// How often each query block sees each key block, [h, n, n].
at::Tensor counts(const BlockSparse& p, std::int64_t length, std::int64_t heads) {
  const std::int64_t n = length / p.block;
  const Pattern drawn = random_blocks(p, length, heads);
  at::Tensor met = at::zeros({heads, n, n}, at::kDouble);
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t i = 0; i < n; ++i) {
      at::Tensor row = met.select(0, head).select(0, i);
      if (i == 0 || i == n - 1) {
        row.fill_(1);
        continue;
      }
      for (const std::int64_t key : {std::int64_t{0}, n - 1, i - 1, i, i + 1}) row.select(0, key).fill_(1);
      for (const std::int64_t key : drawn[static_cast<std::size_t>(head)][static_cast<std::size_t>(i - 1)]) row.select(0, key).add_(1);
    }
  }
  return met;
}

/// A key seen c times has log c added to its score.
at::Tensor dense(const Inputs& in, const BlockSparse& p) {
  const at::Tensor times = counts(p, in.q.size(2), in.q.size(1)).repeat_interleave(p.block, 1).repeat_interleave(p.block, 2);
  at::Tensor scores = at::matmul(in.q, in.k.transpose(-1, -2)).div(std::sqrt(static_cast<double>(in.q.size(3))));
  scores = scores.add(times.log().unsqueeze(0));
  scores = scores.masked_fill(in.keep.logical_not().unsqueeze(1).unsqueeze(1), -1e9);
  return at::matmul(at::softmax(scores, -1), in.v).mul(in.keep.unsqueeze(1).unsqueeze(-1));
}

void expect_near(const at::Tensor& met, const at::Tensor& expected, double tolerance) {
  EXPECT_LT(met.sub(expected).abs().max().item<double>(), tolerance);
}

TEST(BlockSparse, IsTheDenseFormWithRepeatedKeysCountedTwice) {
  for (const bool training : {false, true}) {
    for (const std::int64_t random : {0, 1, 3}) {
      const BlockSparse pattern{.block = 4, .random = random, .layer = 2, .training = training};
      const Inputs sparse = inputs({60, 37}, 3, 60, 5, at::kDouble), full = inputs({60, 37}, 3, 60, 5, at::kDouble);
      const at::Tensor met = block_sparse_attention(sparse.q, sparse.k, sparse.v, sparse.keep, pattern);
      const at::Tensor expected = dense(full, pattern);
      expect_near(met.detach(), expected.detach(), 1e-12);
      backward(met);
      backward(expected);
      expect_near(sparse.q.grad(), full.q.grad(), 1e-11);
      expect_near(sparse.k.grad(), full.k.grad(), 1e-11);
      expect_near(sparse.v.grad(), full.v.grad(), 1e-11);
    }
  }
}

TEST(BlockSparse, GradientsAreTheDifferenceQuotients) {
  const BlockSparse pattern{.block = 2, .random = 1, .layer = 1, .training = true};
  const Inputs in = inputs({18, 11}, 2, 18, 3, at::kDouble);
  const at::Tensor weights = wave(in.q.sizes().vec(), 1, 0.53, 4), direction = wave(in.q.sizes().vec(), 1, 0.9, 3);
  const auto loss = [&](double t) {
    const auto moved = [&](const at::Tensor& x) { return x.detach().add(direction, t); };
    return block_sparse_attention(moved(in.q), moved(in.k), moved(in.v), in.keep, pattern).mul(weights).sum().item<double>();
  };
  backward(block_sparse_attention(in.q, in.k, in.v, in.keep, pattern));
  const double slope = in.q.grad().add(in.k.grad()).add(in.v.grad()).mul(direction).sum().item<double>();
  EXPECT_GT(std::abs(slope), 0.1);
  EXPECT_NEAR((loss(1e-5) - loss(-1e-5)) / 2e-5, slope, 1e-6);
}

TEST(BlockSparse, PaddedTokensNeitherSpeakNorListen) {
  const BlockSparse pattern{.block = 4, .layer = 0, .training = true};
  const Inputs in = inputs({52, 30}, 2, 52, 4, at::kDouble);
  const at::Tensor plain = block_sparse_attention(in.q, in.k, in.v, in.keep, pattern).detach();
  const at::Tensor padding = in.keep.logical_not().unsqueeze(1).unsqueeze(-1);
  const auto spoilt = [&](const at::Tensor& x) { return x.detach().masked_fill(padding, 9); };
  EXPECT_TRUE(at::equal(block_sparse_attention(spoilt(in.q), spoilt(in.k), spoilt(in.v), in.keep, pattern), plain));
  EXPECT_EQ(plain.select(0, 1).narrow(1, 30, 22).abs().max().item<double>(), 0);
  EXPECT_GT(plain.select(0, 1).narrow(1, 29, 1).abs().min().item<double>(), 0);
}

TEST(BlockSparse, NoMaskIsAMaskOfOnes) {
  const BlockSparse pattern{.block = 4, .layer = 4, .training = true};
  const Inputs in = inputs({48}, 2, 48, 4, at::kDouble);
  const at::Tensor masked = block_sparse_attention(in.q, in.k, in.v, in.keep, pattern);
  expect_near(block_sparse_attention(in.q, in.k, in.v, {}, pattern).detach(), masked.detach(), 1e-14);
}

TEST(BlockSparse, AcceptsHeadsSplitFromOneMatrix) {
  const BlockSparse pattern{.block = 4, .layer = 4, .training = true};
  const Inputs in = inputs({48, 40}, 2, 48, 4, at::kDouble);
  const auto strided = [](const at::Tensor& x) { return x.detach().transpose(1, 2).contiguous().transpose(1, 2); };
  const at::Tensor met = block_sparse_attention(strided(in.q), strided(in.k), strided(in.v), in.keep, pattern);
  expect_near(met, block_sparse_attention(in.q, in.k, in.v, in.keep, pattern).detach(), 1e-14);
}

}  // namespace
}  // namespace block_sparse_test
}  // namespace seqbench::models
