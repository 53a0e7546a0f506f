// Kim's Approach I: its published sizes, equal tokens as one, what it refuses. Beside torch: variant_parity_test.cpp.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/tf_encoder/merged.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

using Given = std::vector<std::pair<std::string, ParamValue>>;

std::unique_ptr<Network> make(const View& view, const Given& given, at::ScalarType dtype = at::kFloat) {
  const ModelEntry entry = testing::named_model("tf_encoder").make();
  Params params(entry.params);
  for (const auto& [name, value] : given) params.set(name, value);
  return entry.network({params, view, TaskKind::kRegression, 1, Streams(1), dtype});
}

std::int64_t size_of(std::int64_t model_dim, std::int64_t layers, std::int64_t ff_dim, Given given = {}) {
  given.insert(given.end(), {{"model_dim", model_dim}, {"layers", layers}, {"ff_dim", ff_dim}});
  std::int64_t numbers = 0;
  for (const NamedTensor& parameter : make(testing::bit_view({std::string(253 * 120, '0')}, 253), given)->parameters()) numbers += parameter.tensor.numel();
  return numbers;
}

/// Two kinds of tokens, three, one, four of them.
View few_kinds() { return testing::bit_view({"11000011000011", "10010000000010", "00000000000000", "10010011001101"}, 7); }

at::Tensor outputs(Network& network, const View& view, const Pass& pass) {
  return network.forward(network.collate(view, testing::row_range(0, view.rows())), pass);
}

/// Counted on torch.nn.Transformer.
TEST(TfEncoder, HasThePapersSizes) {
  EXPECT_EQ(size_of(64, 3, 64), 1'749'505);
  EXPECT_EQ(size_of(64, 6, 256), 3'499'393);
  EXPECT_EQ(size_of(128, 3, 128), 3'789'825);
  EXPECT_EQ(size_of(256, 6, 128), 17'428'225);
  EXPECT_EQ(size_of(256, 6, 128, {{"token_axis", std::string("bin")}}), 17'428'225 + 133 * 256);
  EXPECT_EQ(size_of(64, 3, 64, {{"ffn_dim", std::int64_t{0}}}), 213'889);
  EXPECT_EQ(size_of(64, 3, 64, {{"eos", std::string("zeros")}}), 1'749'505 - 64);
  EXPECT_EQ(size_of(64, 3, 64, {{"positions", std::string("learned")}}), 1'749'505 + 253 * 64);
}

TEST(TfEncoder, MergesTokensOfOneContent) {
  const models::tf_encoder::Merged found = models::tf_encoder::merged(std::get<BitView>(few_kinds().data).gather(testing::row_range(0, 4)));
  EXPECT_EQ(found.packing.lengths(), (std::vector<std::int64_t>{2, 3, 1, 4}));
  EXPECT_TRUE(at::equal(found.counts, testing::tensor_of<float>({3, 4, 2, 1, 4, 7, 1, 2, 2, 2}, {10}, at::kFloat)));
  EXPECT_TRUE(at::equal(found.rows, testing::tensor_of<std::int64_t>({0, 0, 1, 1, 1, 2, 3, 3, 3, 3}, {10}, at::kLong)));
}

TEST(TfEncoder, EqualTokensCountAsOneInEvaluation) {
  for (const char* readout : {"decoder", "mean"}) {
    const Given sizes = {{"model_dim", std::int64_t{8}}, {"ffn_dim", std::int64_t{12}}, {"readout", std::string(readout)}};
    const View view = few_kinds();
    const auto merging = make(view, sizes);
    Given given = sizes;
    given.emplace_back("merge_tokens", std::string("never"));
    const auto plain = make(view, given);
    const at::Tensor one = outputs(*merging, view, {}), each = outputs(*plain, view, {});
    EXPECT_LE(one.sub(each).abs().max().item<double>(), 1e-5) << readout;
    EXPECT_GT(each.std(0).item<double>(), 1e-3) << "rows are told apart";
    const at::NoGradGuard guard;
    EXPECT_TRUE(at::equal(outputs(*merging, view, {.training = true}), outputs(*plain, view, {.training = true}))) << "masks are of all tokens";
  }
}

TEST(TfEncoder, GradientsOfMergedTokensAreThoseOfAll) {
  const Given sizes = {{"model_dim", std::int64_t{8}}, {"ffn_dim", std::int64_t{12}}, {"dropout", 0.0}};
  const View view = few_kinds();
  Given given = sizes;
  given.emplace_back("merge_tokens", std::string("always"));
  const auto merging = make(view, given), plain = make(view, sizes);
  outputs(*merging, view, {.training = true}).pow(2).sum().backward();
  outputs(*plain, view, {.training = true}).pow(2).sum().backward();
  const std::vector<NamedTensor> ours = merging->parameters(), theirs = plain->parameters();
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const at::Tensor wanted = theirs[i].tensor.grad();
    largest = std::max(largest, wanted.abs().max().item<double>());
    EXPECT_LE(ours[i].tensor.grad().sub(wanted).abs().max().item<double>(), 1e-4 * largest) << ours[i].name;
  }
  EXPECT_GT(largest, 0.01);
}

TEST(TfEncoder, RefusesWhatCannotBe) {
  const View view = few_kinds();
  EXPECT_THROW(make(view, {{"heads", std::int64_t{3}}}), InputError);
  EXPECT_THROW(make(view, {{"merge_tokens", std::string("always")}}), InputError);
  EXPECT_THROW(make(view, {{"merge_tokens", std::string("always")}, {"dropout", 0.0}, {"positions", std::string("learned")}}), InputError);
  EXPECT_THROW(make(testing::dense_view({1, 2}, 2), {}), InputError);
  const auto network = make(view, {});
  EXPECT_THROW(std::ignore = network->collate(testing::bit_view({"101"}, 3), testing::row_range(0, 1)), InputError);
}

}  // namespace
}  // namespace seqbench
