#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "harness/store/process.h"
#include "tests/unit/store/fixture.h"

namespace {
int syncs = 0;
}

// Stand in for libc's: SQLite syncs its log through one of these.
extern "C" int fdatasync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace seqbench::store {
namespace {

using namespace test;

class TrialLife : public ::testing::Test {
 protected:
  [[nodiscard]] Begun begin(bool again = false) { return store.begin_trial(run, key_of(1), environment(), again); }
  std::string query(const std::string& text) const { return sql(folder.store(), text); }

  TempFolder folder;
  RunStore store{folder.store()};
  RunId run = store.open_run(run_row({1, 2}));
};

TEST_F(TrialLife, FromNothingToDone) {
  EXPECT_EQ(store.state(key_of(1)).status, "");
  const Begun begun = begin();
  EXPECT_EQ(begun.ordinal, 1);
  EXPECT_TRUE(begun.checkpoints.empty());
  EXPECT_EQ(store.state(key_of(1)).status, "running");
  EXPECT_TRUE(store.state(key_of(1)).owner_alive);
  store.heartbeat(begun, 7, 1);
  EXPECT_EQ(store.state(key_of(1)).step, 7);
  EXPECT_FALSE(store.has_finished(key_of(1)));
  store.record(begun, record_of(1));
  const TrialState state = store.state(key_of(1));
  EXPECT_EQ(state.status, "done");
  EXPECT_EQ(state.verdict, "ok");
  EXPECT_EQ(state.result_sha256, record_of(1).result_sha256());
  EXPECT_EQ(Reader(folder.store()).state(key_of(1)).status, "done");
  EXPECT_FALSE(state.owner_alive);
  EXPECT_TRUE(store.has_finished(key_of(1)));
  EXPECT_EQ(query("SELECT status, from_step FROM attempts"), "done|0");
}

TEST_F(TrialLife, DoneIsNotRepeatedUnlessAskedFor) {
  store.record(begin(), record_of(1));
  EXPECT_THROW((void)begin(), TrialTaken);
  const Begun second = begin(true);
  EXPECT_EQ(store.state(key_of(1)).status, "running");
  TrialRecord failed = record_of(1);
  failed.verdict = "nan_loss";
  failed.reason = "loss is nan at step 3";
  store.record(second, failed);
  EXPECT_TRUE(store.has_finished(key_of(1)));  // the first result stands
  EXPECT_EQ(query("SELECT count(*) FROM executions"), "2");
  EXPECT_EQ(Reader(folder.store()).trials_of_run(run.id).at(0).status, "done");
}

TEST_F(TrialLife, FailedKeepsItsReasonAndStartsAnew) {
  TrialRecord failed = record_of(1);
  failed.verdict = "out_of_memory";
  failed.reason = "asked for 3 GiB";
  failed.metrics.clear();
  const Begun first = begin();
  store.record(first, failed);
  const TrialState state = store.state(key_of(1));
  EXPECT_EQ(state.status, "failed");
  EXPECT_EQ(state.verdict, "out_of_memory");
  EXPECT_EQ(state.reason, "asked for 3 GiB");
  EXPECT_EQ(state.result_sha256, "");
  const Begun second = begin();
  EXPECT_NE(second.execution, first.execution);
  EXPECT_NE(second.execution_uid, first.execution_uid);
  EXPECT_EQ(second.ordinal, 1);
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
}

TEST_F(TrialLife, UnknownVerdictIsRefusedWhole) {
  TrialRecord wrong = record_of(1);
  wrong.verdict = "tired";
  EXPECT_THROW(store.record(begin(), wrong), MachineError);
  EXPECT_EQ(query("SELECT count(*) FROM metrics"), "0");
  EXPECT_EQ(store.state(key_of(1)).status, "running");
}

TEST_F(TrialLife, ResumeDeletesRowsPastTheCheckpoint) {
  const Begun first = begin();
  store.add_curves(first, curve(1, 30));
  store.add_checkpoint(first, {10, "last", "a/step-10", "aa", 100});
  store.add_checkpoint(first, {20, "last", "a/step-20", "bb", 100});
  store.add_checkpoint(first, {20, "best", "a/best", "cc", 100});
  store.heartbeat(first, 30, 3);
  store.interrupt(first, "interrupted", SIGTERM, "asked to stop");
  EXPECT_EQ(store.state(key_of(1)).status, "interrupted");
  EXPECT_EQ(store.state(key_of(1)).step, 30);
  EXPECT_EQ(query("SELECT status, signal, error FROM attempts"), "interrupted|15|asked to stop");

  const Begun second = begin();
  EXPECT_EQ(second.execution, first.execution);
  EXPECT_EQ(second.ordinal, 2);
  ASSERT_EQ(second.checkpoints.size(), 3u);
  EXPECT_EQ(second.checkpoints[0].step, 20);
  EXPECT_EQ(second.checkpoints[0].kind, "last");
  EXPECT_EQ(second.checkpoints[0].path, "a/step-20");
  EXPECT_EQ(second.checkpoints[1].kind, "best");
  EXPECT_EQ(second.checkpoints[2].step, 10);
  EXPECT_EQ(query("SELECT count(*), max(step) FROM curves"), "20|20");
  EXPECT_EQ(store.state(key_of(1)).step, 20);

  store.resume_from(second, 10);  // the newest file was torn
  EXPECT_EQ(query("SELECT count(*), max(step) FROM curves"), "10|10");
  EXPECT_EQ(query("SELECT count(*), max(step) FROM checkpoints"), "1|10");
  EXPECT_EQ(query("SELECT from_step FROM attempts WHERE ordinal = 2"), "10");
  store.add_curves(second, curve(11, 20));
  store.remove_checkpoint(second, 10, "last");
  store.record(second, record_of(1));
  EXPECT_EQ(Reader(folder.store()).curves(second.execution).size(), 20u);
  EXPECT_EQ(query("SELECT count(*) FROM checkpoints"), "0");
}

TEST_F(TrialLife, WithoutACheckpointAllRowsGo) {
  const Begun first = begin();
  store.add_curves(first, curve(1, 30));
  store.interrupt(first, "interrupted", 0, "");
  EXPECT_EQ(query("SELECT count(*) FROM curves"), "30");
  (void)begin();
  EXPECT_EQ(query("SELECT count(*) FROM curves"), "0");
  EXPECT_EQ(query("SELECT signal, error FROM attempts WHERE ordinal = 1"), "NULL|NULL");
}

TEST_F(TrialLife, TimingsAddUpOverAttempts) {
  const Begun first = begin();
  store.add_timings(first, {{.phase = "make", .count = 1, .total_ns = 7'000'000'000, .items = 0},
                            {.phase = "train", .count = 5, .total_ns = 3'000'000'000, .items = 320}});
  store.interrupt(first, "interrupted", SIGINT, "");
  store.record(begin(), record_of(1));
  const TrialResult trial = Reader(folder.store()).trial(key_of(1));
  EXPECT_EQ(trial.attempts, 2);
  EXPECT_EQ(trial.work_seconds, 5.0);
  EXPECT_EQ(trial.total_seconds, 12.5);
  EXPECT_EQ(trial.items_per_second, 192.0);
}

TEST_F(TrialLife, LiveExecutionIsUnique) {
  (void)begin();
  EXPECT_THROW(query("INSERT INTO executions (uid, trial, status) SELECT 'u', trial, 'queued' FROM executions"),
               std::runtime_error);
  EXPECT_EQ(query("SELECT count(*) FROM executions"), "1");
}

TEST_F(TrialLife, LivingOwnerIsNamed) {
  (void)begin();
  const std::string text = in_child([&] {
    RunStore other(folder.store());
    if (!other.state(key_of(1)).owner_alive) return std::string("seen as dead");
    return message_of<TrialTaken>([&] { (void)other.begin_trial(run, key_of(1), environment()); });
  });
  EXPECT_NE(text.find(this_process()), std::string::npos) << text;
  EXPECT_NE(text.find(key_of(1)), std::string::npos) << text;
  EXPECT_EQ(query("SELECT count(*), min(status) FROM attempts"), "1|running");
}

TEST_F(TrialLife, DeadOwnerIsTakenOver) {
  const std::string text = in_child([&] {
    RunStore other(folder.store());
    const Begun begun = other.begin_trial(run, key_of(1), environment());
    other.add_curves(begun, curve(1, 20));
    other.add_checkpoint(begun, {10, "last", "p", "s", 1});
    other.barrier();
    return other.state(key_of(1)).owner_alive ? "alive" : "dead";
  });
  EXPECT_EQ(text, "alive");
  EXPECT_EQ(store.state(key_of(1)).status, "running");
  EXPECT_FALSE(store.state(key_of(1)).owner_alive);
  const Begun begun = begin();
  EXPECT_EQ(begun.ordinal, 2);
  EXPECT_EQ(begun.checkpoints.at(0).step, 10);
  EXPECT_EQ(query("SELECT status, ended_at IS NOT NULL FROM attempts WHERE ordinal = 1"), "lost|1");
  EXPECT_EQ(query("SELECT count(*) FROM curves"), "10");
}

TEST_F(TrialLife, OwnerOfAnotherBootIsDead) {
  (void)begin();
  query("UPDATE attempts SET owner = '00000000-0000-0000-0000-000000000000:1:1'");
  EXPECT_FALSE(store.state(key_of(1)).owner_alive);
  query("UPDATE attempts SET owner = 'nonsense'");
  EXPECT_FALSE(store.state(key_of(1)).owner_alive);
  EXPECT_EQ(begin().ordinal, 2);
}

TEST_F(TrialLife, ReusedProcessNumberIsNotTheOwner) {
  const std::string self = this_process();
  EXPECT_TRUE(process_lives(self));
  EXPECT_FALSE(process_lives(self + "0"));  // same pid, other start
  const std::string child = in_child([] { return this_process(); });
  EXPECT_NE(child, self);
  EXPECT_FALSE(process_lives(child));
}

TEST_F(TrialLife, StaleAttemptCannotWrite) {
  const Begun stale = begin();
  store.add_curves(stale, curve(1, 3));
  store.interrupt(stale, "lost", 0, "worker is gone");
  const Begun fresh = begin();
  EXPECT_THROW(store.record(stale, record_of(1)), TrialTaken);
  EXPECT_THROW(store.add_checkpoint(stale, {1, "last", "p", "s", 1}), TrialTaken);
  EXPECT_THROW(store.resume_from(stale, 0), TrialTaken);
  EXPECT_THROW(store.interrupt(stale, "interrupted", 0, ""), TrialTaken);
  store.add_curves(stale, curve(100, 103));
  EXPECT_THROW(store.barrier(), TrialTaken);
  store.add_curves(fresh, curve(1, 2));
  store.barrier();
  EXPECT_EQ(query("SELECT count(*), max(step) FROM curves"), "2|2");
  store.record(fresh, record_of(1));
  EXPECT_THROW(store.record(fresh, record_of(1)), TrialTaken);
}

TEST_F(TrialLife, LossesInARowAtOneStep) {
  const auto lose = [&] {
    const Begun begun = begin();
    store.interrupt(begun, "lost", SIGKILL, "");
    return begun;
  };
  Begun begun = lose();
  EXPECT_EQ(store.losses_at(begun, 0), 1);
  begun = lose();
  EXPECT_EQ(store.losses_at(begun, 0), 2);
  begun = begin();
  EXPECT_EQ(store.losses_at(begun, 0), 2);
  query("UPDATE attempts SET owner = 'nonsense' WHERE status = 'running'");  // its run was killed: no fault of the trial
  begun = begin();
  EXPECT_EQ(query("SELECT count(*) FROM attempts WHERE status = 'lost'"), "3");
  EXPECT_EQ(store.losses_at(begun, 0), 2);
  store.add_checkpoint(begun, {5, "last", "p", "s", 1});
  store.interrupt(begun, "lost", SIGKILL, "");
  begun = lose();  // from step 5
  EXPECT_EQ(store.losses_at(begun, 5), 1);
  EXPECT_EQ(store.losses_at(begun, 0), 0);
  begun = begin();
  store.interrupt(begun, "interrupted", SIGTERM, "");
  EXPECT_EQ(store.losses_at(begun, 5), 0);

  begun = lose();  // given up although no attempt runs
  TrialRecord killed = record_of(1);
  killed.verdict = "killed";
  store.record(begun, killed);
  EXPECT_EQ(store.state(key_of(1)).reason, "killed");
  EXPECT_EQ(query("SELECT status FROM attempts ORDER BY id DESC LIMIT 1"), "lost");
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
}

TEST_F(TrialLife, UnknownTrialIsNamed) {
  EXPECT_NE(message_of<InputError>([&] { (void)store.begin_trial(run, "feed", environment()); }).find("feed"),
            std::string::npos);
}

TEST_F(TrialLife, EightProcessesShareOneTrialOnce) {
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    int code = 1;
    try {
      RunStore other(folder.store());
      const Begun begun = other.begin_trial(run, key_of(1), environment());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      other.record(begun, record_of(1));
      code = 0;
    } catch (const TrialTaken&) {
      code = 3;
    } catch (const std::exception&) {
    }
    ::_exit(code);
  }
  int won = 0, refused = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    refused += WIFEXITED(status) && WEXITSTATUS(status) == 3;
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(query("SELECT count(*) FROM attempts"), "1");
}

TEST_F(TrialLife, CurvesWaitForTheirTurnOrABarrier) {
  const Begun begun = begin();
  const auto rows = [&] { return query("SELECT count(*) FROM curves"); };
  store.add_curves(begun, curve(1, 1999));
  EXPECT_EQ(rows(), "0");
  store.add_curves(begun, curve(2000, 2000));
  EXPECT_EQ(rows(), "2000");
  store.add_curves(begun, curve(2001, 2001));
  EXPECT_EQ(rows(), "2000");
  std::this_thread::sleep_for(std::chrono::milliseconds(260));
  store.heartbeat(begun, 2001, 0);
  EXPECT_EQ(rows(), "2001");
  store.add_curves(begun, curve(2002, 2002));
  store.barrier();
  EXPECT_EQ(rows(), "2002");
  // Nothing is held between the calls: another writer needs no turn.
  store.add_curves(begun, curve(2003, 2003));
  query("UPDATE runs SET status = 'running'");
}

TEST_F(TrialLife, BarrierSyncsWhatWasWrittenInOrder) {
  const Begun begun = begin();
  syncs = 0;
  store.add_curves(begun, curve(1, 2000));
  EXPECT_EQ(query("SELECT count(*) FROM curves"), "2000");
  EXPECT_EQ(syncs, 0);
  store.barrier();  // nothing is pending, but the commit above may be in the disk's cache
  EXPECT_GE(syncs, 1);
  syncs = 0;
  store.barrier();
  EXPECT_EQ(syncs, 0);
  store.add_checkpoint(begun, {1, "last", "p", "s", 1});
  EXPECT_GE(syncs, 1);
}

TEST_F(TrialLife, DestructorWritesWhatIsPending) {
  const Begun begun = begin();
  {
    RunStore second(folder.store());
    second.add_curves(begun, curve(1, 5));
  }
  EXPECT_EQ(query("SELECT count(*) FROM curves"), "5");
}

}  // namespace
}  // namespace seqbench::store
