#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "models/blocks/columns.h"
#include "models/blocks/dropout.h"
#include "models/blocks/lbfgs.h"
#include "models/blocks/linear_scores.h"
#include "models/blocks/parameters.h"
#include "models/blocks/reference.h"
#include "tests/unit/models/support.h"

namespace seqbench::models {
namespace {

using testing::code_view;
using testing::dense_view;
using testing::set_view;
using testing::tensor_of;

std::vector<float> floats(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  const auto* data = plain.const_data_ptr<float>();
  return {data, data + plain.numel()};
}

// Known answers here were computed with a Philox and a SHA-256 of another language, from HARNESS's definition.

TEST(ParameterSet, DrawsTheKnownValues) {
  ParameterSet set(Streams(42), at::kFloat);
  const at::Tensor weight = set.add("conv.weight", {2, 3}, Init::uniform(0.5));
  const std::vector<float> expected = {0.39976930618286133f,  0.4478909969329834f,    0.12534761428833008f,
                                       -0.08572453260421753f, -0.012473881244659424f, 0.09320658445358276f};
  EXPECT_EQ(floats(weight.detach()), expected);
  EXPECT_TRUE(weight.requires_grad());
  EXPECT_TRUE(weight.is_same(set.tensors().front().tensor));
}

TEST(ParameterSet, ANewLayerLeavesTheOthersAlone) {
  ParameterSet small(Streams(3), at::kFloat);
  ParameterSet large(Streams(3), at::kFloat);
  const at::Tensor alone = small.add("b", {7}, Init::uniform(1));
  const at::Tensor first = large.add("a", {7}, Init::uniform(1));
  const at::Tensor second = large.add("b", {7}, Init::uniform(1));
  EXPECT_TRUE(at::equal(alone, second));
  EXPECT_FALSE(at::equal(first, second));
}

TEST(ParameterSet, DoubleIsTheSameDrawWidened) {
  const at::Tensor narrow = ParameterSet(Streams(3), at::kFloat).add("w", {50}, Init::kaiming(9));
  const at::Tensor wide = ParameterSet(Streams(3), at::kDouble).add("w", {50}, Init::kaiming(9));
  EXPECT_TRUE(at::equal(narrow.to(at::kDouble), wide));
}

TEST(ParameterSet, KaimingStaysInsideItsBoundAndFillsIt) {
  const at::Tensor values = ParameterSet(Streams(1), at::kFloat).add("w", {4000}, Init::kaiming(16)).detach();
  EXPECT_GE(values.min().item<float>(), -0.25f);
  EXPECT_LT(values.max().item<float>(), 0.25f);
  EXPECT_LT(values.min().item<float>(), -0.24f);
  EXPECT_GT(values.max().item<float>(), 0.24f);
  EXPECT_NEAR(values.std().item<float>(), 0.25 / std::sqrt(3.0), 0.005);
}

TEST(ParameterSet, ConstantsAreConstant) {
  ParameterSet set(Streams(1), at::kFloat);
  EXPECT_EQ(floats(set.add("zeros", {3}, Init::zeros()).detach()), std::vector<float>(3, 0.0f));
  EXPECT_EQ(floats(set.add("ones", {3}, Init::ones()).detach()), std::vector<float>(3, 1.0f));
}

TEST(Dropout, MaskIsTheKnownOne) {
  const Dropout dropout(Streams(42), "conv", 0.25);
  const std::vector<float> expected = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                       0, 1, 1, 1, 1, 1, 1, 0, 0, 1};
  EXPECT_EQ(floats(dropout.mask(2, 10, {.training = true, .epoch = 3, .step = 5})), expected);
}

/// More than the vectors take at once, and a rest.
TEST(Dropout, LongRowsFollowTheirStreamsWords) {
  const Dropout dropout(Streams(1), "hidden", 0.25);
  const Pass pass{.training = true, .epoch = 2, .step = 9};
  const Stream stream = Streams(1).open("dropout/hidden");
  std::vector<float> expected;
  for (std::uint32_t row = 0; row < 2; ++row) {
    for (std::uint32_t i = 0; i < 200; ++i) {
      const std::uint32_t word = stream.block(i / 4, {.epoch = 2, .step = 9, .item = row})[i % 4];
      expected.push_back(word >> 8 >= (1u << 24) / 4 ? 1.0f : 0.0f);
    }
  }
  EXPECT_EQ(floats(dropout.mask(2, 200, pass)), expected);
  for (const at::ScalarType dtype : {at::kBFloat16, at::kDouble}) {
    EXPECT_EQ(floats(dropout(at::ones({2, 200}, dtype), pass).ne(0).to(at::kFloat)), expected) << dtype;
  }
}

TEST(Dropout, ARowsMaskDependsOnNoOtherRowAndNoWidth) {
  const Dropout dropout(Streams(1), "hidden", 0.5);
  const Pass pass{.training = true, .epoch = 2, .step = 9};
  const at::Tensor large = dropout.mask(6, 33, pass);
  EXPECT_TRUE(at::equal(large.narrow(0, 0, 4), dropout.mask(4, 33, pass)));
  EXPECT_TRUE(at::equal(large.narrow(1, 0, 30), dropout.mask(6, 30, pass)));
}

TEST(Dropout, RowsEndToEndHaveTheMasksThatTheyHaveApart) {
  const Dropout dropout(Streams(1), "hidden", 0.5);
  Pass pass{.training = true, .epoch = 2, .step = 9, .first_row = 3};
  const at::Tensor padded = dropout(at::ones({3, 7000, 2}), pass);
  const std::vector<std::int64_t> lengths = {5, 7000, 1};
  pass.lengths = lengths;
  const at::Tensor packed = dropout(at::ones({1, 7006, 2}), pass);
  EXPECT_TRUE(at::equal(packed.narrow(1, 0, 5), padded.narrow(0, 0, 1).narrow(1, 0, 5)));
  EXPECT_TRUE(at::equal(packed.narrow(1, 5, 7000), padded.narrow(0, 1, 1)));
  EXPECT_TRUE(at::equal(packed.narrow(1, 7005, 1), padded.narrow(0, 2, 1).narrow(1, 0, 1)));
}

TEST(Dropout, ThreadsDoNotChangeAMask) {
  const Dropout dropout(Streams(1), "hidden", 0.5);
  const Pass pass{.training = true, .epoch = 2, .step = 9};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = dropout.mask(3, 50'001, pass);
  at::set_num_threads(4);
  EXPECT_TRUE(at::equal(dropout.mask(3, 50'001, pass), alone));
  at::set_num_threads(threads);
}

TEST(Dropout, EpochStepModuleAndSeedEachChangeTheMask) {
  const Pass pass{.training = true, .epoch = 2, .step = 9};
  const at::Tensor mask = Dropout(Streams(1), "hidden", 0.5).mask(4, 64, pass);
  EXPECT_FALSE(at::equal(mask, Dropout(Streams(1), "hidden", 0.5).mask(4, 64, {true, 3, 9})));
  EXPECT_FALSE(at::equal(mask, Dropout(Streams(1), "hidden", 0.5).mask(4, 64, {true, 2, 10})));
  EXPECT_FALSE(at::equal(mask, Dropout(Streams(1), "conv", 0.5).mask(4, 64, pass)));
  EXPECT_FALSE(at::equal(mask, Dropout(Streams(2), "hidden", 0.5).mask(4, 64, pass)));
}

TEST(Dropout, DropsTheShareAndKeepsTheMean) {
  const Dropout dropout(Streams(5), "hidden", 0.2);
  const at::Tensor x = at::ones({100, 20, 20}, at::kDouble);
  const at::Tensor dropped = dropout(x, {.training = true});
  EXPECT_NEAR(dropped.eq(0).to(at::kDouble).mean().item<double>(), 0.2, 0.01);
  EXPECT_DOUBLE_EQ(dropped.max().item<double>(), 1.25);
  EXPECT_NEAR(dropped.mean().item<double>(), 1, 0.01);
}

TEST(Dropout, IsTheIdentityInEvaluationAndAtZero) {
  const at::Tensor x = at::ones({3, 4});
  EXPECT_TRUE(Dropout(Streams(5), "hidden", 0.9)(x, {.training = false}).is_same(x));
  EXPECT_TRUE(at::equal(Dropout(Streams(5), "hidden", 0)(x, {.training = true}), x));
}

TEST(Dropout, RefusesOneAndMore) {
  EXPECT_THROW(Dropout(Streams(5), "hidden", 1.0), InputError);
  EXPECT_THROW(Dropout(Streams(5), "hidden", -0.1), InputError);
  EXPECT_THROW(Dropout(Streams(5), "hidden", std::nan("")), InputError);
}

TEST(Columns, CodesBecomePositionsTimesSymbolsWithoutPadding) {
  const View view = code_view({"ABA", "BC-", "CCC"}, 3);
  const std::vector<std::int64_t> train = {0, 1};
  const Columns columns = Columns::seen_in(view, train);
  EXPECT_EQ(columns.width(), 9);
  const std::vector<std::int64_t> features = {0, 1, 4, 5, 6};  // A.. B.. .B. .C. ..A
  EXPECT_TRUE(at::equal(columns.features(), tensor_of(features, {5}, at::kLong)));
  const std::vector<std::int64_t> all = {2, 1, 0};
  const std::vector<double> expected = {0, 0, 0, 1, 0,   // CCC: only .C. was seen
                                        0, 1, 0, 1, 0,   // BC-
                                        1, 0, 1, 0, 1};  // ABA
  EXPECT_EQ(to_vector(columns.expand(view, all)), expected);
}

TEST(Columns, SetsAndDenseValuesKeepWhatTrainingRowsUse) {
  const std::vector<std::int64_t> train = {0};
  const std::vector<std::int64_t> other = {1};
  const View sets = set_view({{1, 4}, {0, 4}}, 6);
  EXPECT_EQ(to_vector(Columns::seen_in(sets, train).expand(sets, other)), (std::vector<double>{0, 1}));
  const View dense = dense_view({0, 2.5f, -1, 7, 3, 0}, 3);
  EXPECT_EQ(to_vector(Columns::seen_in(dense, train).expand(dense, other)), (std::vector<double>{3, 0}));
}

TEST(Columns, RefusesTextAndAnotherWidth) {
  const std::vector<std::int64_t> rows = {0};
  EXPECT_THROW((void)Columns::seen_in({"dna", TextView{{"ACGT"}}}, rows), InputError);
  const Columns columns = Columns::seen_in(code_view({"AB"}, 2), rows);
  EXPECT_THROW((void)columns.expand(code_view({"ABA"}, 2), rows), InputError);
  EXPECT_THROW(Columns(tensor_of(std::vector<std::int64_t>{4}, {1}, at::kLong), 4), InputError);
}

TEST(Columns, BlocksCoverEveryRowOnceInOrder) {
  const std::vector<std::int64_t> rows = testing::row_range(0, 5000);
  std::vector<std::int64_t> met;
  for_each_block(rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    EXPECT_EQ(begin, met.size());
    met.insert(met.end(), block.begin(), block.end());
  });
  EXPECT_EQ(met, rows);
}

TEST(TakeTensors, NamesWhatIsMissingAndWhatIsSurplus) {
  const std::vector<NamedTensor> state = {{"a", at::ones({1})}, {"b", at::ones({2})}};
  constexpr std::array<std::string_view, 2> kBoth = {"b", "a"};
  constexpr std::array<std::string_view, 1> kOne = {"a"};
  constexpr std::array<std::string_view, 3> kThree = {"a", "b", "c"};
  EXPECT_EQ(take_tensors("m", state, kBoth).front().numel(), 2);
  try {
    (void)take_tensors("m", state, kOne);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "m: tensor 'b' is surplus");
  }
  try {
    (void)take_tensors("m", state, kThree);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "m: tensor 'c' is missing");
  }
}

TEST(CommonestSymbols, AreOfTheseRowsWithPaddingAndOfEqualsTheLowest) {
  const View view = code_view({"BA-", "BA-", "AB-", "ABA", "CCC"}, 3);
  const auto& codes = std::get<CodeView>(view.data);
  const std::vector<std::int64_t> four = {0, 1, 2, 3};
  EXPECT_TRUE(at::equal(commonest_symbols(codes, four), tensor_of<std::int64_t>({0, 0, 3}, {3}, at::kLong)));
  const std::vector<std::int64_t> last = {4};
  EXPECT_TRUE(at::equal(commonest_symbols(codes, last), tensor_of<std::int64_t>({2, 2, 2}, {3}, at::kLong)));
}

/// x^4 + (y - 1)^2: more than two steps from its minimum.
Slope slow(const at::Tensor& theta) {
  const double x = theta[0].item<double>(), y = theta[1].item<double>() - 1;
  return {std::pow(x, 4) + y * y, tensor_of<double>({4 * std::pow(x, 3), 2 * y}, {2}, at::kDouble)};
}

TEST(MinimizeLbfgs, StopsAtItsLastStepWhereItMay) {
  const at::Tensor start = tensor_of<double>({1, 3}, {2}, at::kDouble);
  EXPECT_THROW(static_cast<void>(minimize_lbfgs(slow, start, "m", {.most_steps = 2})), InputError);
  const at::Tensor reached = minimize_lbfgs(slow, start, "m", {.most_steps = 2, .must_converge = false});
  EXPECT_LT(slow(reached).value, slow(start).value);
  EXPECT_NEAR(minimize_lbfgs(slow, start, "m")[1].item<double>(), 1, 1e-6);
}

}  // namespace
}  // namespace seqbench::models
