#pragma once
// What a person or a program sees while a run goes on (HARNESS 3.3): lines on stderr, redrawn on a terminal;
// JSON lines on stdout. Names are cleaned of control characters; a closed stream ends progress, not the run.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/run/plan.h"

namespace seqbench::run {

enum class ProgressMode { kPlain, kTerminal, kQuiet, kJson };

class Progress {
 public:
  Progress(ProgressMode mode, const Plan& plan, int workers);

  void run_begin(const std::string& run_uid, const std::string& device);
  void trial_begin(const PlannedTrial& trial, const std::string& device, std::int64_t attempt, std::int64_t from_step);
  void trial_progress(const PlannedTrial& trial, const Json& message);
  /// The newest value of the metric that is followed, for the progress line.
  void metric(const PlannedTrial& trial, const std::string& name, double value);
  void checkpoint(const PlannedTrial& trial, std::int64_t step);
  void trial_end(const PlannedTrial& trial, const store::TrialRecord& record, const std::string& result_sha256);
  void trial_interrupted(const PlannedTrial& trial, const std::string& why, std::int64_t step);
  void warning(const std::string& text);
  void run_end(const std::string& status, int exit_code);

 private:
  struct Running {
    std::int64_t number = 0, step = 0, steps = 0, from_step = -1;
    bool trained = false;  // steps of training, or else parts of other work
    double begun = 0, since = 0, told = 0, epoch = 0, rate = 0, metric = 0;  // since: from_step
    std::string loss, metric_name;
  };
  [[nodiscard]] std::string name_of(const PlannedTrial& trial) const;
  [[nodiscard]] double eta(const Running& running) const;
  /// Seconds until all trials have ended, below 0 when nothing is known yet.
  [[nodiscard]] double run_eta() const;
  void line(const std::string& text);
  void event(Json json);
  void redraw(bool force);
  void clear_block();

  ProgressMode mode_;
  const Plan& plan_;
  int workers_;
  std::map<std::string, Running> running_;  // by key
  std::size_t begun_ = 0, done_ = 0, failed_ = 0, total_ = 0;
  double started_ = 0, drawn_ = 0, ended_seconds_ = 0;
  int drawn_lines_ = 0;
  std::string run_uid_;
};

}  // namespace seqbench::run
