#pragma once
// The one writer of a store (SQLite, WAL). Not thread-safe: one object, one thread. Between barriers curve points
// and heartbeats are gathered in memory and written 2,000 or 250 ms at a time; a barrier commits with
// synchronous = FULL. After a trial was taken over, calls with its old Begun throw TrialTaken.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/store/records.h"

namespace seqbench::store {

struct RunId {
  std::int64_t id = 0;
  std::string uid;
};

/// Another process works on this trial, or has finished it since it was looked at.
struct TrialTaken : Error {
  explicit TrialTaken(const std::string& message) : Error(ExitCode::kMachine, message) {}
};

class RunStore {
 public:
  /// Opens or creates, migrates after a backup FILE.vN. Throws InputError for a newer store or a file that is
  /// not a store, MachineError for a folder or file that cannot be written.
  explicit RunStore(const std::filesystem::path& path);
  /// Writes what is pending; a failure here is silent, so end with a barrier.
  ~RunStore();
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  /// Provenance before work: experiment, cards, trials, the run and its order, in one transaction.
  RunId open_run(const RunRow& run);
  /// Of the live execution, else of the newest done one, else of the newest failed one.
  [[nodiscard]] TrialState state(std::string_view key) const;
  [[nodiscard]] bool has_finished(std::string_view key) const { return state(key).status == "done"; }
  /// Opens or takes over the trial's live execution and inserts an attempt; rows of the execution past the
  /// step resumed from are deleted in the same transaction (I2). A barrier. Throws TrialTaken when another living
  /// process holds it, or when it is done and not `again`: a new execution although one is done.
  Begun begin_trial(const RunId& run, std::string_view key, const Environment& environment, bool again = false);
  /// The step that the attempt really starts from, once a checkpoint was loaded; deletes rows past it.
  void resume_from(const Begun& begun, std::int64_t step);
  void add_curves(const Begun& begun, const std::vector<CurvePoint>& points);
  void heartbeat(const Begun& begun, std::int64_t step, std::int64_t epoch);
  /// All rows so far durable: to be called before a checkpoint file is renamed into place (I1).
  void barrier();
  void add_checkpoint(const Begun& begun, const CheckpointRow& checkpoint);
  void remove_checkpoint(const Begun& begun, std::int64_t step, std::string_view kind);
  /// Phases of an attempt that is about to be interrupted; record() writes those of the last one itself.
  void add_timings(const Begun& begun, const std::vector<TimingRow>& timings);
  /// The end of an execution, done or failed, with all its rows in one transaction (I3). A barrier.
  void record(const Begun& begun, const TrialRecord& record);
  /// The attempt ended without a result: "interrupted" (asked to) or "lost" (the process is gone).
  void interrupt(const Begun& begun, std::string_view attempt_status, int signal, std::string_view error);
  /// Attempts in a row, up to this one, that started from this step and whose worker a signal ended. Attempts whose
  /// whole run was killed stand between them without counting.
  [[nodiscard]] int losses_at(const Begun& begun, std::int64_t step) const;
  void close_run(const RunId& run, std::string_view status);  // done | interrupted | failed; a barrier

  /// Replaces the published values of this source file (results/published/*.tsv), and all of the papers in it.
  void replace_published(std::string_view source_sha256, const std::vector<PublishedRow>& rows);
  /// Replaces an audit of the same subject.
  void add_audit(const AuditRow& audit);
  /// Adds each verdict that differs from the newest of its subject: the table is their history.
  void add_verdicts(const std::vector<VerdictRow>& verdicts, std::string_view program);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seqbench::store
