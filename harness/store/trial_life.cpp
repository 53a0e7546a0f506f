// The life of one trial: queued, running, interrupted, done or failed.

#include <fmt/format.h>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/store/process.h"
#include "harness/store/result_rows.h"
#include "harness/store/run_store_impl.h"
#include "harness/store/trial_state.h"

namespace seqbench::store {
namespace {

constexpr std::string_view kLive = "status IN ('queued','running','interrupted')";

/// The trial's live execution, if any. A running one whose owner is gone is set free, its attempt becomes lost;
/// one whose owner lives is refused.
std::optional<std::int64_t> claim_live(Connection& db, std::int64_t trial, std::string_view key,
                                       const std::string& self) {
  static const std::string kFind = fmt::format("SELECT id FROM executions WHERE trial = ? AND {}", kLive);
  const auto execution = db.integer(kFind, trial);
  if (!execution) return std::nullopt;
  {
    Rows held = db.rows("SELECT owner, heartbeat_at FROM attempts WHERE execution = ? AND status = 'running'",
                        *execution);
    while (held.next()) {
      const std::string owner = held.text(0);
      if (owner == self || !process_lives(owner)) continue;
      throw TrialTaken(fmt::format("trial {} is held by the living process {} (boot:pid:start), last heard at {}", key,
                                   printable(owner), held.text(1)));
    }
  }
  db.run("UPDATE attempts SET status = 'lost', ended_at = ? WHERE execution = ? AND status = 'running'", utc_now(),
         *execution);
  return execution;
}

std::int64_t new_execution(Connection& db, std::int64_t trial, std::string_view key, bool again) {
  if (!again && db.integer("SELECT id FROM executions WHERE trial = ? AND status = 'done'", trial)) {
    throw TrialTaken(fmt::format("trial {} is already done", key));
  }
  db.run("INSERT INTO executions (uid, trial, status, started_at) VALUES (?, ?, 'queued', ?)", new_uid(), trial,
         utc_now());
  return db.last_id();
}

}  // namespace

std::int64_t RunStore::Impl::trial_id(std::string_view key) {
  const auto id = db.integer("SELECT id FROM trials WHERE key = ?", key);
  if (!id) throw InputError(fmt::format("store '{}' has no trial {}", db.path().string(), printable(key)));
  return *id;
}

std::int64_t RunStore::Impl::environment_id(const Environment& e) {
  const std::string sha256 = e.sha256();
  db.run("INSERT INTO environments (sha256, numerics_class, machine_class, program, git_commit, git_dirty, preset,"
         " compiler, torch, cpu, cpu_capability, threads, device, driver, deterministic, details)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
         sha256, e.numerics_class(), e.machine_class(), e.program, e.git_commit, e.git_dirty, e.preset, e.compiler,
         e.torch, e.cpu, e.cpu_capability, e.threads, e.device, or_null(e.driver), e.deterministic,
         json_text(e.details));
  return db.integer("SELECT id FROM environments WHERE sha256 = ?", sha256).value();
}

void RunStore::Impl::require_current(std::int64_t execution, std::int64_t attempt) {
  static const std::string kCurrent = fmt::format(
      "SELECT 1 FROM executions e WHERE e.id = ? AND e.{}"
      " AND ? = (SELECT a.id FROM attempts a WHERE a.execution = e.id ORDER BY a.ordinal DESC LIMIT 1)",
      kLive);
  if (db.integer(kCurrent, execution, attempt)) return;
  throw TrialTaken(
      fmt::format("attempt {} of execution {} is over, or another process took its trial", attempt, execution));
}

void RunStore::Impl::delete_past(std::int64_t execution, std::int64_t step) {
  db.run("DELETE FROM curves WHERE execution = ? AND step > ?", execution, step);
  db.run("DELETE FROM checkpoints WHERE execution = ? AND step > ?", execution, step);
}

TrialState RunStore::state(std::string_view key) const {
  impl_->flush();
  return trial_state(impl_->db, key);
}

Begun RunStore::begin_trial(const RunId& run, std::string_view key, const Environment& environment, bool again) {
  Begun begun;
  Connection& db = impl_->db;
  impl_->write(Durability::kOnDisk, [&] {
    const std::int64_t trial = impl_->trial_id(key);
    const auto live = claim_live(db, trial, key, impl_->owner);
    begun.execution = live ? *live : new_execution(db, trial, key, again);
    begun.checkpoints = checkpoints_of(db, begun.execution);
    const std::int64_t step = begun.checkpoints.empty() ? 0 : begun.checkpoints.front().step;
    impl_->delete_past(begun.execution, step);
    begun.ordinal = 1 + db.integer("SELECT count(*) FROM attempts WHERE execution = ?", begun.execution).value();
    const std::int64_t machine = impl_->environment_id(environment);
    const std::string now = utc_now();
    db.run("INSERT INTO attempts (execution, run, ordinal, environment, from_step, owner, heartbeat_at, status,"
           " started_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?)",
           begun.execution, run.id, begun.ordinal, machine, step, impl_->owner, now, now);
    begun.attempt = db.last_id();
    db.run("UPDATE executions SET status = 'running', environment = ?, step = ? WHERE id = ?", machine, step,
           begun.execution);
    Rows uid = db.rows("SELECT uid FROM executions WHERE id = ?", begun.execution);
    if (uid.next()) begun.execution_uid = uid.text(0);
  });
  return begun;
}

void RunStore::resume_from(const Begun& begun, std::int64_t step) {
  impl_->write(Durability::kInOrder, [&] {
    impl_->require_current(begun.execution, begun.attempt);
    impl_->delete_past(begun.execution, step);
    impl_->db.run("UPDATE attempts SET from_step = ? WHERE id = ?", step, begun.attempt);
    impl_->db.run("UPDATE executions SET step = ? WHERE id = ?", step, begun.execution);
  });
}

void RunStore::add_curves(const Begun& begun, const std::vector<CurvePoint>& points) {
  for (const CurvePoint& point : points) {
    impl_->points.push_back({begun.execution, point});
    impl_->add_pending(begun);
  }
}

void RunStore::heartbeat(const Begun& begun, std::int64_t step, std::int64_t epoch) {
  impl_->progress[begun.attempt] = {begun.execution, step, epoch};
  impl_->add_pending(begun);
}

void RunStore::add_checkpoint(const Begun& begun, const CheckpointRow& c) {
  impl_->write(Durability::kOnDisk, [&] {
    impl_->require_current(begun.execution, begun.attempt);
    impl_->db.run("INSERT INTO checkpoints (execution, step, kind, path, sha256, bytes) VALUES (?, ?, ?, ?, ?, ?)"
                  " ON CONFLICT (execution, step, kind)"
                  " DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, bytes = excluded.bytes",
                  begun.execution, c.step, c.kind, c.path, c.sha256, c.bytes);
    impl_->db.run("UPDATE executions SET step = max(step, ?) WHERE id = ?", c.step, begun.execution);
  });
}

void RunStore::remove_checkpoint(const Begun& begun, std::int64_t step, std::string_view kind) {
  impl_->write(Durability::kInOrder, [&] {
    impl_->db.run("DELETE FROM checkpoints WHERE execution = ? AND step = ? AND kind = ?", begun.execution, step, kind);
  });
}

void RunStore::add_timings(const Begun& begun, const std::vector<TimingRow>& timings) {
  impl_->write(Durability::kInOrder, [&] {
    impl_->require_current(begun.execution, begun.attempt);
    insert_timings(impl_->db, begun.attempt, timings);
  });
}

void RunStore::record(const Begun& begun, const TrialRecord& r) {
  const bool done = r.verdict == "ok";
  const auto predictions = place_predictions(impl_->db.path(), r.predictions);
  std::vector<PredictionDigest> digests;
  for (const PlacedPrediction& p : predictions) {
    digests.push_back({p.prediction->examples.split, p.prediction->kind, p.examples_sha256, p.values_sha256});
  }
  const auto hash = done ? std::optional(result_sha256(r.metrics, std::move(digests))) : std::nullopt;
  const auto reason = done ? or_null(r.reason) : std::optional(r.reason.empty() ? r.verdict : r.reason);
  Connection& db = impl_->db;
  impl_->write(Durability::kOnDisk, [&] {
    impl_->require_current(begun.execution, begun.attempt);
    insert_metrics(db, impl_->names, begun.execution, r.metrics);
    insert_predictions(db, begun.execution, predictions);
    insert_timings(db, begun.attempt, r.timings);
    db.run("INSERT INTO memory_peaks (attempt, source, bytes) VALUES (?, 'process', ?)", begun.attempt, r.peak_bytes);
    const std::string now = utc_now();
    const char* status = done ? "done" : "failed";
    // An attempt that was lost stays so; its execution may still be given up.
    db.run("UPDATE attempts SET status = ?, heartbeat_at = ?, ended_at = ? WHERE id = ? AND status = 'running'", status,
           now, now, begun.attempt);
    db.run("UPDATE executions SET status = ?, verdict = ?, reason = ?, step = ?, epoch = ?, params_total = ?,"
           " params_trained = ?, chosen = ?, result_sha256 = ?, ended_at = ? WHERE id = ?",
           status, r.verdict, reason, r.step, r.epoch, r.params_total, r.params_trained, json_text(r.chosen), hash, now,
           begun.execution);
  });
}

void RunStore::interrupt(const Begun& begun, std::string_view attempt_status, int signal, std::string_view error) {
  impl_->write(Durability::kOnDisk, [&] {
    impl_->require_current(begun.execution, begun.attempt);
    impl_->db.run("UPDATE attempts SET status = ?, signal = ?, error = ?, ended_at = ? WHERE id = ?", attempt_status,
                  signal == 0 ? std::nullopt : std::optional(signal), or_null(std::string(error)), utc_now(),
                  begun.attempt);
    impl_->db.run("UPDATE executions SET status = 'interrupted' WHERE id = ?", begun.execution);
  });
}

int RunStore::losses_at(const Begun& begun, std::int64_t step) const {
  Rows row = impl_->db.rows("SELECT id, status, from_step, signal IS NULL FROM attempts"
                            " WHERE execution = ? AND ordinal <= ? ORDER BY ordinal DESC",
                            begun.execution, begun.ordinal);
  int losses = 0;
  while (row.next()) {
    if (row.integer(0) == begun.attempt && row.text(1) == "running") continue;
    if (row.text(1) != "lost" || row.integer(2) != step) break;
    if (row.integer(3) == 0) ++losses;  // without a signal its owner had gone, which says nothing about the trial
  }
  return losses;
}

}  // namespace seqbench::store
