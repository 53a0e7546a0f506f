// The trial key: all that determines a result is in it, nothing else.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "harness/base/sha256.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

using namespace test;
using spec::ExperimentSpec;

/// Another value of the same type. Plans do not check values, so any text will do.
ParamValue other_value(const ParamValue& value) {
  return std::visit(
      [](auto held) -> ParamValue {
        using T = decltype(held);
        if constexpr (std::is_same_v<T, bool>) {
          return !held;
        } else if constexpr (std::is_arithmetic_v<T>) {
          return held + T{1};
        } else if constexpr (std::is_same_v<T, std::string>) {
          return held == "holdout" ? std::string("published") : std::string("holdout");
        } else {
          held.emplace_back();
          return held;
        }
      },
      value);
}

const store::TrialRow& first_row(const Plan& plan) { return plan.trials.at(0).spec.row; }

using Change = std::function<void(ExperimentSpec&)>;

void expect_other_key(const std::string& what, const Change& change) {
  ExperimentSpec e = experiment();
  const Plan before = plan_of(e);
  change(e);
  const Plan after = plan_of(e);
  EXPECT_NE(first_row(after).key, first_row(before).key) << what;
  EXPECT_NE(first_row(after).spec_key, first_row(before).spec_key) << what;
  EXPECT_EQ(first_row(after).code_sha256, first_row(before).code_sha256) << what;
}

/// Each key of `specs`, set to another value in the Params that `of` picks, must show in the key just when it says so.
void walk(const std::vector<ParamSpec>& specs, const std::function<Params&(ExperimentSpec&)>& of, std::size_t at_least) {
  std::size_t walked = 0;
  for (const ParamSpec& spec : specs) {
    if (!spec.in_key) continue;
    ++walked;
    expect_other_key(spec.name, [&](ExperimentSpec& e) {
      Params& params = of(e);
      params.set(spec.name, other_value(params.values().at(spec.name)));
    });
  }
  EXPECT_GE(walked, at_least);
}

TEST(TrialKey, ChangesWithEveryKeyOfTrain) {
  walk(spec::train_keys(), [](ExperimentSpec& e) -> Params& { return e.variants[0].train; }, 25);
}

TEST(TrialKey, ChangesWithEveryKeyOfSplit) {
  walk(spec::split_keys(), [](ExperimentSpec& e) -> Params& { return e.tasks[0].split; }, 6);
}

TEST(TrialKey, ChangesWithTheParametersOfModelAndTask) {
  walk(net_model().params, [](ExperimentSpec& e) -> Params& { return e.variants[0].params; }, 3);
  walk(toy_task().params, [](ExperimentSpec& e) -> Params& { return e.tasks[0].params; }, 2);
}

TEST(TrialKey, ChangesWithDataMetricsViewAndSeed) {
  expect_other_key("limit", [](ExperimentSpec& e) { e.tasks[0].limit = 100; });
  expect_other_key("metrics", [](ExperimentSpec& e) { e.tasks[0].metrics = {"mse", "mae"}; });
  expect_other_key("another metric", [](ExperimentSpec& e) { e.tasks[0].metrics = {"mae"}; });
  expect_other_key("slices", [](ExperimentSpec& e) { e.tasks[0].slices = {"parity"}; });
  expect_other_key("view", [](ExperimentSpec& e) { e.variants[0].view = "text"; });
  expect_other_key("seed", [](ExperimentSpec& e) { e.seeds = {1}; });
}

TEST(TrialKey, AllPlacesOfARowHaveKeysOfTheirOwn) {
  ExperimentSpec e = experiment();
  e.tasks[0].split.set("kind", std::string("kfold"));
  e.tasks[0].split.set("repeats", std::int64_t{3});
  e.seeds = {0, 1, 2, 3};
  std::set<std::string> keys;
  const Plan plan = plan_of(e);
  for (const PlannedTrial& trial : plan.trials) keys.insert(trial.spec.row.key);
  EXPECT_EQ(keys.size(), 3u * 5 * 4 + 3 * 5);
  EXPECT_EQ(keys.size(), plan.trials.size());
}

std::multiset<std::string> keys_of(const Plan& plan) {
  std::multiset<std::string> keys;
  for (const PlannedTrial& trial : plan.trials) keys.insert(trial.spec.row.key);
  return keys;
}

TEST(TrialKey, StaysForEverythingElse) {
  ExperimentSpec base = experiment();
  base.seeds = {0, 1, 2};
  const std::vector<std::pair<std::string, Change>> changes = {
      {"label", [](ExperimentSpec& e) { e.variants[0].label = "another row"; }},
      {"variant text", [](ExperimentSpec& e) { e.variants[0].variant = "train.batch=32"; }},
      {"control", [](ExperimentSpec& e) { e.variants[0].control = true; }},
      {"name", [](ExperimentSpec& e) { e.name = "tests/other"; }},
      {"title", [](ExperimentSpec& e) { e.title = "Other"; }},
      {"notes", [](ExperimentSpec& e) { e.notes = "other"; }},
      {"paper", [](ExperimentSpec& e) { e.paper = "004"; }},
      {"reruns", [](ExperimentSpec& e) { e.reruns = "table2"; }},
      {"text", [](ExperimentSpec& e) { e.text = "# other"; }},
      {"path", [](ExperimentSpec& e) { e.path = "elsewhere/toy.toml"; }},
      {"scale", [](ExperimentSpec& e) { e.scale = "smoke"; }},
      {"threads", [](ExperimentSpec& e) { e.run.set("threads", std::int64_t{2}); }},
      {"save", [](ExperimentSpec& e) { e.save.set("predictions", std::vector<std::string>{}); }},
      {"stall", [](ExperimentSpec& e) { e.limits.set("stall", std::string("1m")); }},
      {"trial_time", [](ExperimentSpec& e) { e.limits.set("trial_time", std::string("1h")); }},
      {"trial_memory", [](ExperimentSpec& e) { e.limits.set("trial_memory", std::string("1GiB")); }},
      {"a model parameter outside the key", [](ExperimentSpec& e) { e.variants[0].params.set("verbose", true); }},
      {"a task parameter outside the key",
       [](ExperimentSpec& e) { e.tasks[0].params.set("note", std::string("other")); }},
      {"order of seeds", [](ExperimentSpec& e) { std::reverse(e.seeds.begin() + 1, e.seeds.end()); }},
  };
  const auto keys = keys_of(plan_of(base));
  for (const auto& [what, change] : changes) {
    ExperimentSpec changed = base;
    change(changed);
    EXPECT_EQ(keys_of(plan_of(changed)), keys) << what;
  }
  EXPECT_EQ(keys_of(plan_of(base, Code(), "another/home")), keys);
}

TEST(TrialKey, CodeOfItsRoomsIsInKeyAndCodeHashNotInSpecKey) {
  const ExperimentSpec e = experiment();
  const store::TrialRow same = first_row(plan_of(e));
  for (const char* room : {"harness", "models/blocks", "models/net", "tasks/toy", "tasks/data"}) {
    const store::TrialRow changed = first_row(plan_of(e, Code(room)));
    EXPECT_NE(changed.key, same.key) << room;
    EXPECT_NE(changed.code_sha256, same.code_sha256) << room;
    EXPECT_EQ(changed.spec_key, same.spec_key) << room;
  }
  EXPECT_EQ(first_row(plan_of(e, Code("models/line"))).key, same.key);  // another model's room
}

TEST(TrialKey, CoversTheBytesOfFilesNotWhereTheyLie) {
  ExperimentSpec e = experiment();
  e.variants = {variant_of(outside_model(), "outside")};
  e.variants[0].params.set("command", std::vector<std::string>{"python3", "model.py"});
  e.variants[0].files = {{"model.py", "here/model.py", "aa"}};
  const Plan plan = plan_of(e);
  EXPECT_EQ(first_row(plan).kind, "external");
  EXPECT_EQ(plan.trials[0].spec.files.at("model.py"), "here/model.py");
  EXPECT_EQ(TrialSpec::from_json(Json::parse(plan.trials[0].spec.to_json().dump())).files, plan.trials[0].spec.files);
  ExperimentSpec moved = e, changed = e;
  moved.variants[0].files[0].path = "there/model.py";
  EXPECT_EQ(first_row(plan_of(moved)).key, first_row(plan).key);
  changed.variants[0].files[0].sha256 = "bb";
  EXPECT_NE(first_row(plan_of(changed)).key, first_row(plan).key);
  EXPECT_EQ(first_row(plan_of(changed)).spec_key, first_row(plan).spec_key) << "so that plan tells what changed";
}

TEST(TrialKey, CeilingKeepsItsKeyWhateverModelsChange) {
  const ExperimentSpec e = experiment();
  const store::TrialRow ceiling = plan_of(e).trials.back().spec.row;
  ASSERT_EQ(ceiling.kind, "ceiling");
  EXPECT_EQ(plan_of(e, Code("models/net")).trials.back().spec.row.key, ceiling.key);
  EXPECT_EQ(plan_of(e, Code("models/blocks")).trials.back().spec.row.key, ceiling.key);
  EXPECT_NE(plan_of(e, Code("tasks/toy")).trials.back().spec.row.key, ceiling.key);
}

TaskEntry newer_task() {
  TaskEntry task = toy_task();
  task.version = 2;
  return task;
}

ModelEntry newer_net() {
  ModelEntry model = net_model();
  model.version = 2;
  return model;
}

TEST(TrialKey, ChangesWithTheVersionsOfTaskAndModel) {
  const ExperimentSpec e = experiment();
  const Code code;
  const std::string key = first_row(plan_of(e)).key;
  const Tables task({{"toy", &newer_task}}, {{"net", &net_model}});
  const Tables model({{"toy", &toy_task}}, {{"net", &newer_net}});
  EXPECT_NE(first_row(expand_plan(e, task, code.hashes(), {})).key, key);
  EXPECT_NE(first_row(expand_plan(e, model, code.hashes(), {})).key, key);
}

TEST(TrialKey, OfAFixedConfigurationIsGolden) {
  store::TrialRow row;
  row.config = {{"k", 1},
                {"seed", 7},
                {"fold", -1},
                {"data", "00ff"},
                {"train", {{"learning_rate", 1e-3}, {"betas", {0.9, 0.999}}, {"drop_last", false}, {"batch", 64}}},
                {"code", {{"model", "b"}, {"harness", "a"}}}};
  ASSERT_EQ(canonical_json(row.config),
            R"({"code":{"harness":"a","model":"b"},"data":"00ff","fold":-1,"k":1,"seed":7,)"
            R"("train":{"batch":64,"betas":[9e-01,9.99e-01],"drop_last":false,"learning_rate":1e-03}})");
  set_keys(row);
  // Of that text, of it without "code", and of the value of "code", by Python's hashlib.
  EXPECT_EQ(row.key, "3375362872c304dd6a280ab216ca5e48");
  EXPECT_EQ(row.spec_key, "c77b27866b08aae9bc81d928b00ef2de");
  EXPECT_EQ(row.code_sha256, "27323780ee53fb67d87e18ac708343b40b34e5cfd29607e6f2000d091ff9a623");
}

TEST(TrialKey, ConfigurationOfAnEstimatorIsGolden) {
  ExperimentSpec e = experiment();
  e.variants = {variant_of(line_model(), "line")};
  const Json config = first_row(plan_of(e)).config;
  const std::string data = sha256_hex(R"({"params":{"noise":5e-01,"twin_seed":0},"twin":"toy","version":1})");
  EXPECT_EQ(canonical_json(config),
            R"({"code":{"blocks":"same","harness":"same","model":"same","task":"same","tasks":"same"},"data":")" + data +
                R"(","fold":-1,"k":1,"metrics":{"report":["mse"],"slices":[],"versions":{"mse":1}},)"
                R"("model":{"name":"line","params":{},"version":1,"view":"dense","weights":"none"},"rep":0,"seed":0,)"
                R"("split":{"folds":5,"kind":"published","repeats":1,"seed":0,"test":2e-01,"validation":1e-01},)"
                R"("task":{"limit":0,"name":"toy","params":{"noise":5e-01,"twin_seed":0},"source":"twin","version":1},)"
                R"("train":{"labels":"true"}})");
}

TEST(TrialSpec, CrossesThePipeWithItsKey) {
  ExperimentSpec e = experiment();
  e.run.set("threads", std::int64_t{3});
  e.limits.set("trial_memory", std::string("2MiB"));
  e.limits.set("trial_time", std::string("90s"));
  e.save.set("predictions", std::vector<std::string>{"train", "test"});
  e.variants[0].train.set("learning_rate", 0.1 + 0.2);  // 17 digits
  TrialSpec spec = plan_of(e, Code(), "home").trials.at(0).spec;
  spec.model_cache = "home/cache";
  const TrialSpec copy = TrialSpec::from_json(Json::parse(spec.to_json().dump()));
  EXPECT_EQ(copy.to_json(), spec.to_json());
  store::TrialRow row = copy.row;
  set_keys(row);
  EXPECT_EQ(row.key, spec.row.key);
  EXPECT_EQ(copy.cache_folder, "home/.cache");
  EXPECT_EQ(copy.model_cache, "home/cache");
  EXPECT_EQ(copy.threads, 3);
  EXPECT_EQ(copy.memory_limit_bytes, 2 << 20);
  EXPECT_EQ(copy.time_limit_seconds, 90);
  EXPECT_EQ(copy.save_predictions, (std::vector<std::string>{"train", "test"}));

  const Tables entries = tables();
  const TrialConfig config = TrialConfig::of(copy.row, entries);
  EXPECT_EQ(config.train, e.variants[0].train);
  EXPECT_EQ(config.split, e.tasks[0].split);
  EXPECT_EQ(config.model, &entries.model("net"));
  EXPECT_EQ(config.view, "dense");
  EXPECT_TRUE(config.twin);
  EXPECT_EQ(config.fold, -1);
}

}  // namespace
}  // namespace seqbench::run
