#include "models/blocks/encoder.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace seqbench::models {
namespace {

/// Small, with the parts that families differ in.
EncoderSettings settings_of(Positions positions, bool pre_norm) {
  EncoderSettings s;
  s.vocabulary = 30;
  s.width = 32;
  s.layers = 2;
  s.heads = 4;
  s.feed_forward = 64;
  s.max_positions = 80;
  s.pad_id = 1;
  s.positions = positions;
  s.pre_norm = s.final_norm = pre_norm;
  return s;
}

const EncoderNames kNames{.words = "words", .positions = "positions", .types = "types", .embedding_norm = "norm",
                          .attention = {"{}.q", "{}.k", "{}.v", "{}.o"}, .attention_norm = "{}.an", .feed_forward_in = "{}.in",
                          .feed_forward_out = "{}.out", .feed_forward_norm = "{}.fn", .final_norm = "final"};

struct Made {
  explicit Made(const EncoderSettings& settings)
      : parameters(streams, at::kFloat), maker(streams, parameters, lora, 0.2), encoder(maker, settings, kNames, {}) {}

  Streams streams{3};
  ParameterSet parameters;
  Lora lora;
  LayerMaker maker;
  Encoder encoder;
};

/// Rows of these lengths, padded to the longest.
at::Tensor rows_of(const std::vector<std::int64_t>& lengths) {
  const at::Tensor ids = at::full({static_cast<std::int64_t>(lengths.size()), *std::ranges::max_element(lengths)}, 1, at::kLong);
  Draws draws = Streams(1).open("test").at();
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    for (std::int64_t i = 0; i < lengths[row]; ++i) ids[static_cast<std::int64_t>(row)][i] = static_cast<std::int64_t>(2 + draws.below(28));
  }
  return ids;
}

double largest(const at::Tensor& x) { return x.numel() == 0 ? 0 : x.detach().abs().max().item<double>(); }

class Company : public ::testing::TestWithParam<std::tuple<Positions, bool, bool, std::vector<std::int64_t>>> {};

TEST_P(Company, ChangesNoRowInAnyWayNorItsGradient) {
  const auto [positions, pre_norm, training, lengths] = GetParam();
  EncoderSettings settings = settings_of(positions, pre_norm);
  settings.hidden_dropout = settings.attention_dropout = 0.3;
  Made made(settings);
  const at::Tensor ids = rows_of(lengths);
  const Pass pass{.training = training, .epoch = 2, .step = 5, .first_row = 10};
  const at::Tensor together = made.encoder(ids, ids.ne(1), pass, nullptr);
  std::vector<at::Tensor> gradients;
  together.square().sum().backward();
  for (const NamedTensor& p : made.parameters.tensors()) {
    gradients.push_back(p.tensor.grad().clone());
    p.tensor.mutable_grad() = at::Tensor();
  }
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    const auto i = static_cast<std::int64_t>(row);
    Pass own = pass;
    own.first_row += i;
    const at::Tensor alone = made.encoder(ids.narrow(0, i, 1).narrow(1, 0, lengths[row]), {}, own, nullptr);
    alone.square().sum().backward();
    EXPECT_LT(largest(together.narrow(0, i, 1).narrow(1, 0, lengths[row]).sub(alone)), 2e-5) << row;
    EXPECT_EQ(largest(together.narrow(0, i, 1).narrow(1, lengths[row], 60 - lengths[row])), 0) << "padding of row " << row;
  }
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    const NamedTensor& parameter = made.parameters.tensors()[p];
    const double scale = std::max(1.0, largest(gradients[p]));
    EXPECT_LT(largest(gradients[p].sub(parameter.tensor.grad())) / scale, 1e-4) << parameter.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Encoders, Company,
                         ::testing::Combine(::testing::Values(Positions::kLearned, Positions::kLearnedFromPad, Positions::kRotary),
                                            ::testing::Bool(), ::testing::Bool(),
                                            ::testing::Values(std::vector<std::int64_t>{7, 60, 1, 33, 60},
                                                              std::vector<std::int64_t>{57, 60, 59, 58})));

TEST(Encoder, TracesAreOfPaddedRows) {
  Made made(settings_of(Positions::kRotary, true));
  const at::Tensor ids = rows_of({7, 60, 20});
  Trace hidden{.hidden_layer = 1}, attention{.attention_layer = 1};
  const at::Tensor packed = made.encoder(ids, ids.ne(1), {}, &hidden);
  const at::Tensor whole = made.encoder(ids, ids.ne(1), {}, &attention);
  EXPECT_EQ(hidden.hidden_BLH.sizes(), whole.sizes());
  EXPECT_EQ(attention.attention_BhLL.sizes(), (at::IntArrayRef{3, 4, 60, 60}));
  EXPECT_LT(largest(packed.sub(whole).narrow(1, 0, 7)), 2e-5);
}

TEST(Encoder, ARowWithoutTokensIsNoFault) {
  Made made(settings_of(Positions::kLearned, false));
  const at::Tensor ids = rows_of({7, 0, 20});
  const at::Tensor hidden = made.encoder(ids, ids.ne(1), {}, nullptr);
  EXPECT_EQ(largest(hidden.narrow(0, 1, 1)), 0);
  EXPECT_GT(largest(hidden.narrow(0, 0, 1)), 0);
}

}  // namespace
}  // namespace seqbench::models
