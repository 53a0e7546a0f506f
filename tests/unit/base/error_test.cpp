#include "harness/base/error.h"

#include <gtest/gtest.h>

namespace seqbench {
namespace {

TEST(Error, CarriesTheExitCodeOfItsKind) {
  EXPECT_EQ(InputError("x").code(), ExitCode::kInput);
  EXPECT_EQ(MachineError("x").code(), ExitCode::kMachine);
  EXPECT_EQ(Interrupted().code(), ExitCode::kInterrupted);
  EXPECT_STREQ(InputError("line 3: no").what(), "line 3: no");
}

TEST(Assert, PassesOnTruth) { SEQBENCH_ASSERT(1 + 1 == 2, "arithmetic"); }

TEST(AssertDeathTest, NamesPlaceConditionAndReason) {
  const int rows = 3;
  EXPECT_DEATH(SEQBENCH_ASSERT(rows == 4, "rows are four"),
               "error_test\\.cpp:[0-9]+: assertion failed: rows == 4: rows are four");
}

TEST(Assert, EvaluatesTheConditionOnce) {
  int calls = 0;
  SEQBENCH_ASSERT(++calls > 0, "counted");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace seqbench
