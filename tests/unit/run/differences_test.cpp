// What is said to differ between two executions of a trial.

#include <gtest/gtest.h>

#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

using Lines = std::vector<std::string>;

Environment environment() {
  Environment e;
  e.torch = "2.13.0";
  e.device = "cpu";
  e.details = {{"libc", "2.36"}, {"variables", {{"OMP_NUM_THREADS", "1"}}}};
  return e;
}

TEST(EnvironmentDifferences, NoneBetweenEquals) {
  EXPECT_EQ(environment_differences(environment(), environment()), Lines{});
}

TEST(EnvironmentDifferences, OneLineAFact) {
  Environment now = environment();
  now.torch = "2.14.0";
  now.threads = 4;
  now.git_dirty = true;
  now.details["variables"]["OMP_NUM_THREADS"] = "2";
  EXPECT_EQ(environment_differences(environment(), now),
            (Lines{"details/variables/OMP_NUM_THREADS: 1 -> 2", "git_dirty: false -> true", "threads: 1 -> 4",
                   "torch: 2.13.0 -> 2.14.0"}));
}

TEST(EnvironmentDifferences, FactsThatOneSideLacksAreAbsentThere) {
  Environment bare = environment();
  bare.details = Json::object();
  EXPECT_EQ(environment_differences(bare, environment()),
            (Lines{"details/libc: absent -> 2.36", "details/variables/OMP_NUM_THREADS: absent -> 1"}));
  EXPECT_EQ(environment_differences(environment(), bare),
            (Lines{"details/libc: 2.36 -> absent", "details/variables/OMP_NUM_THREADS: 1 -> absent"}));
}

TEST(EnvironmentDifferences, ControlCharactersAreCleaned) {
  Environment now = environment();
  now.device = "cuda:0 \x1b[2J";
  EXPECT_EQ(environment_differences(environment(), now), (Lines{"device: cpu -> cuda:0 ?[2J"}));
}

TEST(CodeDifferences, NameTheRooms) {
  const Json before = {{"harness", "a"}, {"task", "b"}, {"model", "c"}};
  EXPECT_EQ(code_differences(before, before), Lines{});
  EXPECT_EQ(code_differences(before, {{"harness", "a"}, {"task", "B"}, {"model", "C"}}),
            (Lines{"code: model", "code: task"}));
  EXPECT_EQ(code_differences({{"harness", "a"}}, {{"harness", "a"}, {"blocks", "d"}}), (Lines{"code: blocks"}));
}

}  // namespace
}  // namespace seqbench::run
