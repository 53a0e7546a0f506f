#pragma once
// Hands trials to worker processes and writes what comes back; the only writer of the store.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/run/plan.h"
#include "harness/run/progress.h"
#include "harness/run/worker_process.h"
#include "harness/store/run_store.h"

namespace seqbench::run {

struct ScheduleOptions {
  int workers = 1;
  std::string device = "auto";
  bool again = false, fail_fast = false;
  std::int64_t max_failures = 0;  // 0 = no limit
  double checkpoint_seconds = 60;
  std::int64_t checkpoint_steps = 0;  // above 0: instead of seconds
  double time_limit_seconds = 0;      // of the run; 0 = none
  std::filesystem::path checkpoint_folder;
};

struct Outcome {
  std::int64_t done = 0, failed = 0, left = 0;
  bool interrupted = false;
};

class Scheduler {
 public:
  Scheduler(store::RunStore& store, const store::RunId& run, Plan& plan, ScheduleOptions options,
            Environment environment, Progress& progress);
  /// Runs until every needed trial has ended or a stop was asked for. Throws MachineError for a full disk or a
  /// damaged store, after the workers were stopped.
  Outcome run();

 private:
  struct Slot {
    std::unique_ptr<WorkerProcess> process;
    PlannedTrial* trial = nullptr;  // null: idle
    store::Begun begun;
    std::int64_t step = 0;          // newest that was trained
    std::int64_t told = 0;          // newest progress: a step, or a part of other work
    bool trained = false;           // which of them
    std::int64_t saved = 0;         // newest that a resume starts from
    double began = 0, moved = 0;    // seconds: trial begin, last step
  };

  void assign(Slot& slot);
  void hand_over(Slot& slot);
  void look_elsewhere();
  void handle(Slot& slot, const Frame& frame);
  void finish(Slot& slot, const store::TrialRecord& record);
  void fail(Slot& slot, const std::string& verdict, const std::string& reason);
  void lost(Slot& slot);
  void watch_limits(Slot& slot);
  void watch_time();
  void ask_to_stop();
  void poll_once();
  void acknowledge(Slot& slot);
  void put_back(Slot& slot);
  [[nodiscard]] bool busy() const;

  store::RunStore& store_;
  store::RunId run_;
  Plan& plan_;
  ScheduleOptions options_;
  Environment environment_;
  Progress& progress_;
  std::deque<PlannedTrial*> waiting_;
  std::vector<PlannedTrial*> elsewhere_;  // held by another living process
  std::vector<Slot> slots_;
  Outcome outcome_;
  double began_ = 0, heartbeat_ = 0;
  double asked_ = -1;       // when the workers were asked to stop
  double interrupted_at_ = -1;  // the newest Ctrl-C
  int signals_seen_ = 0;
  std::string machine_error_;
};

}  // namespace seqbench::run
