#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/train/fit.h"

namespace seqbench::train {
namespace {

/// Every value differs from the default.
Params all_keys() {
  Params train;
  train.set("optimizer", std::string("sgd"));
  train.set("betas", std::vector<double>{0.5, 0.25});
  train.set("eps", 1e-6);
  train.set("weight_decay", 0.125);
  train.set("momentum", 0.75);
  train.set("learning_rate", 0.5);
  train.set("schedule", std::string("cosine"));
  train.set("warmup", 0.1);
  train.set("step_size", std::int64_t{7});
  train.set("gamma", 0.3);
  train.set("min_lr", 1e-5);
  train.set("batch", std::int64_t{3});
  train.set("eval_batch", std::int64_t{4});
  train.set("epochs", std::int64_t{5});
  train.set("max_steps", std::int64_t{6});
  train.set("drop_last", true);
  train.set("clip_norm", 1.5);
  train.set("loss", std::string("bce"));
  train.set("sampler", std::string("model"));
  train.set("early_stop.patience", std::int64_t{8});
  train.set("early_stop.min_delta", 0.01);
  train.set("keep", std::string("last"));
  train.set("eval_every", std::string("12 steps"));
  train.set("scale_targets", false);
  train.set("one_cycle.pct_start", 0.2);
  train.set("one_cycle.div_factor", 5.0);
  train.set("one_cycle.final_div_factor", 6.0);
  train.set("one_cycle.cycle_momentum", false);
  train.set("one_cycle.base_momentum", 0.7);
  train.set("one_cycle.max_momentum", 0.8);
  train.set("accumulate", std::int64_t{9});
  train.set("members", std::int64_t{2});
  train.set("length_buckets", std::int64_t{10});
  train.set("order", std::string("hf"));
  train.set("precision", std::string("bf16"));
  return train;
}

std::string refusal(const Params& train) {
  try {
    static_cast<void>(FitSettings::from(train));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Settings, ReadsEveryKey) {
  const FitSettings settings = FitSettings::from(all_keys());
  EXPECT_EQ(settings.optimizer, "sgd");
  EXPECT_EQ(settings.beta1, 0.5);
  EXPECT_EQ(settings.beta2, 0.25);
  EXPECT_EQ(settings.eps, 1e-6);
  EXPECT_EQ(settings.weight_decay, 0.125);
  EXPECT_EQ(settings.momentum, 0.75);
  EXPECT_EQ(settings.learning_rate, 0.5);
  EXPECT_EQ(settings.schedule, "cosine");
  EXPECT_EQ(settings.warmup, 0.1);
  EXPECT_EQ(settings.step_size, 7);
  EXPECT_EQ(settings.gamma, 0.3);
  EXPECT_EQ(settings.min_lr, 1e-5);
  EXPECT_EQ(settings.batch, 3);
  EXPECT_EQ(settings.eval_batch, 4);
  EXPECT_EQ(settings.epochs, 5);
  EXPECT_EQ(settings.max_steps, 6);
  EXPECT_TRUE(settings.drop_last);
  EXPECT_EQ(settings.clip_norm, 1.5);
  EXPECT_EQ(settings.loss, "bce");
  EXPECT_EQ(settings.sampler, "model");
  EXPECT_EQ(settings.patience, 8);
  EXPECT_EQ(settings.min_delta, 0.01);
  EXPECT_EQ(settings.keep, "last");
  EXPECT_EQ(settings.eval_every, 12);
  EXPECT_FALSE(settings.scale_targets);
  EXPECT_EQ(settings.pct_start, 0.2);
  EXPECT_EQ(settings.div_factor, 5);
  EXPECT_EQ(settings.final_div_factor, 6);
  EXPECT_FALSE(settings.cycle_momentum);
  EXPECT_EQ(settings.base_momentum, 0.7);
  EXPECT_EQ(settings.max_momentum, 0.8);
  EXPECT_EQ(settings.accumulate, 9);
  EXPECT_EQ(settings.members, 2);
  EXPECT_EQ(settings.length_buckets, 10);
  EXPECT_EQ(settings.order, "hf");
  EXPECT_EQ(settings.precision, "bf16");
}

TEST(Settings, EvalEveryIsEpochOrSteps) {
  Params train = all_keys();
  train.set("eval_every", std::string("epoch"));
  EXPECT_EQ(FitSettings::from(train).eval_every, 0);
  for (const std::string text : {"", "12", "0 steps", "-3 steps", "3.5 steps", "steps", " 3 steps", "3  steps"}) {
    train.set("eval_every", text);
    EXPECT_NE(refusal(train).find("'train.eval_every'"), std::string::npos) << '"' << text << '"';
  }
}

TEST(Settings, BetasAreTwoBelowOne) {
  Params train = all_keys();
  for (const std::vector<double>& betas : {std::vector<double>{}, {0.9}, {0.9, 0.9, 0.9}, {0.9, 1.0}, {-0.1, 0.5}}) {
    train.set("betas", betas);
    EXPECT_NE(refusal(train).find("'train.betas'"), std::string::npos);
  }
}

}  // namespace
}  // namespace seqbench::train
