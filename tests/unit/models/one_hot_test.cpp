// What is computed only where rows differ from a reference, and products by another library, against the plain forms.
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "models/blocks/one_hot.h"
#include "models/blocks/product.h"
#include "models/mimo/windows.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

using testing::wave;

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

}  // namespace
}  // namespace seqbench
