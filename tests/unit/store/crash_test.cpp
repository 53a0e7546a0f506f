// Processes killed while they write: what must hold afterwards.
// I1 rows up to a published checkpoint are there; I3 a done trial is whole; I4 one live execution a trial; I5 the
// file is sound.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "harness/base/streams.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;

constexpr int kTrials = 60;
constexpr int kSteps = 12;

std::vector<int> all_trials() {
  std::vector<int> trials;
  for (int i = 0; i < kTrials; ++i) trials.push_back(i);
  return trials;
}

/// A run as harness/run would make it: rows, barrier, checkpoint, and so on to the result.
void work(const std::filesystem::path& path) {
  RunStore store(path);
  const RunId run = store.open_run(run_row(all_trials()));
  for (const int trial : all_trials()) {
    if (store.has_finished(key_of(trial))) continue;
    const Begun begun = store.begin_trial(run, key_of(trial), environment());
    const std::int64_t from = begun.checkpoints.empty() ? 0 : begun.checkpoints.front().step;
    store.resume_from(begun, from);
    for (std::int64_t step = from + 1; step <= kSteps; ++step) {
      store.add_curves(begun, curve(step, step));
      store.heartbeat(begun, step, 0);
      if (step % 4 != 0) continue;
      store.barrier();
      store.add_checkpoint(begun, {step, "last", fmt::format("step-{}", step), "00", 8});
      if (step > 4) store.remove_checkpoint(begun, step - 4, "last");
    }
    store.record(begun, record_of(trial));
  }
  store.close_run(run, "done");
}

void kill_in_the_middle(const std::filesystem::path& path, std::chrono::microseconds after) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      work(path);
    } catch (const std::exception& error) {
      fmt::print(stderr, "child: {}\n", error.what());
      ::_exit(1);
    }
    for (;;) ::pause();
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself";
}

TEST(Crash, TwentyKillsKeepEveryRule) {
  const TempFolder folder;
  Draws draws = Streams(20261121).open("test").at();
  for (int kill = 0; kill < 20; ++kill) {
    ASSERT_NO_FATAL_FAILURE(
        kill_in_the_middle(folder.store(), std::chrono::microseconds(2000 + draws.below(100'000))));
    RunStore open(folder.store());  // also after a kill while the store was made
    ASSERT_EQ(joined(Reader(folder.store()).check()), "") << "after kill " << kill;  // I3, I4, I5
    // I1: all rows up to a published checkpoint are there.
    ASSERT_EQ(sql(folder.store(), "SELECT count(*) FROM checkpoints k WHERE k.step > (SELECT count(*) FROM curves c"
                                  " WHERE c.execution = k.execution AND c.step <= k.step)"), "0");
    // Nothing of a result before its end.
    ASSERT_EQ(sql(folder.store(), "SELECT count(*) FROM executions e WHERE e.status <> 'done'"
                                  " AND (EXISTS (SELECT 1 FROM metrics m WHERE m.execution = e.id)"
                                  " OR EXISTS (SELECT 1 FROM predictions p WHERE p.execution = e.id))"), "0");
    ASSERT_EQ(sql(folder.store(), "SELECT count(*) FROM executions e WHERE e.status = 'done' AND (SELECT count(*) FROM"
                                  " curves c WHERE c.execution = e.id) <> 12"), "0");
  }
  work(folder.store());
  EXPECT_GT(std::stoi(sql(folder.store(), "SELECT count(*) FROM attempts WHERE status = 'lost'")), 0);
  const TempFolder undisturbed;
  work(undisturbed.store());
  EXPECT_EQ(exported(folder.store()), exported(undisturbed.store()));
}

}  // namespace
}  // namespace seqbench::store
