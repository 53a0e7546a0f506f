#include "harness/store/run_store.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/store/migrate.h"
#include "harness/store/process.h"
#include "harness/store/result_rows.h"
#include "harness/store/run_store_impl.h"

namespace seqbench::store {
namespace {

constexpr std::size_t kMaxPending = 2000;
constexpr std::chrono::milliseconds kMaxPendingTime{250};
constexpr std::uintmax_t kLogLimit = 64u << 20;

/// Makes the folder and brings the file up to date before it is opened for writing.
const std::filesystem::path& prepared(const std::filesystem::path& path) {
  std::error_code error;
  const auto folder = std::filesystem::absolute(path).parent_path();
  std::filesystem::create_directories(folder, error);
  if (error) throw MachineError(fmt::format("cannot make the folder '{}': {}", folder.string(), error.message()));
  migrate(path, migrations());
  return path;
}

std::uintmax_t log_bytes(const std::filesystem::path& store) {
  std::error_code error;
  const auto size = std::filesystem::file_size(store.string() + "-wal", error);
  return error ? 0 : size;
}

std::int64_t experiment_id(Connection& db, const ExperimentRow& e) {
  db.run("INSERT INTO experiments (spec_sha256, name, title, paper, reruns, source, spec_toml, resolved, created_at)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (spec_sha256) DO NOTHING",
         e.spec_sha256, e.name, or_null(e.title), or_null(e.paper), or_null(e.reruns), e.source, e.spec_toml,
         json_text(e.resolved), utc_now());
  return db.integer("SELECT id FROM experiments WHERE spec_sha256 = ?", e.spec_sha256).value();
}

std::int64_t add_trial(Connection& db, const TrialRow& t) {
  db.run("INSERT INTO trials (key, spec_key, code_sha256, task, model, variant, seed, rep, fold, source, scale,"
         " split_kind, task_version, model_version, weights, config, data_sha256, kind)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
         t.key, t.spec_key, t.code_sha256, t.task, t.model, t.variant, t.seed, t.rep, t.fold, t.source, t.scale,
         t.split_kind, t.task_version, t.model_version, t.weights, canonical_json(t.config), t.data_sha256, t.kind);
  return db.integer("SELECT id FROM trials WHERE key = ?", t.key).value();
}

void add_card(Connection& db, const Card& card) {
  db.run("INSERT INTO cards (kind, name, version, card) VALUES (?, ?, ?, ?)"
         " ON CONFLICT (kind, name, version) DO UPDATE SET card = excluded.card",
         card.kind, card.name, card.version, json_text(card.card));
}

}  // namespace

RunStore::Impl::Impl(const std::filesystem::path& path)
    : owner(this_process()), db(prepared(path), Connection::Mode::kWrite), log_limit(kLogLimit) {}

RunStore::RunStore(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}

RunStore::~RunStore() {
  try {
    impl_->flush();
  } catch (const Error&) {
  }
}

void RunStore::Impl::after_commit(Durability durability) {
  unsynced = durability == Durability::kInOrder;
  if (log_bytes(db.path()) < log_limit) return;
  db.write_log_back();
  log_limit = log_bytes(db.path()) + kLogLimit;  // larger than usual only while a reader is in the way
}

void RunStore::Impl::add_pending(const Begun& begun) {
  if (pending++ == 0) pending_since = std::chrono::steady_clock::now();
  progress[begun.attempt].execution = begun.execution;
  if (pending >= kMaxPending || std::chrono::steady_clock::now() - pending_since >= kMaxPendingTime) flush();
}

void RunStore::Impl::insert_pending() {
  const std::string now = utc_now();
  for (const auto& [attempt, at] : progress) {
    require_current(at.execution, attempt);
    db.run("UPDATE attempts SET heartbeat_at = ? WHERE id = ?", now, attempt);
    if (at.step < 0) continue;
    db.run("UPDATE executions SET step = ?, epoch = ? WHERE id = ?", at.step, at.epoch, at.execution);
  }
  for (const auto& [execution, p] : points) {
    const bool nan = std::isnan(p.value);
    db.run("INSERT INTO curves (execution, name, split, step, epoch, value, flag) VALUES (?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT (execution, name, split, step)"
           " DO UPDATE SET epoch = excluded.epoch, value = excluded.value, flag = excluded.flag",
           execution, names.id(db, p.name), p.split, p.step, p.epoch,
           nan ? std::nullopt : std::optional(stored_value(p.value)), nan);
  }
}

void RunStore::Impl::flush() {
  if (pending == 0) return;
  pending = 0;  // also when it fails: what cannot be written once is not tried for ever
  try {
    commit(Durability::kInOrder, [this] { insert_pending(); });
  } catch (...) {
    points.clear();
    progress.clear();
    throw;
  }
  points.clear();
  progress.clear();
}

void RunStore::Impl::barrier() {
  flush();
  if (!unsynced) return;
  // An empty transaction would not sync the log; one that writes any page does.
  commit(Durability::kOnDisk,
         [this] { db.execute(fmt::format("PRAGMA user_version = {}", migrations().back().version)); });
}

void RunStore::barrier() { impl_->barrier(); }

RunId RunStore::open_run(const RunRow& run) {
  RunId id{0, new_uid()};
  const bool submitted = !run.trials.empty() && run.trials.front().trial.kind == "submitted";
  Connection& db = impl_->db;
  impl_->write(Durability::kOnDisk, [&] {
    for (const Card& card : run.cards) add_card(db, card);
    db.run("INSERT INTO runs (uid, experiment, command, overrides, scheduler, status, started_at)"
           " VALUES (?, ?, ?, ?, ?, 'running', ?)",
           id.uid, experiment_id(db, run.experiment), json_text(run.command), json_text(run.overrides),
           submitted ? "submit" : "local", utc_now());
    id.id = db.last_id();
    std::int64_t ordinal = 0;
    for (const PlannedTrial& planned : run.trials) {
      db.run("INSERT INTO run_trials (run, ordinal, trial, label) VALUES (?, ?, ?, ?)", id.id, ordinal++,
             add_trial(db, planned.trial), planned.label);
    }
  });
  return id;
}

void RunStore::close_run(const RunId& run, std::string_view status) {
  impl_->write(Durability::kOnDisk, [&] {
    impl_->db.run("UPDATE runs SET status = ?, ended_at = ? WHERE id = ?", status, utc_now(), run.id);
  });
  impl_->db.write_log_back();
}

void RunStore::replace_published(std::string_view source_sha256, const std::vector<PublishedRow>& rows) {
  Connection& db = impl_->db;
  impl_->write(Durability::kInOrder, [&] {
    db.run("DELETE FROM published_values WHERE source_sha256 = ?", source_sha256);
    std::set<std::string> papers;
    for (const PublishedRow& row : rows) papers.insert(row.paper);
    for (const std::string& paper : papers) db.run("DELETE FROM published_values WHERE paper = ?", paper);
    for (const PublishedRow& p : rows) {
      db.run("INSERT INTO published_values (uid, paper, table_ref, row_ref, col_ref, task, model, variant, metric,"
             " split, selected_on, value, low, high, decimals, n_eval, margin, status, note, context, source_sha256)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             p.uid, p.paper, p.table_ref, p.row_ref, p.col_ref, or_null(p.task), or_null(p.model), or_null(p.variant),
             p.metric, p.split, or_null(p.selected_on), p.value, p.low, p.high, p.decimals, p.n_eval, p.margin, p.status,
             or_null(p.note), or_null(p.quote), source_sha256);
    }
  });
}

void RunStore::add_audit(const AuditRow& audit) {
  impl_->write(Durability::kInOrder, [&] {
    impl_->db.run("INSERT INTO audits (subject, task, version, audit, computed_at) VALUES (?, ?, ?, ?, ?)"
                  " ON CONFLICT (subject) DO UPDATE SET version = excluded.version, audit = excluded.audit,"
                  " computed_at = excluded.computed_at",
                  audit.subject, audit.task, audit.version, json_text(audit.audit), utc_now());
  });
}

void RunStore::add_verdicts(const std::vector<VerdictRow>& verdicts, std::string_view program) {
  Connection& db = impl_->db;
  const std::string now = utc_now();
  impl_->write(Durability::kOnDisk, [&] {
    for (const VerdictRow& v : verdicts) {
      const std::string trials = Json(v.trials).dump();
      db.run("INSERT INTO verdicts (subject, verdict, estimate, low, high, p, p_adjusted, method, executions, reason,"
             " program, computed_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE NOT EXISTS ("
             "SELECT 1 FROM (SELECT * FROM verdicts WHERE subject = ?1 ORDER BY id DESC LIMIT 1) n"
             " WHERE n.verdict = ?2 AND n.estimate IS ?3 AND n.low IS ?4 AND n.high IS ?5 AND n.p IS ?6 AND n.p_adjusted"
             " IS ?7 AND n.method = ?8 AND n.executions = ?9 AND n.reason = ?10)",
             v.subject, v.verdict, v.estimate, v.low, v.high, v.p, v.p_adjusted, v.method, trials, v.reason,
             program, now);
    }
  });
}

}  // namespace seqbench::store
