#include "harness/store/merge.h"

#include <fmt/format.h>

#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/store/backup.h"
#include "harness/store/connection.h"
#include "harness/store/reader.h"
#include "harness/store/run_store.h"

namespace seqbench::store {
namespace {

namespace fs = std::filesystem;

/// Ends a dry run's transaction.
struct Undo {};

/// Ids of the shard beside ours, for every table that others refer to.
constexpr const char* kMaps = R"(
CREATE TEMP TABLE name_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO name_ids SELECT s.id, m.id FROM shard.names s JOIN main.names m ON m.name = s.name;
CREATE TEMP TABLE split_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO split_ids SELECT theirs, ours FROM name_ids WHERE theirs > 2;
INSERT INTO split_ids VALUES (0, 0), (1, 1), (2, 2);
CREATE TEMP TABLE environment_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO environment_ids SELECT s.id, m.id FROM shard.environments s JOIN main.environments m ON m.sha256 = s.sha256;
CREATE TEMP TABLE run_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO run_ids SELECT s.id, m.id FROM shard.runs s JOIN main.runs m ON m.uid = s.uid;
CREATE TEMP TABLE trial_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO trial_ids SELECT s.id, m.id FROM shard.trials s JOIN main.trials m ON m.key = s.key;
CREATE TEMP TABLE example_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO example_ids SELECT s.id, m.id FROM shard.example_sets s JOIN main.example_sets m ON m.sha256 = s.sha256;
)";

/// Rows that others refer to, by their natural keys; what is here stays as it is.
constexpr const char* kShared = R"(
INSERT INTO main.names (name, version, higher_is_better, unit)
  SELECT name, version, higher_is_better, unit FROM shard.names WHERE true ORDER BY name
  ON CONFLICT (name) DO UPDATE SET version = excluded.version, higher_is_better = excluded.higher_is_better, unit = excluded.unit
  WHERE excluded.higher_is_better IS NOT NULL AND (names.higher_is_better IS NULL OR excluded.version > names.version);
INSERT INTO main.experiments (spec_sha256, name, title, paper, reruns, source, spec_toml, resolved, created_at)
  SELECT spec_sha256, name, title, paper, reruns, source, spec_toml, resolved, created_at FROM shard.experiments
  WHERE true ORDER BY id ON CONFLICT (spec_sha256) DO NOTHING;
INSERT INTO main.environments (sha256, numerics_class, machine_class, program, git_commit, git_dirty, preset, compiler,
    torch, cpu, cpu_capability, threads, world_size, device, driver, deterministic, details)
  SELECT sha256, numerics_class, machine_class, program, git_commit, git_dirty, preset, compiler,
    torch, cpu, cpu_capability, threads, world_size, device, driver, deterministic, details FROM shard.environments
  WHERE true ORDER BY id ON CONFLICT (sha256) DO NOTHING;
INSERT INTO main.cards (kind, name, version, card) SELECT kind, name, version, card FROM shard.cards
  WHERE true ON CONFLICT (kind, name, version) DO NOTHING;
INSERT INTO main.audits (subject, task, version, audit, computed_at)
  SELECT subject, task, version, audit, computed_at FROM shard.audits WHERE true
  ON CONFLICT (subject) DO UPDATE SET version = excluded.version, audit = excluded.audit, computed_at = excluded.computed_at
  WHERE excluded.version > audits.version;
INSERT INTO main.runs (uid, experiment, command, overrides, scheduler, status, started_at, ended_at)
  SELECT s.uid, m.id, s.command, s.overrides, s.scheduler, s.status, s.started_at, s.ended_at
  FROM shard.runs s JOIN shard.experiments x ON x.id = s.experiment JOIN main.experiments m ON m.spec_sha256 = x.spec_sha256
  WHERE true ORDER BY s.uid
  ON CONFLICT (uid) DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at
  WHERE runs.ended_at IS NULL AND excluded.ended_at IS NOT NULL;
INSERT INTO main.trials (key, spec_key, code_sha256, task, model, variant, seed, rep, fold, source, scale, split_kind,
    task_version, model_version, weights, config, data_sha256, weights_sha256, kind)
  SELECT key, spec_key, code_sha256, task, model, variant, seed, rep, fold, source, scale, split_kind,
    task_version, model_version, weights, config, data_sha256, weights_sha256, kind FROM shard.trials
  WHERE true ORDER BY id ON CONFLICT (key) DO NOTHING;
INSERT INTO main.example_sets (sha256, task, split, n, cols, ids, truth, truth_dtype, mask, weights, fields)
  SELECT sha256, task, split, n, cols, ids, truth, truth_dtype, mask, weights, fields FROM shard.example_sets
  WHERE true ORDER BY id ON CONFLICT (sha256) DO NOTHING;
)";

/// What becomes of each finished execution. A finished one replaces ours where it got further under the same uid.
constexpr const char* kPlan = R"(
CREATE TEMP TABLE merging (theirs INTEGER PRIMARY KEY, uid TEXT NOT NULL, what TEXT NOT NULL, ours INTEGER);
INSERT INTO merging SELECT s.id, s.uid,
    CASE WHEN o.id IS NULL THEN 'add' WHEN o.status = 'done' OR o.status = s.status THEN 'keep' ELSE 'replace' END, o.id
  FROM shard.executions s LEFT JOIN main.executions o ON o.uid = s.uid WHERE s.status IN ('done', 'failed');
)";

constexpr const char* kExecutions = R"(
INSERT INTO main.run_trials (run, ordinal, trial, label)
  SELECT r.ours, s.ordinal, t.ours, s.label FROM shard.run_trials s JOIN run_ids r ON r.theirs = s.run
  JOIN trial_ids t ON t.theirs = s.trial WHERE true ON CONFLICT (run, ordinal) DO NOTHING;
INSERT INTO main.trial_inputs (trial, role, ordinal, source)
  SELECT t.ours, s.role, s.ordinal, u.ours FROM shard.trial_inputs s JOIN trial_ids t ON t.theirs = s.trial
  JOIN trial_ids u ON u.theirs = s.source WHERE true ON CONFLICT (trial, role, ordinal) DO NOTHING;
DELETE FROM main.executions WHERE id IN (SELECT ours FROM merging WHERE what = 'replace');
INSERT INTO main.executions (uid, trial, environment, status, accepted_from, verdict, reason, step, epoch, params_total,
    params_trained, chosen, result_sha256, started_at, ended_at)
  SELECT s.uid, t.ours, e.ours, s.status, s.accepted_from, s.verdict, s.reason, s.step, s.epoch, s.params_total,
    s.params_trained, s.chosen, s.result_sha256, s.started_at, s.ended_at
  FROM merging m JOIN shard.executions s ON s.id = m.theirs JOIN trial_ids t ON t.theirs = s.trial
  LEFT JOIN environment_ids e ON e.theirs = s.environment WHERE m.what <> 'keep' ORDER BY s.uid;
CREATE TEMP TABLE execution_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO execution_ids SELECT m.theirs, o.id FROM merging m JOIN main.executions o ON o.uid = m.uid WHERE m.what <> 'keep';
)";

constexpr const char* kChildren = R"(
INSERT INTO main.metrics (execution, split, name, slice, value, n, note)
  SELECT e.ours, p.ours, n.ours, l.ours, s.value, s.n, s.note FROM execution_ids e JOIN shard.metrics s ON s.execution = e.theirs
  JOIN split_ids p ON p.theirs = s.split JOIN name_ids n ON n.theirs = s.name JOIN name_ids l ON l.theirs = s.slice;
INSERT INTO main.curves (execution, name, split, step, epoch, value, flag)
  SELECT e.ours, n.ours, p.ours, s.step, s.epoch, s.value, s.flag FROM execution_ids e JOIN shard.curves s ON s.execution = e.theirs
  JOIN split_ids p ON p.theirs = s.split JOIN name_ids n ON n.theirs = s.name;
INSERT INTO main.predictions (execution, example_set, kind, dtype, rows, cols, codec, sha256, data, path)
  SELECT e.ours, x.ours, s.kind, s.dtype, s.rows, s.cols, s.codec, s.sha256, s.data, s.path
  FROM execution_ids e JOIN shard.predictions s ON s.execution = e.theirs JOIN example_ids x ON x.theirs = s.example_set;
INSERT INTO main.attempts (execution, run, ordinal, environment, from_step, owner, heartbeat_at, status, signal, error,
    started_at, ended_at)
  SELECT e.ours, r.ours, s.ordinal, v.ours, s.from_step, s.owner, s.heartbeat_at, s.status, s.signal, s.error,
    s.started_at, s.ended_at
  FROM execution_ids e JOIN shard.attempts s ON s.execution = e.theirs JOIN run_ids r ON r.theirs = s.run
  JOIN environment_ids v ON v.theirs = s.environment ORDER BY e.ours, s.ordinal;
CREATE TEMP TABLE attempt_ids (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL);
INSERT INTO attempt_ids SELECT s.id, o.id FROM execution_ids e JOIN shard.attempts s ON s.execution = e.theirs
  JOIN main.attempts o ON o.execution = e.ours AND o.ordinal = s.ordinal;
INSERT INTO main.timings (attempt, phase, count, total_ns, min_ns, p50_ns, p95_ns, max_ns, items, samples)
  SELECT a.ours, s.phase, s.count, s.total_ns, s.min_ns, s.p50_ns, s.p95_ns, s.max_ns, s.items, s.samples
  FROM attempt_ids a JOIN shard.timings s ON s.attempt = a.theirs;
INSERT INTO main.energy (attempt, source, joules, seconds, shared)
  SELECT a.ours, s.source, s.joules, s.seconds, s.shared FROM attempt_ids a JOIN shard.energy s ON s.attempt = a.theirs;
INSERT INTO main.memory_peaks (attempt, source, bytes)
  SELECT a.ours, s.source, s.bytes FROM attempt_ids a JOIN shard.memory_peaks s ON s.attempt = a.theirs;
)";

/// kept, other, trial, what: the same execution with two results, then two executions that should have had one.
constexpr const char* kSameExecution =
    "SELECT o.uid, s.uid, o.trial, 'one execution has results ' || substr(o.result_sha256, 1, 16) || ' here and '"
    "  || substr(s.result_sha256, 1, 16) || ' there'"
    " FROM temp.merging m JOIN shard.executions s ON s.id = m.theirs JOIN main.executions o ON o.id = m.ours"
    " WHERE s.status = 'done' AND o.status = 'done' AND o.result_sha256 <> s.result_sha256 ORDER BY s.uid";
constexpr const char* kSameTrial =
    "SELECT DISTINCT min(a.uid, b.uid), max(a.uid, b.uid), a.trial, 'deterministic executions of one numerics class differ'"
    " FROM temp.merging m JOIN main.executions a ON a.uid = m.uid AND a.status = 'done'"
    " JOIN main.executions b ON b.trial = a.trial AND b.uid <> a.uid AND b.status = 'done'"
    " JOIN main.environments v ON v.id = a.environment JOIN main.environments w ON w.id = b.environment"
    " WHERE v.numerics_class = w.numerics_class AND v.deterministic = 1 AND w.deterministic = 1"
    "  AND a.result_sha256 <> b.result_sha256 ORDER BY 1, 2";

constexpr const char* kForget =
    "DROP TABLE temp.name_ids; DROP TABLE temp.split_ids; DROP TABLE temp.environment_ids; DROP TABLE temp.run_ids;"
    "DROP TABLE temp.trial_ids; DROP TABLE temp.example_ids; DROP TABLE temp.merging; DROP TABLE temp.execution_ids;"
    "DROP TABLE temp.attempt_ids";

struct Conflict {
  std::string kept, other, what;
  std::int64_t trial = 0;
};

std::vector<Conflict> conflicts(Connection& db) {
  std::vector<Conflict> found;
  for (const char* sql : {kSameExecution, kSameTrial}) {
    Rows row = db.rows(sql);
    while (row.next()) found.push_back({row.text(0), row.text(1), row.text(3), row.integer(2)});
  }
  return found;
}

void record_conflicts(Connection& db, MergeReport& report) {
  for (const Conflict& c : conflicts(db)) {
    db.run("INSERT INTO conflicts (trial, kept, other, what, found_at) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS"
           " (SELECT 1 FROM conflicts WHERE trial = ?1 AND kept = ?2 AND other = ?3 AND what = ?4)",
           c.trial, c.kept, c.other, c.what, utc_now());
    Rows trial = db.rows("SELECT key FROM trials WHERE id = ?", c.trial);
    const std::string key = trial.next() ? trial.text(0) : "";
    report.conflicts.push_back(fmt::format("trial {}: {}; executions {} and {}", key, c.what, c.kept, c.other));
  }
}

/// What can be merged of the shard: the same hash, the same outcome.
std::string contents_sha256(Connection& db) {
  Sha256 hash;
  Rows row = db.rows("SELECT uid || ' ' || status || ' ' || coalesce(result_sha256, reason, '') || char(10)"
                     " FROM shard.executions ORDER BY uid");
  while (row.next()) hash.update(row.text(0));
  const Sha256Digest digest = hash.finish();
  return to_hex(digest.data(), digest.size());
}

void record_merge(Connection& db, const MergeReport& report) {
  db.run("INSERT INTO merges (shard_uid, shard_sha256, merged_at, executions)"
         " VALUES (coalesce((SELECT min(uid) FROM shard.runs), ''), ?, ?, ?) ON CONFLICT DO NOTHING",
         contents_sha256(db), utc_now(), report.added + report.replaced);
}

MergeReport merge_attached(Connection& db) {
  MergeReport report;
  for (const char* script : {kShared, kMaps, kPlan}) db.execute(script);
  const auto count = [&](const char* what) { return db.integer("SELECT count(*) FROM temp.merging WHERE what = ?", what).value(); };
  report.added = count("add");
  report.replaced = count("replace");
  report.known = count("keep");
  report.unfinished = db.integer("SELECT count(*) FROM shard.executions WHERE status NOT IN ('done', 'failed')").value();
  for (const char* script : {kExecutions, kChildren}) db.execute(script);
  record_conflicts(db, report);
  record_merge(db, report);
  db.execute(kForget);
  return report;
}

/// The copy that is read; removed with this.
class ShardCopy {
 public:
  ShardCopy(Connection& shard, fs::path path) : path_(std::move(path)) { copy_store(shard, path_); }
  ~ShardCopy() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  ShardCopy(const ShardCopy&) = delete;
  ShardCopy& operator=(const ShardCopy&) = delete;

 private:
  fs::path path_;
};

}  // namespace

MergeReport merge_store(const fs::path& store, const fs::path& shard, bool dry_run) {
  static_cast<void>(Reader(shard));  // there is a store of this version
  std::error_code error;
  if (fs::equivalent(store, shard, error)) {
    throw InputError(fmt::format("'{}' is the store itself: nothing to merge", shard.string()));
  }
  if (dry_run && !fs::exists(store)) {
    throw InputError(fmt::format("there is no store '{}': a merge would make it and add all of the shard", store.string()));
  }
  if (dry_run) {
    static_cast<void>(Reader(store));  // is of this version: a dry run brings none up to date
  } else {
    RunStore made_or_brought_up_to_date(store);
  }
  Connection source(shard, Connection::Mode::kRead);
  const FileLock lock(store.string() + ".merge");
  const fs::path path = fs::absolute(store).string() + ".merging";
  const ShardCopy copy(source, path);
  if (!dry_run) {
    Connection snapshot(path, Connection::Mode::kRead);
    copy_blobs(snapshot, shard, store);
  }
  Connection db(store, Connection::Mode::kWrite);
  db.run("ATTACH DATABASE ? AS shard", path.string());
  db.set_durable(true);
  MergeReport report;
  try {
    db.transaction([&] {
      report = merge_attached(db);
      if (dry_run) throw Undo();
    });
  } catch (const Undo&) {
  }
  if (!dry_run) db.write_log_back();
  return report;
}

}  // namespace seqbench::store
