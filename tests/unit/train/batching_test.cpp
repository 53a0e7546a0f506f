// What a step is made of: accumulated batches, buckets of like lengths, frozen weights, evaluation.

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/train/support.h"

namespace seqbench::train::batching {
namespace {

TEST(Accumulate, EqualsTheLargerBatch) {
  World world;
  for (const bool weighted : {false, true}) {
    world.weights.clear();
    for (std::int64_t i = 0; weighted && i < World::kRows; ++i) world.weights.push_back(static_cast<double>(i % 3));
    FitSettings large = tiny_settings(), small = tiny_settings();
    large.optimizer = small.optimizer = "sgd";
    large.clip_norm = small.clip_norm = 0.5;
    large.keep = small.keep = "last";
    large.batch = 8;
    small.batch = 2;
    small.accumulate = 4;
    const auto after = [&](const FitSettings& settings, FitResult& result) {
      TinyNetwork network(Streams(5), World::kFeatures, 1, at::kDouble, 0.0);
      struct NoBuffer : Network {  // the moving mean would see each batch
        explicit NoBuffer(TinyNetwork& of) : inner(of) {}
        Batch collate(const View& view, std::span<const std::int64_t> rows) const override { return inner.collate(view, rows); }
        at::Tensor forward(const Batch& batch, const Pass& pass) override {
          return inner.forward(batch, {.training = false, .epoch = pass.epoch, .step = pass.step});
        }
        std::vector<NamedTensor> parameters() override { return inner.parameters(); }
        TinyNetwork& inner;
      } plain(network);
      result = fit(plain, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
      std::vector<double> all;
      for (const NamedTensor& entry : network.parameters()) {
        for (const double value : values_of(entry.tensor)) all.push_back(value);
      }
      return all;
    };
    FitResult a, b;
    const std::vector<double> whole = after(large, a), parts = after(small, b);
    EXPECT_EQ(a.step, 40);
    EXPECT_EQ(b.step, 40) << "the last, shorter group of an epoch is a step";
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(parts[i], whole[i], 1e-11) << i;
  }
}

TEST(Accumulate, TellsWhereABatchStandsInItsStep) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.accumulate = 3;
  settings.epochs = 2;
  RowNetwork network(zeros());
  EXPECT_EQ(fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr).step, 4);
  std::vector<std::pair<std::int64_t, std::int64_t>> places;
  for (const Pass& pass : network.passes) places.emplace_back(pass.step, pass.first_row);
  EXPECT_EQ(places, (std::vector<std::pair<std::int64_t, std::int64_t>>{
                        {0, 0}, {0, 8}, {0, 16}, {1, 0}, {1, 8}, {2, 0}, {2, 8}, {2, 16}, {3, 0}, {3, 8}}));
  settings.drop_last = true;  // 4 whole batches: the second step has one
  RowNetwork dropping(zeros());
  EXPECT_EQ(fit(dropping, settings, world.data(), Streams(5), at::kCPU, {}, nullptr).step, 4);
  EXPECT_EQ(dropping.trained.size(), 8u);
  for (const auto& rows : dropping.trained) EXPECT_EQ(rows.size(), 8u);
}

/// Rows have lengths 3 to 9, many equal.
class LongNetwork : public RowNetwork {
 public:
  using RowNetwork::RowNetwork;
  static std::int64_t length_of(std::int64_t row) { return 3 + row * 5 % 7; }
  std::vector<std::int64_t> lengths(const View&, std::span<const std::int64_t> rows) const override {
    std::vector<std::int64_t> result;
    for (const std::int64_t row : rows) result.push_back(length_of(row));
    return result;
  }
};

std::vector<std::vector<std::int64_t>> batches_of(const World& world, const FitSettings& settings, const Streams& streams) {
  LongNetwork network(zeros());
  fit(network, settings, world.data(), streams, at::kCPU, {}, nullptr);
  return network.trained;
}

FitSettings bucket_settings(std::int64_t buckets) {
  FitSettings settings = tiny_settings();
  settings.batch = 4;  // 9 whole batches and one of 1
  settings.epochs = 3;
  settings.length_buckets = buckets;
  return settings;
}

TEST(LengthBuckets, EachEpochIsAPermutationInSortedGroups) {
  const World world;
  const Streams streams(11, 2, 1);
  const auto plain = batches_of(world, bucket_settings(0), streams), sorted = batches_of(world, bucket_settings(4), streams);
  ASSERT_EQ(sorted.size(), 30u);
  for (std::size_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::vector<std::int64_t>> expected;
    for (std::size_t first = 0; first < 9; first += 4) {
      std::vector<std::int64_t> group;
      for (std::size_t b = first; b < std::min<std::size_t>(first + 4, 9); ++b) {
        group.insert(group.end(), plain[epoch * 10 + b].begin(), plain[epoch * 10 + b].end());
      }
      std::stable_sort(group.begin(), group.end(), [](std::int64_t a, std::int64_t b) {
        return LongNetwork::length_of(a) > LongNetwork::length_of(b);
      });
      for (std::size_t i = 0; i < group.size(); i += 4) {
        expected.emplace_back(group.begin() + static_cast<std::ptrdiff_t>(i), group.begin() + static_cast<std::ptrdiff_t>(i + 4));
      }
    }
    std::vector<std::vector<std::int64_t>> got(sorted.begin() + static_cast<std::ptrdiff_t>(epoch * 10),
                                               sorted.begin() + static_cast<std::ptrdiff_t>(epoch * 10 + 9));
    EXPECT_NE(got, expected) << "the batches are shuffled";
    EXPECT_TRUE(std::is_permutation(got.begin(), got.end(), expected.begin(), expected.end()));
    EXPECT_EQ(sorted[epoch * 10 + 9], plain[epoch * 10 + 9]) << "what is left over stays last";
  }
}

TEST(LengthBuckets, AreAFunctionOfStreamsAndEpoch) {
  const World world;
  EXPECT_EQ(batches_of(world, bucket_settings(4), Streams(3)), batches_of(world, bucket_settings(4), Streams(3)));
  EXPECT_NE(batches_of(world, bucket_settings(4), Streams(3)), batches_of(world, bucket_settings(4), Streams(4)));
}

TEST(LengthBuckets, NeedLengths) {
  const World world;
  RowNetwork network(zeros());
  try {
    fit(network, bucket_settings(4), world.data(), Streams(5), at::kCPU, {}, nullptr);
    FAIL() << "no InputError";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("'train.length_buckets'"), std::string::npos) << error.what();
  }
}

TEST(Frozen, WeightsAreNeitherTrainedNorSaved) {
  struct HalfFrozen : TinyNetwork {
    using TinyNetwork::TinyNetwork;
    std::vector<NamedTensor> parameters() override {
      auto all = TinyNetwork::parameters();
      return {all[2], all[3]};
    }
    std::vector<NamedTensor> frozen() override {
      auto all = TinyNetwork::parameters();
      return {all[0], all[1]};
    }
  };
  const World world;
  HalfFrozen network(Streams(5), World::kFeatures, 1);
  const std::vector<double> before = values_of(network.frozen()[0].tensor), head = values_of(network.parameters()[0].tensor);
  Recorder recorder{.save_every = 1};
  FitSettings settings = tiny_settings();
  const FitResult result = fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
  EXPECT_EQ(result.parameters, 8 + 1);
  EXPECT_EQ(result.frozen, 4 * 8 + 8);
  EXPECT_EQ(values_of(network.frozen()[0].tensor), before);
  EXPECT_NE(values_of(network.parameters()[0].tensor), head);
  EXPECT_FALSE(network.frozen()[0].tensor.requires_grad());
  for (const NamedTensor& saved : recorder.checkpoint().tensors) {
    EXPECT_EQ(saved.name.find("hidden"), std::string::npos) << saved.name;
  }
}

TEST(Evaluation, TheLossIsAMeanOverExamplesAndDropoutIsOff) {
  World world;
  world.validation.resize(11);
  FitSettings settings = tiny_settings();
  settings.eval_batch = 8;  // 8 and 3: a mean of the batches' means would differ
  settings.scale_targets = false;
  settings.epochs = 1;
  TinyNetwork network(Streams(5), World::kFeatures, 1, at::kFloat, 0.5);
  Recorder recorder;
  fit(network, settings, world.data(), Streams(5), at::kCPU, recorder.hooks(), nullptr);
  const double loss = recorder.points("loss", 1).at(0).value();
  const std::vector<double> first = predict(network, settings, world.data(), world.validation, at::kCPU).values;
  EXPECT_EQ(predict(network, settings, world.data(), world.validation, at::kCPU).values, first);
  double sum = 0, head = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double error = std::pow(first[i] - world.targets[static_cast<std::size_t>(world.validation[i])], 2);
    sum += error;
    if (i < 8) head += error;
  }
  EXPECT_NEAR(loss, sum / 11, 1e-5 * loss);
  EXPECT_GT(std::abs((head / 8 + (sum - head) / 3) / 2 - loss), 1e-3 * loss);
}

TEST(Precision, Bf16EndsWithTheFitAndIsUsedInPrediction) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.epochs = 30;
  settings.learning_rate = 0.02;
  settings.precision = "bf16";
  TinyNetwork network(Streams(5), World::kFeatures, 1, at::kFloat, 0.0);
  fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  const std::vector<double> half = predict(network, settings, world.data(), world.train, at::kCPU).values;
  settings.precision = "f32";
  const std::vector<double> full = predict(network, settings, world.data(), world.train, at::kCPU).values;
  EXPECT_NE(half, full);
  for (std::size_t i = 0; i < half.size(); ++i) EXPECT_NEAR(half[i], full[i], 5) << "targets spread by about 40";
  EXPECT_LT(world.data().metric(half, world.train), 800) << "it learns";
  settings.precision = "f16";
  EXPECT_THROW(fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr), InputError);
}

TEST(OneCycle, RefusesAWarmUpBesideItsOwn) {
  const World world;
  FitSettings settings = tiny_settings();
  settings.schedule = "one_cycle";
  settings.warmup = 2;
  RowNetwork network(zeros());
  EXPECT_THROW(fit(network, settings, world.data(), Streams(5), at::kCPU, {}, nullptr), InputError);
}

}  // namespace
}  // namespace seqbench::train::batching
