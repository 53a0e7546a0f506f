#include <gtest/gtest.h>

#include <cmath>

#include "harness/contract/task.h"

namespace seqbench {
namespace {

TaskEntry task(TaskKind kind, std::vector<std::string> targets) {
  TaskEntry entry;
  entry.kind = kind;
  for (const std::string& name : targets) entry.targets.push_back({name, "", ""});
  return entry;
}

std::string reason(const TaskEntry& entry, const std::vector<double>& predictions, std::int64_t rows) {
  const Verdict verdict = verify(entry, predictions, rows);
  EXPECT_EQ(verdict.ok, verdict.reason.empty());
  return verdict.reason;
}

const TaskEntry kRegression = task(TaskKind::kRegression, {"brightness", "stability"});
const TaskEntry kBinary = task(TaskKind::kBinary, {"promoter"});

TEST(Verify, AcceptsFinitePredictions) {
  EXPECT_EQ(reason(kRegression, {1, -2, 3e300, 0}, 2), "");
  EXPECT_EQ(reason(kRegression, {}, 0), "");
  EXPECT_EQ(reason(kBinary, {0, 1, 0.5}, 3), "");
}

TEST(Verify, CountsRowsTimesTargets) {
  EXPECT_EQ(reason(kRegression, {1, 2, 3}, 2), "expected 4 predictions (2 rows, 2 targets), got 3");
  EXPECT_EQ(reason(kRegression, {1, 2, 3, 4, 5}, 2), "expected 4 predictions (2 rows, 2 targets), got 5");
  EXPECT_EQ(reason(kBinary, {}, 1), "expected 1 predictions (1 rows, 1 targets), got 0");
}

TEST(Verify, NamesTheFirstRowAndTargetThatIsNotFinite) {
  EXPECT_EQ(reason(kRegression, {1, 2, 3, std::nan(""), HUGE_VAL, 6}, 3),
            "row 1, target 'stability': expected a finite number, got nan");
  EXPECT_EQ(reason(kRegression, {1, 2, 3, 4, -HUGE_VAL, 6}, 3),
            "row 2, target 'brightness': expected a finite number, got -inf");
}

TEST(Verify, BinaryPredictionsAreProbabilities) {
  EXPECT_EQ(reason(kBinary, {0.5, 1.5}, 2), "row 1, target 'promoter': expected a probability from 0 to 1, got 1.5");
  EXPECT_EQ(reason(kBinary, {-1e-9}, 1), "row 0, target 'promoter': expected a probability from 0 to 1, got -1e-09");
  EXPECT_EQ(reason(kBinary, {std::nan("")}, 1),
            "row 0, target 'promoter': expected a probability from 0 to 1, got nan");
}

}  // namespace
}  // namespace seqbench
