// A twin has no leak but those that a test plants: its audit is silent on the split that the task means to be honest.

#include "harness/audit/audit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/run/split.h"
#include "harness/spec/experiment.h"
#include "tests/property/support.h"

namespace seqbench::property {
namespace {

class TwinAudit : public ::testing::TestWithParam<TaskEntry> {};

/// The published split, else whole groups of one side, else drawn rows.
data::SplitRows honest_split(const TaskEntry& task, const Examples& examples) {
  run::TrialConfig config;
  config.task = &task;
  config.split = Params(spec::split_keys());
  const bool published = std::ranges::find(task.splits, "published") != task.splits.end();
  config.split.set("kind", std::string(published ? "published" : task.group.empty() ? "kfold" : "grouped"));
  config.split.set("group", published ? std::string() : task.group);
  config.fold = published ? -1 : 0;
  return run::split_rows(examples, config);
}

TEST_P(TwinAudit, IsSilent) {
  const auto twin = load_twin(GetParam(), 1500);
  const audit::Audit found = audit::audit(GetParam(), *twin, honest_split(GetParam(), twin->examples()), GetParam().group);
  EXPECT_EQ(found.alarms(), 0) << audit::to_json(found).dump(1);
  EXPECT_FALSE(found.view.empty());
}

TEST_P(TwinAudit, FindsARowThatIsTestedOnWhereItWasTrained) {
  const auto twin = load_twin(GetParam(), 1500);
  data::SplitRows rows = honest_split(GetParam(), twin->examples());
  for (std::size_t i = 0; i < 20 && i < rows.test.size(); ++i) rows.train.push_back(rows.test[i]);
  EXPECT_GT(audit::audit(GetParam(), *twin, rows, GetParam().group).alarms(), 0);
}

INSTANTIATE_TEST_SUITE_P(Tasks, TwinAudit, ::testing::ValuesIn(all_tasks()), [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace seqbench::property
