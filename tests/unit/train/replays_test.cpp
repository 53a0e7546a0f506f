#include "harness/train/replays.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace seqbench::train {
namespace {

Batch batch_of(double value, std::int64_t rows = 3) {
  return {.inputs = {{"x", at::full({rows}, value, at::kDouble)}}, .labels = {}, .weights = {}, .rows = std::vector<std::int64_t>(static_cast<std::size_t>(rows))};
}

/// What a device would do: works again on the batch that it was recorded with.
class Again final : public Recording {
 public:
  explicit Again(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

struct Bench {
  std::string order;
  Replays::Work work = [this](const Batch& batch) {
    order += "work ";
    return Told{.tensors = {batch.input("x").sum()}, .count = static_cast<double>(batch.rows.size())};
  };
  Replays::Work warm_up = [this](const Batch& batch) {
    order += "warm-up ";
    return Told{.tensors = {batch.input("x")}};
  };
  MakeRecording recorder = [this](const std::function<void()>& first, const std::function<void()>& then) {
    first();
    order += "record ";
    return std::make_unique<Again>(then);
  };

  double run(Replays& replays, double value, bool replayable = true, std::int64_t rows = 3, std::string_view kind = "sum") {
    const Told told = replays.run(batch_of(value, rows), {.kind = kind, .replayable = replayable, .work = work, .warm_up = warm_up,
                                                          .before = [this] { order += "before "; }});
    EXPECT_EQ(told.count, static_cast<double>(rows));
    return told.tensors.at(0).item<double>();
  }
};

TEST(Replays, WhereNothingIsRecordedWorkRunsEachTimeOnItsOwnBatch) {
  Replays replays(at::kCPU);
  Bench bench;
  for (const double value : {1.0, 2.0, 3.0}) EXPECT_EQ(bench.run(replays, value), 3 * value);
  EXPECT_EQ(bench.order, "before work before work before work ");
  EXPECT_EQ(replays.recordings(), 0u);
}

TEST(Replays, AFormIsRecordedTheSecondTimeAndItsValuesAreEachBatchsOwn) {
  Bench bench;
  Replays replays(at::kCPU, bench.recorder);
  EXPECT_EQ(bench.run(replays, 1), 3);
  EXPECT_EQ(bench.order, "before work ");
  bench.order.clear();
  EXPECT_EQ(bench.run(replays, 2), 6);
  EXPECT_EQ(bench.order, "warm-up record before work ");
  bench.order.clear();
  EXPECT_EQ(bench.run(replays, 5), 15);
  EXPECT_EQ(bench.order, "before work ");
  EXPECT_EQ(replays.recordings(), 1u);
}

TEST(Replays, KindsAndFormsApartAndWhatIsNotReplayableNever) {
  Bench bench;
  Replays replays(at::kCPU, bench.recorder);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bench.run(replays, 1, true, 3), 3);
    EXPECT_EQ(bench.run(replays, 1, true, 2), 2);
    EXPECT_EQ(bench.run(replays, 1, true, 3, "other"), 3);
    EXPECT_EQ(bench.run(replays, 1, false, 4), 4);
  }
  EXPECT_EQ(replays.recordings(), 3u);
}

TEST(Replays, FewFormsAreRecordedThoseThatComeAgainFirst) {
  Bench bench;
  Replays replays(at::kCPU, bench.recorder);
  for (std::int64_t rows = 1; rows <= 20; ++rows) EXPECT_EQ(bench.run(replays, 1, true, rows), static_cast<double>(rows));
  EXPECT_EQ(replays.recordings(), 0u) << "each came once";
  for (std::int64_t rows = 20; rows >= 1; --rows) EXPECT_EQ(bench.run(replays, 2, true, rows), 2 * static_cast<double>(rows));
  EXPECT_EQ(replays.recordings(), 4u);
  for (std::int64_t rows = 1; rows <= 20; ++rows) EXPECT_EQ(bench.run(replays, 3, true, rows), 3 * static_cast<double>(rows));
}

TEST(Replays, CanBeForbidden) {
  Bench bench;
  Replays replays(at::kCPU, bench.recorder);
  allow_replays(false);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.run(replays, 1), 3);
  allow_replays(true);
  EXPECT_EQ(replays.recordings(), 0u);
}

TEST(Replays, AMovedBatchKeepsWhatIsUndefined) {
  const Batch batch{.inputs = {{"x", at::full({3}, 1, at::kLong)}}, .labels = at::full({3, 1}, 2, at::kFloat), .weights = {}, .rows = {4, 5, 6}};
  const Batch there = moved(batch, at::kCPU);
  EXPECT_EQ(there.rows, batch.rows);
  EXPECT_TRUE(there.input("x").equal(batch.input("x")));
  EXPECT_TRUE(there.labels.equal(batch.labels));
  EXPECT_FALSE(there.weights.defined());
  EXPECT_FALSE(there.input_if_any("y").defined());
}

}  // namespace
}  // namespace seqbench::train
