// What is computed only where rows differ from a reference, and products by another library, against the plain forms.
#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "models/blocks/one_hot.h"
#include "models/blocks/product.h"
#include "models/mimo/windows.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

constexpr std::int64_t kNear = 36, kSymbols = 5;
constexpr std::size_t kLength = 60;

/// A wild type, rows with up to three substitutions of it or with ends that are cut off, then as many rows that are far from it.
View variants() {
  const std::string wild(kLength, 'B');
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < kNear; ++i) {
    rows.push_back(wild);
    for (std::size_t k = 0; k < i % 4; ++k) rows.back()[(7 * i + 3 * k) % kLength] = static_cast<char>('A' + (i + k) % 5);
    if (i % 9 == 8) rows.back().replace(kLength - i / 9, i / 9, i / 9, '-');
  }
  for (std::size_t i = 0; i < kNear; ++i) {
    rows.emplace_back(kLength, 'C');
    for (std::size_t k = 0; k < kLength; ++k) rows.back()[k] = "ACDE"[(i * i + 5 * k + k * k * i) % 4];
  }
  return testing::code_view(rows, kSymbols);
}

/// Outputs of the near rows, and gradients of a sum over them.
std::vector<at::Tensor> pass(const char* model, std::int64_t rows) {
  const View view = variants();
  const ModelEntry entry = testing::named_model(model).make();
  const Params params(entry.params);
  const auto network = entry.network({.params = params, .view = view, .kind = TaskKind::kRegression, .targets = 1, .streams = Streams(1), .dtype = at::kDouble});
  const at::Tensor outputs = network->forward(network->collate(view, testing::row_range(0, rows)), {}).narrow(0, 0, kNear);
  const at::Tensor weights = at::arange(kNear, at::kDouble).cos().unsqueeze(1);
  outputs.narrow(1, 0, 1).mul(weights).sum().backward();
  std::vector<at::Tensor> values = {outputs.detach()};
  for (const NamedTensor& parameter : network->parameters()) values.push_back(parameter.tensor.grad());
  return values;
}

TEST(OneHot, RowsNearTheReferenceAreAsAmongFarOnes) {
  const auto codes = std::get<CodeView>(variants().data).codes;
  ASSERT_TRUE(models::mimo::windows_of(codes.narrow(0, 0, kNear), codes[0], kSymbols, 5)) << "few places are seen";
  ASSERT_FALSE(models::mimo::windows_of(codes, codes[0], kSymbols, 5)) << "most are";
  for (const char* model : {"mimo_base", "mimo", "mimo_improved"}) {
    SCOPED_TRACE(model);
    const std::vector<at::Tensor> near = pass(model, kNear), among = pass(model, 2 * kNear);
    for (std::size_t i = 0; i < near.size(); ++i) EXPECT_TRUE(at::allclose(near[i], among[i], 1e-9, 1e-11)) << i;
  }
}

TEST(OneHot, SumsByRowAddWhatIsAskedForAgain) {
  const at::Tensor table = at::arange(6, at::kFloat).view({3, 2}).set_requires_grad(true);
  const at::Tensor index = testing::tensor_of(std::vector<std::int64_t>{2, 0, 2}, {3}, at::kLong);
  const at::Tensor row = testing::tensor_of(std::vector<std::int64_t>{1, 1, 3}, {3}, at::kLong);
  const at::Tensor sums = models::sums_by_row(table, index, row, 4);
  EXPECT_TRUE(at::allclose(sums.detach().flatten(), testing::tensor_of(std::vector<float>{0, 0, 4, 6, 0, 0, 4, 5}, {8}, at::kFloat)));
  sums.mul(at::arange(4, at::kFloat).unsqueeze(1)).sum().backward();
  EXPECT_TRUE(at::allclose(table.grad().flatten(), testing::tensor_of(std::vector<float>{1, 1, 0, 0, 4, 4}, {6}, at::kFloat)));
}

at::Tensor wave(const std::vector<std::int64_t>& shape, double step) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return at::arange(count, at::kFloat).mul(step).sin().view(shape);
}

/// Large enough for the other library: rows that are dense, or parts of longer ones, with a bias and without, weights stored transposed.
TEST(Product, IsAsLibTorchsOwn) {
  ASSERT_TRUE(c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""})) << "both sides would be the same";
  struct Case {
    bool whole, biased, transposed;
  };
  for (const auto& [whole, biased, transposed] : {Case{true, true, false}, {false, true, false}, {true, false, false}, {true, true, true}}) {
    std::vector<std::vector<at::Tensor>> results;
    for (const bool own : {true, false}) {
      const at::Tensor x = wave({64, 3, 160}, 0.7).set_requires_grad(true);
      const at::Tensor stored = wave(transposed ? std::vector<std::int64_t>{160, 192} : std::vector<std::int64_t>{192, 160}, 0.3).set_requires_grad(true);
      const at::Tensor weight = transposed ? stored.t() : stored;
      const at::Tensor bias = biased ? wave({192}, 0.9).set_requires_grad(true) : at::Tensor();
      const at::Tensor rows = whole ? x : x.select(1, 1);
      const at::Tensor y = own ? models::linear_by_one_dnn(rows, weight, bias) : at::linear(rows, weight, biased ? std::optional(bias) : std::nullopt);
      const at::Tensor loss = y.mul(wave(y.sizes().vec(), 0.11)).sum();
      EXPECT_TRUE(torch::autograd::grad({loss}, {stored}, {}, true)[0].is_contiguous()) << "as it is stored: it need not be copied";
      loss.backward();
      results.push_back({y.detach(), x.grad(), stored.grad()});
      if (biased) results.back().push_back(bias.grad());
    }
    for (std::size_t i = 0; i < results[0].size(); ++i) EXPECT_TRUE(at::allclose(results[0][i], results[1][i], 1e-4, 1e-3)) << i;
  }
}

struct SideBySide {
  std::int64_t layers;
  bool shared, relu, one_dnn = false;
  std::int64_t out = 192, rows = 64;
  bool reads_slice = false, expanded = false, frozen_inputs = false;
  at::ScalarType dtype = at::kFloat;
};

/// What it gives without a graph, with one, and gradients after two backward passes; `plain`: by LibTorch's operations.
std::vector<at::Tensor> pass_side_by_side(const SideBySide& of, bool plain) {
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
    (of.expanded ? again.sum() : again.mul(wave(again.sizes().vec(), 0.11)).sum()).backward();
  }
  if (!of.frozen_inputs) found.push_back(stored.grad());
  for (const models::Affine& layer : made) found.insert(found.end(), {layer.weight.grad(), layer.bias.grad()});
  return found;
}

void expect_as_one_by_one(const SideBySide& of) {
  SCOPED_TRACE(::testing::Message() << of.layers << " layers, shared " << of.shared << ", relu " << of.relu << ", oneDNN " << of.one_dnn);
  const auto own = pass_side_by_side(of, false), plain = pass_side_by_side(of, true);
  ASSERT_EQ(own.size(), plain.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    EXPECT_EQ(own[i].scalar_type(), plain[i].scalar_type());
    EXPECT_TRUE(at::allclose(own[i], plain[i], 1e-4, of.dtype == at::kDouble ? 1e-9 : 2e-3)) << i;
  }
  EXPECT_TRUE(at::equal(own[0], own[1])) << "with a graph and without";
}

TEST(Product, LayersSideBySideAreAsOneByOne) {
  for (const bool one_dnn : {false, true}) {
    for (const bool relu : {false, true}) {
      expect_as_one_by_one({.layers = 1, .shared = false, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = true, .relu = relu, .one_dnn = one_dnn});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn, .reads_slice = true});
      expect_as_one_by_one({.layers = 3, .shared = false, .relu = relu, .one_dnn = one_dnn, .frozen_inputs = true});
    }
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = false, .one_dnn = one_dnn, .out = 1, .expanded = true});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .dtype = at::kDouble});
    expect_as_one_by_one({.layers = 3, .shared = false, .relu = true, .one_dnn = one_dnn, .rows = 0});
  }
}

TEST(Product, LayersSideBySideTakeAutocastsPrecision) {
  std::vector<models::Affine> layers = {{wave({8, 16}, 0.3), wave({8}, 0.9)}};
  at::autocast::set_autocast_enabled(at::kCPU, true);
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  const at::Tensor y = models::side_by_side(wave({4, 16}, 0.7), layers, true);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
}

TEST(Product, LayersSideBySideNeedTheirInputs) {
  const std::vector<models::Affine> layers = {{wave({8, 16}, 0.3), wave({8}, 0.9)}, {wave({8, 16}, 0.4), wave({8}, 0.8)}};
  EXPECT_DEATH(static_cast<void>(models::side_by_side(wave({4, 48}, 0.7), layers, true)), "each layer has its inputs");
  EXPECT_DEATH(static_cast<void>(models::side_by_side(wave({4, 16}, 0.7), {}, true)), "rows for a layer or more");
}

}  // namespace
}  // namespace seqbench
