#include "harness/run/scheduler.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/measure/capture.h"
#include "harness/run/record_json.h"
#include "harness/run/signals.h"

namespace seqbench::run {
namespace fs = std::filesystem;

namespace {

constexpr int kPollMilliseconds = 200;
constexpr double kHeartbeatSeconds = 10, kSecondSignalSeconds = 5;
constexpr int kLossesBeforeFailure = 3;

Json checkpoints_json(const std::vector<store::CheckpointRow>& rows) {
  Json out = Json::array();
  for (const store::CheckpointRow& c : rows) {
    out.push_back({{"step", c.step}, {"kind", c.kind}, {"path", c.path}, {"sha256", c.sha256}, {"bytes", c.bytes}});
  }
  return out;
}

}  // namespace

Scheduler::Scheduler(store::RunStore& store, const store::RunId& run, Plan& plan, ScheduleOptions options,
                     Environment environment, Progress& progress)
    : store_(store), run_(run), plan_(plan), options_(std::move(options)), environment_(std::move(environment)),
      progress_(progress), began_(monotonic_seconds()) {
  for (PlannedTrial& trial : plan_.trials) {
    if (trial.needed) waiting_.push_back(&trial);
  }
  slots_.resize(std::min(static_cast<std::size_t>(options_.workers), std::max<std::size_t>(1, waiting_.size())));
}

bool Scheduler::busy() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.trial != nullptr; });
}

Outcome Scheduler::run() {
  while (true) {
    if (asked_ < 0) {
      for (Slot& slot : slots_) {
        while (slot.trial == nullptr && !waiting_.empty()) assign(slot);
      }
    }
    if (!busy() && (elsewhere_.empty() || asked_ >= 0)) break;
    poll_once();
    if (!busy()) look_elsewhere();
    for (Slot& slot : slots_) {
      if (slot.trial != nullptr) watch_limits(slot);
    }
    watch_time();
  }
  outcome_.left = static_cast<std::int64_t>(waiting_.size() + elsewhere_.size());
  if (!machine_error_.empty()) throw MachineError(machine_error_);
  return outcome_;
}

void Scheduler::assign(Slot& slot) {
  PlannedTrial* trial = waiting_.front();
  waiting_.pop_front();
  environment_.threads = trial->spec.threads;
  try {
    slot.begun = store_.begin_trial(run_, trial->spec.row.key, environment_, options_.again);
  } catch (const store::TrialTaken& taken) {
    progress_.warning(std::string(taken.what()) + "; waiting for it");
    elsewhere_.push_back(trial);
    return;
  }
  if (!slot.process) slot.process = std::make_unique<WorkerProcess>();
  slot.trial = trial;
  slot.saved = slot.step = slot.begun.checkpoints.empty() ? 0 : slot.begun.checkpoints.front().step;
  slot.told = slot.step;
  slot.trained = true;
  slot.began = slot.moved = monotonic_seconds();
  hand_over(slot);
}

/// Trials that another process held: done there, or ours after all once that process is gone.
void Scheduler::look_elsewhere() {
  std::erase_if(elsewhere_, [&](PlannedTrial* trial) {
    const store::TrialState state = store_.state(trial->spec.row.key);
    if (state.status == "done") return true;
    if (state.status == "failed") {
      ++outcome_.failed;
      return true;
    }
    if (state.owner_alive) return false;
    waiting_.push_back(trial);
    return true;
  });
}

void Scheduler::hand_over(Slot& slot) {
  const PlannedTrial* trial = slot.trial;
  progress_.trial_begin(*trial, environment_.device, slot.begun.ordinal, slot.step);
  const fs::path folder = options_.checkpoint_folder / trial->spec.row.key / slot.begun.execution_uid;
  const Json job = {{"trial", trial->spec.to_json()},
                      {"device", options_.device},
                      {"numerics_class", environment_.numerics_class()},
                      {"checkpoint_folder", folder.string()},
                      {"checkpoints", checkpoints_json(slot.begun.checkpoints)},
                      {"checkpoint_seconds", options_.checkpoint_seconds},
                      {"checkpoint_steps", options_.checkpoint_steps}};
  if (slot.process->send(job)) return;
  slot.process = std::make_unique<WorkerProcess>();  // the idle worker had gone
  if (!slot.process->send(job)) lost(slot);
}

void Scheduler::poll_once() {
  std::vector<pollfd> watched = {{stop_descriptor(), POLLIN, 0}};
  std::vector<Slot*> owners = {nullptr};
  for (Slot& slot : slots_) {
    if (slot.trial == nullptr) continue;
    watched.push_back({slot.process->descriptor(), POLLIN, 0});
    owners.push_back(&slot);
  }
  ::poll(watched.data(), watched.size(), kPollMilliseconds);
  if (watched[0].revents != 0) clear_stop_descriptor();
  if (stop_signals() > signals_seen_) {
    outcome_.interrupted = true;
    ask_to_stop();
  }
  for (std::size_t i = 1; i < watched.size(); ++i) {
    Slot& slot = *owners[i];
    if (watched[i].revents == 0 || !slot.process) continue;
    const bool open = slot.process->read();
    while (slot.trial != nullptr && slot.process) {
      const std::optional<Frame> frame = slot.process->next();
      if (!frame) break;
      handle(slot, *frame);
    }
    if (!open && slot.process) lost(slot);
  }
  const double now = monotonic_seconds();
  if (now - heartbeat_ < kHeartbeatSeconds) return;
  heartbeat_ = now;
  for (Slot& slot : slots_) {
    if (slot.trial != nullptr) store_.heartbeat(slot.begun, slot.step, 0);
  }
}

void Scheduler::handle(Slot& slot, const Frame& frame) {
  const std::string type = frame.head.at("type");
  if (type == "progress") {
    const std::int64_t step = frame.head.at("step");
    const bool trained = frame.head.at("trained");
    if (step != slot.told || trained != slot.trained) slot.moved = monotonic_seconds();
    slot.told = step;
    slot.trained = trained;
    if (trained) slot.step = step;
    progress_.trial_progress(*slot.trial, frame.head);
  } else if (type == "curves") {
    const std::vector<store::CurvePoint> points = unpack_curves(frame.head.at("points"), frame.tail);
    store_.add_curves(slot.begun, points);
    for (const store::CurvePoint& point : points) {
      if (point.split == 1 && point.name != "loss") progress_.metric(*slot.trial, "val_" + point.name, point.value);
    }
  } else if (type == "resumed") {
    slot.saved = slot.step = slot.told = frame.head.at("step");
    store_.resume_from(slot.begun, slot.step);
    acknowledge(slot);
  } else if (type == "barrier") {
    store_.barrier();
    acknowledge(slot);
  } else if (type == "checkpoint") {
    for (const std::int64_t step : frame.head.at("removed")) store_.remove_checkpoint(slot.begun, step, "last");
    store_.add_checkpoint(slot.begun, {frame.head.at("step"), frame.head.at("kind"), frame.head.at("path"),
                                       frame.head.at("sha256"), frame.head.at("bytes")});
    slot.saved = frame.head.at("step");
    progress_.checkpoint(*slot.trial, slot.saved);
  } else if (type == "warning") {
    progress_.warning(frame.head.at("text"));
  } else if (type == "record") {
    finish(slot, unpack(frame.head.at("record"), frame.tail));
  } else if (type == "interrupted" || type == "machine_error") {
    if (type == "machine_error") machine_error_ = frame.head.at("text");
    store_.interrupt(slot.begun, "interrupted", last_stop_signal(), machine_error_);
    progress_.trial_interrupted(*slot.trial, type == "interrupted" ? "stopped" : machine_error_, slot.step);
    put_back(slot);
    slot.process.reset();
    if (type == "machine_error") ask_to_stop();
  }
}

/// A worker that is gone meanwhile is noticed at its end of the pipe.
void Scheduler::acknowledge(Slot& slot) { static_cast<void>(slot.process->send({{"do", "go"}})); }

void Scheduler::put_back(Slot& slot) {
  waiting_.push_front(slot.trial);
  slot.trial = nullptr;
}

void Scheduler::finish(Slot& slot, const store::TrialRecord& record) {
  store_.record(slot.begun, record);
  const bool ok = record.verdict == "ok";
  ++(ok ? outcome_.done : outcome_.failed);
  progress_.trial_end(*slot.trial, record, ok ? record.result_sha256() : "");
  std::error_code ignored;  // a checkpoint left behind costs disk, not results
  fs::remove_all(options_.checkpoint_folder / slot.trial->spec.row.key / slot.begun.execution_uid, ignored);
  fs::remove(options_.checkpoint_folder / slot.trial->spec.row.key, ignored);
  slot.trial = nullptr;
  const bool too_many = options_.max_failures > 0 && outcome_.failed >= options_.max_failures;
  if (!ok && (options_.fail_fast || too_many) && asked_ < 0) ask_to_stop();
}

void Scheduler::fail(Slot& slot, const std::string& verdict, const std::string& reason) {
  slot.process->signal(SIGKILL);
  slot.process->wait();
  slot.process.reset();
  store::TrialRecord record;
  record.verdict = verdict;
  record.reason = reason;
  record.step = slot.step;
  finish(slot, record);
}

void Scheduler::lost(Slot& slot) {
  const int signal = slot.process->wait();
  slot.process.reset();
  if (slot.trial == nullptr) return;
  const std::string how = signal == 0 ? "the worker ended without a result"
                                      : fmt::format("the worker was ended by signal {} ({})", signal, ::strsignal(signal));
  store::TrialRecord record;
  record.step = slot.step;
  if (asked_ >= 0 && signal == SIGTERM) {  // our own, before the worker could count it
    store_.interrupt(slot.begun, "interrupted", signal, "stopped while starting");
    progress_.trial_interrupted(*slot.trial, "stopped", slot.step);
    put_back(slot);
    return;
  }
  if (signal != SIGKILL && signal != SIGTERM) {
    record.verdict = "crash";
    record.reason = how;
    finish(slot, record);
    return;
  }
  store_.interrupt(slot.begun, "lost", signal, how);
  if (store_.losses_at(slot.begun, slot.saved) >= kLossesBeforeFailure) {
    record.verdict = "killed";
    record.reason = fmt::format("{}, {} times after step {}; the kernel does so when memory runs out", how,
                                kLossesBeforeFailure, slot.saved);
    finish(slot, record);
    return;
  }
  progress_.trial_interrupted(*slot.trial, how, slot.step);
  put_back(slot);
}

void Scheduler::watch_limits(Slot& slot) {
  const TrialSpec& spec = slot.trial->spec;
  const double now = monotonic_seconds();
  if (spec.time_limit_seconds > 0 && now - slot.began > spec.time_limit_seconds) {
    fail(slot, "time_limit", fmt::format("over limits.trial_time of {} s at step {}", spec.time_limit_seconds, slot.step));
  } else if (now - slot.moved > spec.stall_seconds) {
    fail(slot, "no_progress", fmt::format("no step for limits.stall of {} s, at {} {}", spec.stall_seconds, slot.trained ? "step" : "part", slot.told));
  } else if (spec.memory_limit_bytes > 0) {
    const std::int64_t bytes = measure::resident_bytes(slot.process->pid());
    if (bytes > spec.memory_limit_bytes) {
      fail(slot, "out_of_memory", fmt::format("{} MiB resident, over limits.trial_memory of {} MiB", bytes >> 20,
                                              spec.memory_limit_bytes >> 20));
    }
  }
}

void Scheduler::watch_time() {
  if (options_.time_limit_seconds <= 0 || asked_ >= 0) return;
  if (monotonic_seconds() - began_ > options_.time_limit_seconds) {
    progress_.warning("time limit reached: finishing the step and checkpointing");
    outcome_.interrupted = true;
    ask_to_stop();
  }
}

void Scheduler::ask_to_stop() {
  const double now = monotonic_seconds();
  const bool ctrl_c = stop_signals() > signals_seen_ && last_stop_signal() == SIGINT;
  const bool twice = stop_signals() - signals_seen_ > 1;
  const bool hard = ctrl_c && (twice || (interrupted_at_ >= 0 && now - interrupted_at_ < kSecondSignalSeconds));
  if (ctrl_c) interrupted_at_ = now;
  signals_seen_ = stop_signals();
  if (asked_ < 0) asked_ = now;
  for (Slot& slot : slots_) {
    if (slot.trial == nullptr) continue;
    if (!hard) {
      slot.process->signal(SIGTERM);
      continue;
    }
    slot.process->signal(SIGKILL);
    slot.process->wait();
    slot.process.reset();
    store_.interrupt(slot.begun, "interrupted", SIGKILL, "second signal: no checkpoint");
    progress_.trial_interrupted(*slot.trial, "stopped at once", slot.step);
    put_back(slot);
  }
}

}  // namespace seqbench::run
