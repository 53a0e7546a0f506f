// Layers side by side against LibTorch's own, one after another.

#include "models/blocks/side_by_side.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>
#include <vector>

#include "tests/unit/models/support.h"

namespace seqbench {
namespace side_by_side_test {
namespace {

using testing::wave;

struct Layers {
  std::int64_t layers;
  bool shared, relu, one_dnn = false;
  std::int64_t out = 192, rows = 64;
  bool reads_slice = false, expanded = false, transposed = false, frozen_inputs = false, frozen_first = false;
  at::ScalarType dtype = at::kFloat;
};

/// What it gives without a graph, with one, and gradients after two backward passes; `plain`: by LibTorch's operations.
std::vector<at::Tensor> pass_side_by_side(const Layers& of, bool plain) {
  constexpr std::int64_t kIn = 160;
  const auto leaf = [&](const std::vector<std::int64_t>& shape, double step) { return wave(shape, step).to(of.dtype).set_requires_grad(true); };
  const std::int64_t width = of.shared ? kIn : of.layers * kIn;
  const at::Tensor stored = leaf({of.rows, of.reads_slice ? 2 * width : width}, 0.7).set_requires_grad(!of.frozen_inputs);
  const at::Tensor x = of.reads_slice ? stored.narrow(1, width / 2, width) : stored;
  std::vector<models::Affine> made;
  for (std::int64_t m = 0; m < of.layers; ++m) {
    const double shift = 0.1 * static_cast<double>(m);
    made.push_back({leaf({of.out, kIn}, 0.3 + shift), leaf({of.out}, 0.9 + shift)});
  }
  if (of.frozen_first) made[0].weight.set_requires_grad(false);
  const auto outputs = [&] {
    if (!plain) return models::side_by_side(x, made, of.relu, of.one_dnn);
    std::vector<at::Tensor> parts;
    for (std::int64_t m = 0; m < of.layers; ++m) {
      const models::Affine& layer = made[static_cast<std::size_t>(m)];
      parts.push_back(at::linear(of.shared ? x : x.narrow(1, m * kIn, kIn), layer.weight, layer.bias));
    }
    return of.relu ? at::relu(at::cat(parts, 1)) : at::cat(parts, 1);
  };
  std::vector<at::Tensor> found;
  {
    const at::NoGradGuard none;
    found.push_back(outputs());
  }
  const at::Tensor y = outputs();
  found.push_back(y.detach());
  for (int i = 0; i < 2; ++i) {
    const at::Tensor again = outputs();
    const at::Tensor upstream = of.transposed ? wave({again.size(1), again.size(0)}, 0.11).t() : wave(again.sizes().vec(), 0.11);
    (of.expanded ? again.sum() : again.mul(upstream).sum()).backward();
  }
  if (!of.frozen_inputs) found.push_back(stored.grad());
  for (const models::Affine& layer : made) {
    if (layer.weight.requires_grad()) found.push_back(layer.weight.grad());
    found.push_back(layer.bias.grad());
  }
  return found;
}

void expect_as_one_by_one(const Layers& of) {
  SCOPED_TRACE(::testing::Message() << of.layers << " layers, shared " << of.shared << ", relu " << of.relu << ", oneDNN " << of.one_dnn);
  const auto own = pass_side_by_side(of, false), plain = pass_side_by_side(of, true);
  ASSERT_EQ(own.size(), plain.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    EXPECT_EQ(own[i].scalar_type(), plain[i].scalar_type());
    EXPECT_TRUE(at::allclose(own[i], plain[i], 1e-4, of.dtype == at::kDouble ? 1e-9 : 2e-3)) << i;
  }
  EXPECT_TRUE(at::equal(own[0], own[1])) << "with a graph and without";
}

TEST(SideBySide, LayersAreAsOneByOne) {
  for (const bool one_dnn : {false, true}) {
    for (const bool relu : {false, true}) {
      expect_as_one_by_one({.layers = 1, .shared = false, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = true, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn, .reads_slice = true});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn, .frozen_inputs = true});
    }
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = false, .one_dnn = one_dnn, .out = 1, .expanded = true});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .expanded = true});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .transposed = true});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .frozen_first = true});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .dtype = at::kDouble});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .rows = 0});
  }
}

/// Called as LibTorch calls it for parts of one tensor: what models have trained to stays what it is.
TEST(SideBySide, ProductsAreLibTorchsToTheBit) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "LibTorch may multiply otherwise here";
#endif
  for (const auto& [layers, out] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 24}, {3, 1}, {3, 24}}) {
    SCOPED_TRACE(::testing::Message() << layers << " layers of " << out);
    const at::Tensor x = wave({64, layers * 160}, 0.7).set_requires_grad(true), upstream = wave({64, layers * out}, 0.11);
    const at::NoGradGuard none;
    std::vector<models::Affine> made;
    std::vector<at::Tensor> leaves = {x}, wanted = {at::empty_like(x)};
    at::Tensor plain = at::empty_like(upstream);
    for (std::int64_t m = 0; m < layers; ++m) {
      const double shift = 0.1 * static_cast<double>(m);
      const at::Tensor weight = wave({out, 160}, 0.3 + shift), bias = wave({out}, 0.9 + shift), read = x.narrow(1, m * 160, 160);
      made.push_back({weight.set_requires_grad(true), bias});
      leaves.push_back(weight);
      at::Tensor into = plain.narrow(1, m * out, out);
      at::addmm_out(into, bias, read, weight.t());
      wanted.push_back(at::mm(upstream.narrow(1, m * out, out).t(), read));
      wanted[0].narrow(1, m * 160, 160).copy_(at::mm(upstream.narrow(1, m * out, out), weight));
    }
    const at::AutoGradMode graph(true);
    const at::Tensor y = models::side_by_side(x, made, false, false);
    EXPECT_TRUE(at::equal(y, plain));
    const auto own = torch::autograd::grad({y}, leaves, {upstream});
    for (std::size_t i = 0; i < own.size(); ++i) EXPECT_TRUE(at::equal(own[i], wanted[i])) << i;
  }
}

TEST(SideBySide, LayersTakeAutocastsPrecision) {
  std::vector<models::Affine> layers = {{wave({8, 16}, 0.3), wave({8}, 0.9)}};
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const at::Tensor y = models::side_by_side(wave({4, 16}, 0.7), layers, true);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
}

TEST(SideBySide, LayersNeedTheirInputs) {
  const std::vector<models::Affine> layers = {{wave({8, 16}, 0.3), wave({8}, 0.9)}, {wave({8, 16}, 0.4), wave({8}, 0.8)}};
  const at::Tensor wide = wave({4, 48}, 0.7), x = wave({4, 16}, 0.7);  // made here: the process that dies has no threads
  EXPECT_DEATH(static_cast<void>(models::side_by_side(wide, layers, true)), "each layer has its inputs");
  EXPECT_DEATH(static_cast<void>(models::side_by_side(x, {}, true)), "rows for a layer or more");
  const std::vector<models::Affine> other = {{layers[0].weight, wave({1}, 0.9)}};
  EXPECT_DEATH(static_cast<void>(models::side_by_side(x, other, true)), "the layers are of one form");
}

}  // namespace
}  // namespace side_by_side_test
}  // namespace seqbench
