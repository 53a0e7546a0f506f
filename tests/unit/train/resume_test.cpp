// Interrupted anywhere and resumed from the bytes of its checkpoint, a fit gives the same bits.

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "tests/unit/train/support.h"

namespace seqbench::train {
namespace {

const std::vector<std::int64_t> kStops = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 18, 20, 23, 27, 30, 33, 38, 39, 40};

/// What a fit leaves behind.
struct Outcome {
  FitResult result;
  std::vector<double> predictions;
  std::vector<CurvePoint> curve;
};

struct Setup {
  std::string name;
  bool keeps_earlier, stops_early;  // what makes the case worth its name
  std::function<void(FitSettings&)> change;
};

FitSettings settings_for(const Setup& setup) {
  FitSettings settings = tiny_settings();
  setup.change(settings);
  return settings;
}

/// One process's worth: a fresh network, resumed where there is a checkpoint. Adds to `outcome`'s curve.
/// Returns whether it ran to the end.
bool attempt(const World& world, const FitSettings& settings, Recorder& recorder, bool resume, Outcome& outcome) {
  TinyNetwork network(Streams(5), World::kFeatures, 1);
  const FitData data = world.data();
  Checkpoint checkpoint;
  if (resume) checkpoint = recorder.checkpoint();
  recorder.curve.clear();
  bool whole = true;
  try {
    outcome.result =
        fit(network, settings, data, Streams(5), at::kCPU, recorder.hooks(), resume ? &checkpoint : nullptr);
    outcome.predictions = predict(network, settings, data, world.test, at::kCPU).values;
  } catch (const Interrupted&) {
    whole = false;
  }
  outcome.curve.insert(outcome.curve.end(), recorder.curve.begin(), recorder.curve.end());
  return whole;
}

void expect_equal(const Outcome& got, const Outcome& wanted) {
  EXPECT_EQ(got.predictions, wanted.predictions);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(got.result.kept_metric),
            std::bit_cast<std::uint64_t>(wanted.result.kept_metric));
  EXPECT_EQ(got.result.kept_step, wanted.result.kept_step);
  EXPECT_EQ(got.result.step, wanted.result.step);
  EXPECT_EQ(got.result.stopped_early, wanted.result.stopped_early);
  EXPECT_EQ(got.curve, wanted.curve);
}

class Resume : public testing::TestWithParam<Setup> {};

TEST_P(Resume, GivesTheSameBitsWhereverItWasStopped) {
  const World world;
  const FitSettings settings = settings_for(GetParam());
  Outcome undisturbed;
  Recorder whole;
  ASSERT_TRUE(attempt(world, settings, whole, false, undisturbed));
  EXPECT_EQ(undisturbed.result.kept_step < undisturbed.result.step, GetParam().keeps_earlier);
  EXPECT_EQ(undisturbed.result.stopped_early, GetParam().stops_early);
  for (const std::int64_t stop : kStops) {
    if (stop > undisturbed.result.step) continue;
    SCOPED_TRACE("stopped at step " + std::to_string(stop));
    Outcome outcome;
    Recorder recorder{.stop_at = stop};
    ASSERT_FALSE(attempt(world, settings, recorder, false, outcome));
    recorder.stop_at = -1;
    ASSERT_TRUE(attempt(world, settings, recorder, true, outcome));
    expect_equal(outcome, undisturbed);
  }
}

TEST_P(Resume, GivesTheSameBitsThroughManyStops) {
  const World world;
  const FitSettings settings = settings_for(GetParam());
  Outcome undisturbed, outcome;
  Recorder whole, recorder{.stop_at = 3};
  ASSERT_TRUE(attempt(world, settings, whole, false, undisturbed));
  bool done = attempt(world, settings, recorder, false, outcome);
  std::int64_t attempts = 1;
  for (; !done; ++attempts) {
    recorder.stop_at += 3;
    done = attempt(world, settings, recorder, true, outcome);
  }
  EXPECT_EQ(attempts, undisturbed.result.step / 3 + 1);
  expect_equal(outcome, undisturbed);
}

TEST_P(Resume, SavingChangesNothing) {
  const World world;
  const FitSettings settings = settings_for(GetParam());
  Outcome undisturbed, saving;
  Recorder whole, recorder{.save_every = 1};
  ASSERT_TRUE(attempt(world, settings, whole, false, undisturbed));
  ASSERT_TRUE(attempt(world, settings, recorder, false, saving));
  EXPECT_FALSE(recorder.file.empty());
  expect_equal(saving, undisturbed);
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Resume,
    testing::Values(Setup{"adamw", true, false, [](FitSettings&) {}},
                    Setup{"sgd_momentum_steps", true, false, [](FitSettings& s) {
                            s.optimizer = "sgd";
                            s.momentum = 0.9;
                            s.clip_norm = 1;
                            s.schedule = "cosine";
                            s.eval_every = 4;
                          }},
                    Setup{"adam_sampler_test", true, false, [](FitSettings& s) {
                            s.optimizer = "adam";
                            s.sampler = "model";
                            s.schedule = "linear";
                            s.warmup = 0.1;
                            s.keep = "published_test";
                          }},
                    Setup{"early_stop", true, true, [](FitSettings& s) {
                            s.learning_rate = 0.03;
                            s.eval_every = 3;
                            s.patience = 3;
                          }},
                    Setup{"accumulated_one_cycle_bf16", true, false, [](FitSettings& s) {
                            s.batch = 3;
                            s.accumulate = 3;
                            s.schedule = "one_cycle";
                            s.precision = "bf16";
                            s.order = "hf";
                          }},
                    Setup{"buckets_sgd_one_cycle", true, false, [](FitSettings& s) {
                            s.optimizer = "sgd";
                            s.length_buckets = 2;
                            s.accumulate = 2;
                            s.batch = 4;
                            s.schedule = "one_cycle";
                          }},
                    Setup{"last_drop_last", false, false, [](FitSettings& s) {
                            s.keep = "last";
                            s.drop_last = true;
                            s.epochs = 0;
                            s.max_steps = 40;
                          }}),
    [](const auto& param) { return param.param.name; });

/// A checkpoint at step 7 of 40, with a best state in it.
class BadCheckpoint : public testing::Test {
 protected:
  void SetUp() override {
    Outcome outcome;
    Recorder recorder{.stop_at = 7};
    ASSERT_FALSE(attempt(world_, settings_, recorder, false, outcome));
    checkpoint_ = recorder.checkpoint();
  }
  std::string refusal() {
    TinyNetwork network(Streams(5), World::kFeatures, 1);
    try {
      fit(network, settings_, world_.data(), Streams(5), at::kCPU, {}, &checkpoint_);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }
  at::Tensor& tensor(const std::string& name) {
    for (NamedTensor& entry : checkpoint_.tensors) {
      if (entry.name == name) return entry.tensor;
    }
    throw std::out_of_range(name);
  }

  World world_;
  FitSettings settings_ = tiny_settings();
  Checkpoint checkpoint_;
};

TEST_F(BadCheckpoint, AWholeOneIsTaken) { EXPECT_EQ(refusal(), ""); }

TEST_F(BadCheckpoint, ListsEveryTensorThatDoesNotFit) {
  std::erase_if(checkpoint_.tensors, [](const NamedTensor& entry) {
    return entry.name == "model/out.bias" || entry.name == "optim/out.bias/step" || entry.name == "best/mean";
  });
  checkpoint_.tensors.push_back({"model/extra", at::full({1}, 1.0)});
  tensor("model/hidden.bias") = at::full({3}, 1.0, at::kFloat);
  tensor("optim/out.weight/exp_avg") = tensor("optim/out.weight/exp_avg").to(at::kDouble);
  const std::string message = refusal();
  for (const char* part : {"missing 'model/out.bias'", "missing 'optim/out.bias/step'", "missing 'best/mean'",
                           "surplus 'model/extra'", "'model/hidden.bias' is Float [3], expected Float [8]",
                           "'optim/out.weight/exp_avg' is Double [1, 8], expected Float [1, 8]"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << "\n" << message;
  }
}

TEST_F(BadCheckpoint, OfAnotherOptimizerIsRefused) {
  settings_.optimizer = "sgd";
  settings_.momentum = 0.9;
  const std::string message = refusal();
  EXPECT_NE(message.find("missing 'optim/out.bias/momentum_buffer'"), std::string::npos) << message;
  EXPECT_NE(message.find("surplus 'optim/out.bias/exp_avg'"), std::string::npos) << message;
}

TEST_F(BadCheckpoint, OfAnotherLengthIsRefused) {
  settings_.epochs = 9;
  EXPECT_NE(refusal().find("'steps' must be an integer from 45 to 45, got 40"), std::string::npos) << refusal();
}

TEST_F(BadCheckpoint, EveryFieldOfTheStateIsChecked) {
  const Json whole = checkpoint_.state;
  for (const auto& [name, value] : whole.items()) {
    for (const Json& broken : {Json(), Json("x"), Json(-2), Json(1.5), Json(1000)}) {
      checkpoint_.state = whole;
      checkpoint_.state[name] = broken;
      EXPECT_NE(refusal().find("'" + name + "'"), std::string::npos) << name << " = " << broken.dump();
    }
    checkpoint_.state = whole;
    checkpoint_.state.erase(name);
    EXPECT_NE(refusal().find("no '" + name + "'"), std::string::npos);
  }
  checkpoint_.state = Json::array();
  EXPECT_NE(refusal(), "");
}

}  // namespace
}  // namespace seqbench::train
