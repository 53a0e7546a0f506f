// A task whose data the user declares: its key is their content, and a change is found out.
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/run/run_trial.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

using namespace test;

/// What the file of the task holds; a test may change it.
std::string& content() {
  static std::string text;
  return text;
}

struct NoData : Dataset {
  [[nodiscard]] View view(std::string_view) const override { return {}; }
};

Tables declared_tables() {
  TaskEntry task = toy_task();
  task.name = "mine";
  task.import_files = nullptr;
  task.has_twin = false;
  task.room = "harness/table";
  task.declaration = {{"label", "y"}};
  task.fingerprint = [] { return sha256_hex(content()); };
  task.load = [](const LoadRequest&) -> std::unique_ptr<Dataset> { return std::make_unique<NoData>(); };
  Tables all = tables();
  all.add({task}, {});
  return all;
}

Plan plan_of_mine(const Tables& all) {
  static constexpr CodeHash kRooms[] = {{"harness", "same"}, {"harness/table", "rows"}, {"models/net", "same"}};
  spec::ExperimentSpec e = experiment();
  e.tasks[0].task = "mine";
  e.tasks[0].source = "real";
  return expand_plan(e, all, {kRooms}, {.data_home = "none"});
}

TEST(DeclaredTask, ItsKeyIsTheContentAndTheCodeOfTheRoom) {
  const Tables all = declared_tables();
  content() = "one";
  const Plan plan = plan_of_mine(all);
  ASSERT_EQ(plan.trials.size(), 1u) << "no ceiling: there is no twin";
  const store::TrialRow& row = plan.trials[0].spec.row;
  EXPECT_EQ(row.config.at("data"), sha256_hex("one"));
  EXPECT_EQ(row.config.at("code").at("task"), "rows");
  EXPECT_EQ(row.source, "real");
  EXPECT_EQ(run_row(plan, all, {}, {}).cards.at(0).card.at("declaration").at("label"), "y");
  content() = "two";
  EXPECT_NE(plan_of_mine(all).trials[0].spec.row.key, row.key);
}

TEST(DeclaredTask, AFileThatChangedIsRefusedAfterItWasRead) {
  const Tables all = declared_tables();
  content() = "one";
  const TrialSpec spec = plan_of_mine(all).trials[0].spec;
  const TrialConfig config = TrialConfig::of(spec.row, all);
  DataCache cache;
  EXPECT_NO_THROW(static_cast<void>(cache.get(config, spec)));
  content() = "two";
  EXPECT_NO_THROW(static_cast<void>(cache.get(config, spec))) << "what is in memory is what was planned";
  DataCache another;
  EXPECT_THROW(static_cast<void>(another.get(config, spec)), InputError);
  EXPECT_THROW(static_cast<void>(another.get(config, spec)), InputError) << "nor is it kept";
}

TEST(DeclaredTask, ARerunSaysThatTheDataChanged) {
  const Tables all = declared_tables();
  content() = "one";
  const store::TrialRow row = plan_of_mine(all).trials[0].spec.row;
  store::TrialResult before;
  before.task = "mine";
  before.model = row.model;
  before.kind = row.kind;
  before.source = row.source;
  before.config = row.config;
  EXPECT_EQ(plan_again(before, all, {}, "none").trials.size(), 1u);
  content() = "two";
  EXPECT_THROW(static_cast<void>(plan_again(before, all, {}, "none")), InputError);
}

}  // namespace
}  // namespace seqbench::run
