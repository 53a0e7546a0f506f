#include "harness/train/replays.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace seqbench::train {
namespace {

TEST(Replays, WhereNothingIsRecordedWorkRunsEachTimeOnItsOwnBatch) {
  Replays replays(at::kCPU);
  std::string order;
  const auto work = [&](const Batch& batch) {
    order += "work ";
    return Told{.tensors = {batch.input("x").sum()}, .count = 2};
  };
  const auto warm_up = [&](const Batch& batch) {
    order += "warm-up ";
    return work(batch);
  };
  for (const double value : {1.0, 2.0, 3.0}) {
    const Batch batch{.inputs = {{"x", at::full({3}, value, at::kDouble)}}, .labels = {}, .weights = {}, .rows = {0, 1, 2}};
    const Told told = replays.run(batch, {.kind = "sum", .replayable = true, .work = work, .warm_up = warm_up,
                                          .before = [&] { order += "before "; }});
    EXPECT_EQ(told.tensors.at(0).item<double>(), 3 * value);
    EXPECT_EQ(told.count, 2);
  }
  EXPECT_EQ(order, "before work before work before work ");
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
