// From an experiment to its trials, and how plans are shown.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/error.h"
#include "harness/data/home.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

using namespace test;
using spec::ExperimentSpec;

std::string place(const PlannedTrial& trial) {
  const store::TrialRow& row = trial.spec.row;
  return fmt::format("{} {} {} {}", trial.spec.label, row.rep, row.fold, row.seed);
}

std::vector<std::string> places(const Plan& plan) {
  std::vector<std::string> out;
  for (const PlannedTrial& trial : plan.trials) out.push_back(place(trial));
  return out;
}

ExperimentSpec folded(std::int64_t folds, std::int64_t repeats) {
  ExperimentSpec e = experiment();
  e.tasks[0].split.set("kind", std::string("kfold"));
  e.tasks[0].split.set("folds", folds);
  e.tasks[0].split.set("repeats", repeats);
  return e;
}

TEST(ExpandPlan, OrdersByModelRepeatFoldSeedThenCeilings) {
  ExperimentSpec e = folded(3, 2);
  e.variants.push_back(variant_of(net_model(), "net"));
  e.variants[0].label = "wide";
  e.variants[0].params.set("width", std::int64_t{64});
  e.seeds = {5, 3};
  std::vector<std::string> wanted;
  for (const char* label : {"wide", "net"}) {
    for (int rep = 0; rep < 2; ++rep) {
      for (int fold = 0; fold < 3; ++fold) {
        for (const int seed : {5, 3}) wanted.push_back(fmt::format("{} {} {} {}", label, rep, fold, seed));
      }
    }
  }
  for (int rep = 0; rep < 2; ++rep) {
    for (int fold = 0; fold < 3; ++fold) wanted.push_back(fmt::format("ceiling (twin) {} {} 5", rep, fold));
  }
  EXPECT_EQ(places(plan_of(e)), wanted);
}

TEST(ExpandPlan, FoldsMakeATrialEach) {
  EXPECT_EQ(plan_of(folded(10, 1)).trials.size(), 20u);  // and as many ceilings
  EXPECT_EQ(plan_of(folded(2, 7)).trials.size(), 28u);
  for (const char* kind : {"stratified", "grouped", "stratified_grouped"}) {
    ExperimentSpec same = folded(10, 1);
    same.tasks[0].split.set("kind", std::string(kind));
    EXPECT_EQ(plan_of(same).trials.size(), 20u) << kind;
  }
  ExperimentSpec e = folded(10, 4);
  e.tasks[0].split.set("kind", std::string("holdout"));
  EXPECT_EQ(places(plan_of(e)),
            (std::vector<std::string>{"net 0 -1 0", "net 1 -1 0", "net 2 -1 0", "net 3 -1 0", "ceiling (twin) 0 -1 0",
                                      "ceiling (twin) 1 -1 0", "ceiling (twin) 2 -1 0", "ceiling (twin) 3 -1 0"}));
}

TEST(ExpandPlan, UnseededModelsGetOneTrialUnlessTheirLabelsAreShuffled) {
  ExperimentSpec e = experiment();
  e.variants = {variant_of(line_model(), "line")};
  e.seeds = {4, 5, 6};
  EXPECT_EQ(places(plan_of(e)), (std::vector<std::string>{"line 0 -1 4", "ceiling (twin) 0 -1 4"}));
  e.variants[0].train.set("labels", std::string("shuffled"));
  EXPECT_EQ(places(plan_of(e)),
            (std::vector<std::string>{"line 0 -1 4", "line 0 -1 5", "line 0 -1 6", "ceiling (twin) 0 -1 4"}));
}

TEST(ExpandPlan, EqualRowsAreOneTrialUnderTheFirstLabel) {
  ExperimentSpec e = experiment();
  e.variants.push_back(e.variants[0]);
  e.variants[1].label = "the same again";
  e.variants[1].control = true;
  const Plan plan = plan_of(e);
  EXPECT_EQ(places(plan), (std::vector<std::string>{"net 0 -1 0", "ceiling (twin) 0 -1 0"}));
  EXPECT_EQ(plan.trials[0].spec.row.kind, "fit");
}

TEST(ExpandPlan, TasksKeepTheirOwnSplitsAndData) {
  ExperimentSpec e = experiment();
  e.tasks.push_back(e.tasks[0]);
  e.tasks[1].params.set("twin_seed", std::int64_t{1});
  e.tasks[1].split.set("kind", std::string("kfold"));
  e.variants.push_back(e.variants[0]);
  e.variants[1].task = 1;
  const Plan plan = plan_of(e);
  ASSERT_EQ(plan.trials.size(), 1u + 5 + 1 + 5);
  EXPECT_EQ(plan.trials[0].spec.row.split_kind, "published");
  EXPECT_EQ(plan.trials[1].spec.row.split_kind, "kfold");
  EXPECT_NE(plan.trials[0].spec.row.data_sha256, plan.trials[1].spec.row.data_sha256);
  EXPECT_EQ(plan.trials[1].spec.row.config.at("data"), plan.trials[1].spec.row.data_sha256);
}

template <typename Kind>
std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Kind& error) {
    return error.what();
  }
  return "";
}

TEST(ExpandPlan, AbsentRealDataNamesTheImportCommand) {
  const TempFolder home;
  ExperimentSpec e = experiment();
  e.tasks[0].source = "real";
  const std::string message = message_of<InputError>([&] { (void)plan_of(e, Code(), home.path()); });
  EXPECT_NE(message.find("seqbench data import toy FILE"), std::string::npos) << message;
  EXPECT_NE(message.find((home.path() / "toy").string()), std::string::npos) << message;
  EXPECT_NE(message.find("'toy'"), std::string::npos) << message;
}

class RealData {
 public:
  explicit RealData(const std::string& content) {
    const std::filesystem::path source = home_.path() / "source.tsv";
    std::ofstream(source) << content;
    locked_ = data::install_files(folder(), {{"rows.tsv", source}});
  }
  [[nodiscard]] const std::filesystem::path& home() const { return home_.path(); }
  [[nodiscard]] std::filesystem::path folder() const { return data::task_folder(home_.path(), "toy"); }
  [[nodiscard]] const std::vector<data::LockedFile>& locked() const { return locked_; }

 private:
  TempFolder home_;
  std::vector<data::LockedFile> locked_;
};

TEST(ExpandPlan, RealDataIsKeyedByItsBytesAndHasNoCeiling) {
  const RealData a("x\t1\n"), same("x\t1\n"), other("x\t2\n");
  ExperimentSpec e = experiment();
  e.tasks[0].source = "real";
  const Plan plan = plan_of(e, Code(), a.home());
  EXPECT_EQ(places(plan), (std::vector<std::string>{"net 0 -1 0"}));
  const TrialSpec& trial = plan.trials[0].spec;
  EXPECT_EQ(trial.row.data_sha256, data::lock_sha256(a.locked()));
  EXPECT_EQ(trial.data_folder, a.folder());
  EXPECT_EQ(plan_of(e, Code(), same.home()).trials[0].spec.row.key, trial.row.key);
  EXPECT_NE(plan_of(e, Code(), other.home()).trials[0].spec.row.key, trial.row.key);
}

TEST(ExpandPlan, RealDataOfAnotherSizeIsRefused) {
  const RealData data("x\t1\n");
  std::ofstream(data.folder() / "rows.tsv", std::ios::app) << "y\t2\n";
  ExperimentSpec e = experiment();
  e.tasks[0].source = "real";
  EXPECT_THROW((void)plan_of(e, Code(), data.home()), InputError);
}

TEST(ExpandPlan, WithoutSeedsThereIsNothingToRun) {
  const RealData data("x\t1\n");
  ExperimentSpec e = experiment();
  e.tasks[0].source = "real";
  e.seeds.clear();
  EXPECT_EQ(message_of<InputError>([&] { (void)plan_of(e, Code(), data.home()); }),
            "experiment 'tests/toy' makes no trial");
}

TEST(ExpandPlan, UnknownEntriesAreNamed) {
  ExperimentSpec e = experiment();
  e.variants[0].model = "nett";
  EXPECT_NE(message_of<InputError>([&] { (void)plan_of(e); }).find("nearest: 'net'"), std::string::npos);
}

TEST(FormatPlan, IsGolden) {
  Plan plan = plan_of(folded(2, 1));
  ASSERT_EQ(plan.trials.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) plan.trials[i].spec.row.key = fmt::format("{:08}ffff", i);
  plan.experiment.title = "A \x1b[31mtitle";
  plan.trials[0].estimate_seconds = 3725;
  plan.trials[1].needed = false;
  plan.trials[1].state = "done";
  plan.trials[1].why = "-";
  plan.trials[2].state = "resume";
  plan.trials[2].why = "interrupted at step 40";
  plan.trials[2].estimate_seconds = 59.6;
  EXPECT_EQ(
      format_plan(plan, 3),
      "tests/toy  \"A ?[31mtitle\"  4 trials\n"
      "  key       task                model                               seed  fold  state   why                    "
      "       estimate\n"
      "  00000000  toy                 net                                    0     0  run     never run              "
      "          1h02m\n"
      "  00000001  toy                 net                                    0     1  done    -                      "
      "              -\n"
      "  00000002  toy                 ceiling (twin)                         0     0  resume  interrupted at step 40 "
      "          1m00s\n"
      "  ... 1 more (--limit 0 shows all)\n"
      "to run 3, done 1, failed before 0; about 1h03m of work in one worker; 1 without an estimate\n");
  EXPECT_NE(format_plan(plan, 0).find("  00000003  toy "), std::string::npos);
  EXPECT_EQ(format_plan(plan, 0).find("more ("), std::string::npos);
}

TEST(PlanJson, HoldsWhatTheTableShows) {
  Plan plan = plan_of(folded(2, 1));
  plan.trials[1].estimate_seconds = 2.5;
  const Json json = plan_json(plan);
  EXPECT_EQ(json.at("experiment"), "tests/toy");
  ASSERT_EQ(json.at("trials").size(), 4u);
  const Json& trial = json.at("trials")[1];
  EXPECT_EQ(trial.at("key"), plan.trials[1].spec.row.key);
  EXPECT_EQ(trial.at("fold"), 1);
  EXPECT_EQ(trial.at("estimate_s"), 2.5);
  EXPECT_TRUE(json.at("trials")[0].at("estimate_s").is_null());
}

TEST(RunRow, HoldsEachTrialOnceAndACardForEachEntry) {
  ExperimentSpec e = experiment();
  e.variants.push_back(variant_of(line_model(), "line"));
  e.seeds = {0, 1};
  const Plan plan = plan_of(e);
  const store::RunRow row = run_row(plan, tables(), {"seqbench", "run"}, {"seeds=2"});
  ASSERT_EQ(row.trials.size(), plan.trials.size());
  for (std::size_t i = 0; i < row.trials.size(); ++i) EXPECT_EQ(row.trials[i].trial.key, plan.trials[i].spec.row.key);
  std::vector<std::string> cards;
  for (const store::Card& card : row.cards) cards.push_back(card.kind + " " + card.name);
  EXPECT_EQ(cards, (std::vector<std::string>{"task toy", "model net", "model line"}));
  EXPECT_EQ(row.overrides, Json({"seeds=2"}));
  e.title = "another";
  EXPECT_NE(run_row(plan_of(e), tables(), {}, {}).experiment.spec_sha256, row.experiment.spec_sha256);
}

}  // namespace
}  // namespace seqbench::run
