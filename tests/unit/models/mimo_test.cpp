// The MIMO paper's networks: sizes, slots, what an epoch is made of, the loss by a row's own head.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "models/mimo/slots.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

using models::mimo::Slots;

Params params_of(const char* model) {
  Params params(testing::named_model(model).make().params);
  if (params.has("encoder.layers")) params.set("encoder.layers", std::int64_t{1});
  return params;
}

std::unique_ptr<Network> make(const char* model, const Params& params, const View& view) {
  return testing::named_model(model).make().network({.params = params, .view = view, .kind = TaskKind::kRegression, .targets = 1, .streams = Streams(1)});
}

View proteins(std::vector<std::string> rows) { return {"protein", TextView{Texts(std::move(rows))}}; }

std::int64_t count(const char* model) {
  const View view = proteins({"MKVLA", "MKVLC", "MKV"});
  std::int64_t sum = 0;
  for (const NamedTensor& entry : make(model, params_of(model), view)->parameters()) sum += entry.tensor.numel();
  return sum;
}

TEST(MimoNetworks, HaveTheParametersOfTheReading) {
  EXPECT_EQ(count("mimo_base"), 49'409);
  EXPECT_EQ(count("mimo_improved"), 114'913);
  EXPECT_EQ(count("mimo"), 419'331);
}

/// `wild` rows like the first, then this many of 1, 2, 3 ... differences, no two alike within a class of up to 600.
View mutants(const std::vector<int>& classes, int wild = 2000) {
  std::vector<std::string> rows(static_cast<std::size_t>(wild), std::string(40, 'A'));
  for (std::size_t distance = 1; distance <= classes.size(); ++distance) {
    for (int i = 0; i < classes[distance - 1]; ++i) {
      std::string row(40, 'A');
      for (std::size_t k = 0; k < distance; ++k) row[(static_cast<std::size_t>(i) + k) % 40] = static_cast<char>('B' + i / 40 % 15);
      rows.push_back(row);
    }
  }
  return testing::code_view(rows, 17);
}

TEST(Slots, DistancesAreThoseFromWhatMostRowsHave) {
  EXPECT_EQ(models::mimo::distances_from_majority(proteins({"MKVA", "MKVA", "MKVA", "MKVC", "CKVC", "MKV", "CCC"})),
            (std::vector<std::int64_t>{0, 0, 0, 1, 2, 1, 4}));
  EXPECT_EQ(models::mimo::distances_from_majority(testing::code_view({"ABBA", "ABBA", "ABBA", "ABBB", "BBBB", "ABB-", "BAA-"}, 2)),
            (std::vector<std::int64_t>{0, 0, 0, 1, 2, 1, 4}));
  EXPECT_THROW(static_cast<void>(models::mimo::distances_from_majority(testing::set_view({{0}, {1}}, 2))), InputError);
}

Params mimo_params(const char* draw, const char* assignment = "by_mutation_count") {
  Params params(testing::named_model("mimo").make().params);
  params.set("epoch_draw", std::string(draw));
  params.set("slot_assignment", std::string(assignment));
  return params;
}

/// Rows of an epoch by slot.
std::vector<std::vector<std::int64_t>> by_slot(const std::vector<std::int64_t>& epoch, std::size_t members = 3) {
  std::vector<std::vector<std::int64_t>> lists(members);
  for (std::size_t i = 0; i < epoch.size(); ++i) lists[i % members].push_back(epoch[i]);
  return lists;
}

std::int64_t most_often(const std::vector<std::int64_t>& rows) {
  std::map<std::int64_t, std::int64_t> times;
  std::int64_t most = 0;
  for (const std::int64_t row : rows) most = std::max(most, ++times[row]);
  return most;
}

/// The MIMO paper's table 1: 877 x 10 = 8,770 of each of the others, which are drawn without replacement.
TEST(Slots, ABalancedEpochHasThePublishedCounts) {
  const View view = mutants({877, 10'433, 10'135}, 30'000);
  const Slots slots(mimo_params("balanced"), view, Streams(3));
  const std::vector<std::int64_t> train = testing::row_range(0, view.rows());
  const std::vector<std::int64_t> epoch = slots.epoch(train, 0);
  const auto lists = by_slot(epoch);
  for (std::size_t slot = 0; slot < 3; ++slot) {
    ASSERT_EQ(lists[slot].size(), 8'770U);
    for (const std::int64_t row : lists[slot]) ASSERT_EQ(slots.slot_of(row), static_cast<std::int64_t>(slot));
  }
  EXPECT_EQ(std::set(lists[0].begin(), lists[0].end()).size(), 877U);
  EXPECT_EQ(most_often(lists[0]), 10);
  EXPECT_EQ(most_often(lists[1]), 1);
  EXPECT_EQ(most_often(lists[2]), 1);
  EXPECT_EQ(slots.epoch(train, 0), epoch) << "a function of its arguments";
  const auto next = by_slot(slots.epoch(train, 1));
  EXPECT_NE(std::set(next[1].begin(), next[1].end()), std::set(lists[1].begin(), lists[1].end())) << "drawn anew";
  EXPECT_NE(next[0], lists[0]);
  EXPECT_NE(Slots(mimo_params("balanced"), view, Streams(4)).epoch(train, 0), epoch);
}

TEST(Slots, CroppedClassesStayAndRedrawnOnesChange) {
  const View view = mutants({50, 400, 300});
  const std::vector<std::int64_t> train = testing::row_range(0, view.rows());
  for (const char* draw : {"cropped", "redrawn"}) {
    const Slots slots(mimo_params(draw), view, Streams(3));
    const auto first = by_slot(slots.epoch(train, 0)), second = by_slot(slots.epoch(train, 1));
    for (std::size_t slot = 0; slot < 3; ++slot) {
      ASSERT_EQ(first[slot].size(), 50U);
      EXPECT_EQ(most_often(first[slot]), 1);
      EXPECT_NE(first[slot], second[slot]) << "another order";
      const bool same = std::set(first[slot].begin(), first[slot].end()) == std::set(second[slot].begin(), second[slot].end());
      EXPECT_EQ(same, slot == 0 || std::string(draw) == "cropped");
    }
  }
}

/// Fewer rows than are wanted: all of them as often as they fit, the rest drawn.
TEST(Slots, AClassThatIsTooSmallIsUsedUpFirst) {
  const View view = mutants({20, 90, 500});
  const Slots slots(mimo_params("balanced"), view, Streams(3));
  const auto lists = by_slot(slots.epoch(testing::row_range(0, view.rows()), 0));
  ASSERT_EQ(lists[1].size(), 200U);
  EXPECT_EQ(std::set(lists[1].begin(), lists[1].end()).size(), 90U);
  EXPECT_EQ(most_often(lists[1]), 3);
}

TEST(Slots, OnlyTrainingRowsAreDrawnAndEachClassIsNeeded) {
  const View view = mutants({50, 60, 70});
  const Slots slots(mimo_params("balanced"), view, Streams(3));
  std::vector<std::int64_t> train = testing::row_range(2000, 2100);
  EXPECT_THROW(static_cast<void>(slots.epoch(train, 0)), InputError) << "no row of three differences";
  for (std::int64_t row = 2110; row < 2120; ++row) train.push_back(row);
  for (const std::int64_t row : slots.epoch(train, 0)) EXPECT_TRUE(std::ranges::binary_search(train, row));
}

TEST(Slots, FreeListsAreShuffledButForWhatIsCommon) {
  const View view = mutants({10, 10, 10}, 70);
  Params params = mimo_params("balanced", "free");
  params.set("input_repetition", 0.25);
  const Slots slots(params, view, Streams(3));
  const std::vector<std::int64_t> train = testing::row_range(0, 100);
  const auto lists = by_slot(slots.epoch(train, 2));
  for (const auto& list : lists) {
    ASSERT_EQ(list.size(), 400U);
    for (const std::int64_t row : train) ASSERT_EQ(std::ranges::count(list, row), 4);
  }
  std::size_t common = 0;
  for (std::size_t i = 0; i < 400; ++i) common += lists[0][i] == lists[1][i] && lists[1][i] == lists[2][i] ? 1U : 0U;
  EXPECT_GE(common, 100U);
  EXPECT_LT(common, 110U) << "a few more by chance";
}

struct Small {
  View view = mutants({3, 3, 3, 3}, 20);
  Params params = [] {
    Params narrow = mimo_params("balanced");
    narrow.set("width", std::int64_t{4});
    return narrow;
  }();
  std::vector<std::int64_t> rows = {20, 23, 26, 0, 29, 24};  // 1, 2, 3, none, 4 and 2 differences
  [[nodiscard]] Batch batch(const Network& network) const {
    Batch batch = network.collate(view, rows);
    batch.labels = at::tensor({1.0F, 2.0F, 3.0F, 40.0F, 50.0F, 6.0F}).unsqueeze(1);
    batch.weights = at::tensor({1.0F, 0.5F, 2.0F, 9.0F, 9.0F, 1.0F});
    return batch;
  }
};

TEST(Mimo, ARowIsToldByItsOwnSlotsHead) {
  const Small small;
  for (const char* how : {"sum", "mean"}) {
    Params params = small.params;
    params.set("head_loss", std::string(how));
    const auto network = make("mimo", params, small.view);
    const Batch batch = small.batch(*network);
    // What each head says of a row: in training, as the only row of its group in that slot.
    const at::Tensor evaluated = network->forward(batch, {});
    const LossSum loss = network->loss("mse", evaluated, batch);
    double sum = 0, weights = 0;
    const std::pair<std::size_t, int> told[] = {{0, 0}, {1, 1}, {2, 2}, {5, 1}};
    for (const auto& [place, slot] : told) {
      const std::vector<std::int64_t> thrice(3, small.rows[place]);
      const at::Tensor heads = network->forward(network->collate(small.view, thrice), {.training = true});
      const double error = heads[slot][0].item<double>() - batch.labels[static_cast<std::int64_t>(place)][0].item<double>();
      const double weight = batch.weights[static_cast<std::int64_t>(place)].item<double>();
      sum += weight * error * error;
      weights += weight;
    }
    EXPECT_NEAR(loss.sum.item<double>(), sum, 1e-4 * sum);
    EXPECT_NEAR(loss.count, std::string(how) == "sum" ? weights / 3 : weights, 1e-9);
  }
}

TEST(Mimo, InEvaluationARowGoesIntoAllSlots) {
  const Small small;
  const auto network = make("mimo", small.params, small.view);
  ASSERT_TRUE(network->predicts_spread());
  const at::Tensor outputs = network->forward(small.batch(*network), {});
  ASSERT_EQ(outputs.sizes(), (std::vector<std::int64_t>{6, 2}));
  const std::vector<std::int64_t> thrice(3, small.rows[1]);
  const at::Tensor heads = network->forward(network->collate(small.view, thrice), {.training = true}).select(1, 0);
  EXPECT_NEAR(outputs[1][0].item<double>(), heads.mean().item<double>(), 1e-6);
  const double spread = heads.sub(heads.mean()).square().mean().sqrt().item<double>();
  EXPECT_NEAR(outputs[1][1].exp().item<double>(), spread, 1e-5 * spread + 1e-7);
}

TEST(Mimo, GroupsThatAreNotFullAreRefused) {
  const Small small;
  const auto network = make("mimo", small.params, small.view);
  const std::vector<std::int64_t> four = {20, 23, 26, 21};
  const Batch batch = network->collate(small.view, four);
  try {
    static_cast<void>(network->forward(batch, {.training = true}));
    FAIL() << "was not refused";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("'train.batch'"), std::string::npos) << error.what();
  }
}

TEST(Mimo, OneMemberHasTheSmallestSpread) {
  Small small;
  small.params.set("members", std::int64_t{1});
  const auto network = make("mimo", small.params, small.view);
  const at::Tensor outputs = network->forward(small.batch(*network), {});
  EXPECT_NEAR(outputs[0][1].exp().item<double>(), 1e-6, 1e-8);
}

TEST(MimoNetworks, SizesAreChecked) {
  const View view = mutants({3, 3, 3}, 20);
  Params params = params_of("mimo_base");
  params.set("hidden", std::vector<std::int64_t>{8});
  EXPECT_THROW(make("mimo_base", params, view), InputError);
  params = params_of("mimo_improved");
  params.set("channels", std::vector<std::int64_t>{8, 0});
  EXPECT_THROW(make("mimo_improved", params, view), InputError);
  params = params_of("mimo_improved");
  params.set("kernel", std::int64_t{4});
  EXPECT_THROW(make("mimo_improved", params, view), InputError);
  EXPECT_THROW(make("mimo_base", params_of("mimo_base"), testing::set_view({{0}, {1}}, 2)), InputError);
}

}  // namespace
}  // namespace seqbench
