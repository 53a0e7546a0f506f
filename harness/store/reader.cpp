#include "harness/store/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/store/check.h"
#include "harness/store/connection.h"
#include "harness/store/export.h"
#include "harness/store/metric_scan.h"
#include "harness/store/migrate.h"
#include "harness/store/process.h"
#include "harness/store/result_rows.h"
#include "harness/store/trial_state.h"

namespace seqbench::store {
namespace {

constexpr std::size_t kMinPrefix = 6;

constexpr std::string_view kRunColumns =
    "SELECT r.id, r.uid, x.name, x.title, x.paper, x.reruns, r.status, r.started_at, r.ended_at, r.command, x.resolved"
    " FROM runs r JOIN experiments x ON x.id = r.experiment ";

/// A run that was killed could not say so: trials of it were begun, and none who began them lives.
bool was_killed(Connection& db, std::int64_t run) {
  Rows row = db.rows("SELECT DISTINCT owner FROM attempts WHERE run = ?", run);
  bool begun = false;
  while (row.next()) {
    if (process_lives(row.text(0))) return false;
    begun = true;
  }
  return begun;
}

RunSummary run_of(Connection& db, const Rows& row) {
  RunSummary run;
  run.id = row.integer(0);
  std::string* const texts[] = {&run.uid,    &run.experiment, &run.title,      &run.paper,
                                &run.reruns, &run.status,     &run.started_at, &run.ended_at};
  int column = 1;
  for (std::string* text : texts) *text = row.text(column++);
  run.command = stored_json(row.blob(9));
  run.resolved = stored_json(row.blob(10));
  if (run.status == "running" && was_killed(db, run.id)) run.status = "interrupted";
  return run;
}

/// What a run asked of an experiment: a trial that runs of several scales share is of each run's own.
constexpr std::string_view kAsked =
    "WITH asked AS MATERIALIZED (SELECT id, name, json_extract(resolved, '$.scale') AS scale FROM experiments) ";

/// A trial `t` with label and ordinal from `rt`, and its newest done execution, or its newest state.
constexpr std::string_view kTrialColumns =
    "SELECT t.key, rt.label, t.task, t.model, t.variant, t.kind, t.source, coalesce(n.scale, t.scale) AS own_scale, t.split_kind,"
    "  coalesce(json_extract(t.config, '$.model.view'), ''),"
    "  e.status, e.verdict, e.reason, e.result_sha256, e.uid,"
    "  t.seed, t.rep, t.fold, e.id, rt.ordinal, e.step, e.params_total, e.params_trained, t.config, e.chosen,"
    "  (SELECT count(*) FROM attempts a WHERE a.execution = e.id),"
    "  v.program, v.git_commit, v.git_dirty, v.preset, v.compiler, v.torch, v.cpu, v.cpu_capability, v.threads,"
    "  v.device, v.driver, v.deterministic, v.details "
    " FROM trials t JOIN run_trials rt ON rt.trial = t.id JOIN runs r ON r.id = rt.run JOIN asked n ON n.id = r.experiment"
    " LEFT JOIN executions e ON e.id = (SELECT x.id FROM executions x WHERE x.trial = t.id"
    "  ORDER BY x.status = 'done' DESC, x.uid DESC LIMIT 1)"
    " LEFT JOIN environments v ON v.id = e.environment ";
/// Done trials of a task where no newer run `q` of the same scale planned them; more conditions on its experiment `y` may
/// follow, then ")". Uids tell what is newer, ids do not after a merge.
constexpr std::string_view kNewestOfTask =
    " WHERE t.task = ? AND e.status = 'done' AND NOT EXISTS (SELECT 1 FROM run_trials p JOIN runs q ON q.id = p.run"
    "  JOIN asked y ON y.id = q.experiment"
    "  WHERE p.trial = t.id AND (q.uid, -p.ordinal) > (r.uid, -rt.ordinal)"
    "  AND coalesce(y.scale, t.scale) = coalesce(n.scale, t.scale) ";

Environment environment_of(const Rows& row, int column) {
  Environment e;
  if (row.null(column)) return e;
  e.program = row.text(column);
  e.git_commit = row.text(column + 1);
  e.git_dirty = row.integer(column + 2) == 1;
  e.preset = row.text(column + 3);
  e.compiler = row.text(column + 4);
  e.torch = row.text(column + 5);
  e.cpu = row.text(column + 6);
  e.cpu_capability = row.text(column + 7);
  e.threads = row.integer(column + 8);
  e.device = row.text(column + 9);
  e.driver = row.text(column + 10);
  e.deterministic = row.integer(column + 11) == 1;
  e.details = stored_json(row.blob(column + 12));
  return e;
}

TrialResult trial_of(const Rows& row) {
  TrialResult t;
  std::string* const texts[] = {&t.key,    &t.label, &t.task,       &t.model, &t.variant, &t.kind,    &t.source,
                                &t.scale, &t.split_kind, &t.view, &t.status, &t.verdict, &t.reason, &t.result_sha256,
                                &t.execution_uid};
  int column = 0;
  for (std::string* text : texts) *text = row.text(column++);
  std::int64_t* const integers[] = {&t.seed, &t.rep, &t.fold, &t.execution, &t.ordinal, &t.step};
  for (std::int64_t* integer : integers) *integer = row.integer(column++);
  t.params_total = row.optional_integer(column++);
  t.params_trained = row.optional_integer(column++);
  t.config = stored_json(row.blob(column++));
  t.chosen = row.null(column) ? Json::object() : stored_json(row.blob(column));
  t.attempts = row.integer(column + 1);
  t.environment = environment_of(row, column + 2);
  return t;
}

void add_costs(Connection& db, TrialResult& trial) {
  Rows row = db.rows(
      "SELECT coalesce(sum(g.total_ns) FILTER (WHERE g.phase IN ('train', 'predict')), 0) / 1e9,"
      "  coalesce(sum(g.total_ns) FILTER (WHERE g.phase NOT LIKE '%/%'), 0) / 1e9,"
      "  sum(g.items) FILTER (WHERE g.phase = 'train') * 1e9"
      "    / nullif(sum(g.total_ns) FILTER (WHERE g.phase = 'train'), 0),"
      "  (SELECT coalesce(max(m.bytes), 0) FROM attempts b JOIN memory_peaks m ON m.attempt = b.id"
      "   WHERE b.execution = ?1)"
      " FROM attempts a JOIN timings g ON g.attempt = a.id WHERE a.execution = ?1",
      trial.execution);
  if (!row.next()) return;
  trial.work_seconds = row.real(0);
  trial.total_seconds = row.real(1);
  if (!row.null(2)) trial.items_per_second = row.real(2);
  trial.peak_bytes = row.integer(3);
}

template <typename... Args>
std::vector<TrialResult> trials(Connection& db, const std::string& sql, const Args&... args) {
  std::vector<TrialResult> found;
  Rows row = db.rows(sql, args...);
  while (row.next()) found.push_back(trial_of(row));
  for (TrialResult& trial : found) add_costs(db, trial);
  return found;
}

/// Exactly one match, else InputError that lists them.
std::string unique_match(Connection& db, std::string_view what, const std::string& sql, std::string_view prefix) {
  if (prefix.size() < kMinPrefix) {
    throw InputError(fmt::format("'{}' is too short for a {}: expected {} characters or more", printable(prefix), what,
                                 kMinPrefix));
  }
  std::vector<std::string> matches;
  Rows row = db.rows(sql, prefix, std::string(prefix) + "~");  // '~' sorts after every character of an id
  while (row.next()) matches.push_back(row.text(0));
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) {
    throw InputError(fmt::format("store '{}' has no {} '{}'", db.path().string(), what, printable(prefix)));
  }
  const std::size_t shown = std::min<std::size_t>(matches.size(), 10);
  throw InputError(fmt::format("'{}' fits {} {}s: {}{}", printable(prefix), matches.size(), what,
                               join(std::span(matches).first(shown), ", "), matches.size() > shown ? ", ..." : ""));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

constexpr std::string_view kPublishedColumns =
    "SELECT uid, paper, table_ref, row_ref, col_ref, task, model, variant, metric, split, selected_on, status, note,"
    " context, value, decimals, n_eval, low, high, margin FROM published_values";

/// Rows of the columns kPublishedColumns.
std::vector<PublishedRow> published_rows(Rows row) {
  std::vector<PublishedRow> found;
  while (row.next()) {
    PublishedRow& p = found.emplace_back();
    std::string* const texts[] = {&p.uid,     &p.paper,  &p.table_ref, &p.row_ref,     &p.col_ref, &p.task, &p.model,
                                  &p.variant, &p.metric, &p.split,     &p.selected_on, &p.status,  &p.note,
                                  &p.quote};
    int column = 0;
    for (std::string* text : texts) *text = row.text(column++);
    if (!row.null(column)) p.value = row.real(column);
    p.decimals = row.optional_integer(column + 1);
    p.n_eval = row.optional_integer(column + 2);
    if (!row.null(column + 3)) p.low = row.real(column + 3);
    if (!row.null(column + 4)) p.high = row.real(column + 4);
    if (!row.null(column + 5)) p.margin = row.real(column + 5);
  }
  return found;
}

/// The first column of all rows.
std::vector<std::string> texts(Rows row) {
  std::vector<std::string> found;
  while (row.next()) found.push_back(row.text(0));
  return found;
}

}  // namespace

struct Reader::Impl {
  explicit Impl(const std::filesystem::path& path) : db(path, Connection::Mode::kRestricted), metrics(db) {}
  Connection db;
  MetricScan metrics;
  Examples examples;
};

Reader::Reader(const std::filesystem::path& path) {
  {
    Connection probe(path, Connection::Mode::kRead);  // reading its version takes PRAGMA
    const int version = store_version(probe), newest = migrations().back().version;
    if (version != newest) {
      const auto remedy = version < newest ? "the next run brings it up to date" : "use the program that wrote it";
      throw InputError(fmt::format("store '{}' is of version {}, this program reads version {}: {}", path.string(),
                                   version, newest, remedy));
    }
  }
  impl_ = std::make_unique<Impl>(path);
}

Reader::~Reader() = default;

std::vector<RunSummary> Reader::runs(std::size_t newest) const {
  static const std::string kSql = fmt::format("{} ORDER BY r.uid DESC LIMIT ?", kRunColumns);
  std::vector<RunSummary> found;
  Rows row = impl_->db.rows(kSql, newest);
  while (row.next()) found.push_back(run_of(impl_->db, row));
  return found;
}

RunSummary Reader::run(std::string_view uid_prefix) const {
  static const std::string kSql = fmt::format("{} WHERE r.uid = ?", kRunColumns);
  const std::string uid =
      unique_match(impl_->db, "run", "SELECT uid FROM runs WHERE uid >= ? AND uid < ? ORDER BY uid", uid_prefix);
  Rows row = impl_->db.rows(kSql, uid);
  if (!row.next()) throw InputError(fmt::format("run {} is gone", uid));
  return run_of(impl_->db, row);
}

std::optional<RunSummary> Reader::newest_run(std::string_view experiment) const {
  static const std::string kSql = fmt::format("{} WHERE x.name = ? ORDER BY r.uid DESC LIMIT 1", kRunColumns);
  Rows row = impl_->db.rows(kSql, experiment);
  return row.next() ? std::optional(run_of(impl_->db, row)) : std::nullopt;
}

std::vector<TrialResult> Reader::trials_of_run(std::int64_t run) const {
  static const std::string kSql = fmt::format("{}{} WHERE rt.run = ? ORDER BY rt.ordinal", kAsked, kTrialColumns);
  return trials(impl_->db, kSql, run);
}

std::vector<TrialResult> Reader::trials_of_task(std::string_view task) const {
  static const std::string kSql =
      fmt::format("{}{}{}) ORDER BY t.model, t.variant, t.rep, t.fold, t.seed, t.key, own_scale", kAsked, kTrialColumns,
                  kNewestOfTask);
  return trials(impl_->db, kSql, task);
}

std::vector<TrialResult> Reader::labelled_trials(std::string_view task) const {
  static const std::string kSql =
      fmt::format("{}{}{} AND y.name = n.name)"
                  " ORDER BY t.model, t.variant, t.rep, t.fold, t.seed, t.key, own_scale, rt.label, rt.ordinal",
                  kAsked, kTrialColumns, kNewestOfTask);
  std::vector<TrialResult> found = trials(impl_->db, kSql, task);
  const auto same = [](const TrialResult& a, const TrialResult& b) {
    return a.key == b.key && a.scale == b.scale && a.label == b.label;
  };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

TrialState Reader::state(std::string_view key) const { return trial_state(impl_->db, key); }

TrialResult Reader::trial(std::string_view key_prefix) const {
  static const std::string kSql =
      fmt::format("{}{} WHERE t.key = ? ORDER BY r.uid DESC, rt.ordinal LIMIT 1", kAsked, kTrialColumns);
  const std::string key =
      unique_match(impl_->db, "trial", "SELECT key FROM trials WHERE key >= ? AND key < ? ORDER BY key", key_prefix);
  auto found = trials(impl_->db, kSql, key);
  if (found.empty()) throw InputError(fmt::format("trial {} belongs to no run", key));
  return std::move(found.front());
}

std::vector<MetricRow> Reader::metrics(std::int64_t execution) const { return read_metrics(impl_->db, execution); }
std::vector<CurvePoint> Reader::curves(std::int64_t execution) const { return read_curves(impl_->db, execution); }
std::vector<Predictions> Reader::predictions(std::int64_t execution) const {
  std::vector<Predictions> found;
  for (SharedPredictions& p : shared_predictions(execution)) found.push_back({*p.examples, p.kind, std::move(p.values)});
  return found;
}

void Reader::scan_metrics(std::int64_t execution, std::vector<ScannedMetric>& out) const {
  impl_->metrics.read(execution, out);
}

std::map<std::int64_t, NameRow> Reader::names() const {
  std::map<std::int64_t, NameRow> found;
  Rows row = impl_->db.rows("SELECT id, name, version, higher_is_better, unit FROM names");
  while (row.next()) {
    found[row.integer(0)] = {row.text(1), static_cast<int>(row.integer(2)), row.integer(3) == 1, row.text(4)};
  }
  return found;
}

std::vector<SharedPredictions> Reader::shared_predictions(std::int64_t execution) const {
  return read_predictions(impl_->db, execution, impl_->examples, Kinds::kPredictions);
}

std::vector<SharedPredictions> Reader::spreads(std::int64_t execution) const {
  return read_predictions(impl_->db, execution, impl_->examples, Kinds::kSpreads);
}

std::vector<std::int64_t> Reader::example_sets(std::int64_t execution) const {
  return read_example_ids(impl_->db, execution);
}

std::shared_ptr<const ExampleSet> Reader::examples(std::int64_t id) const { return impl_->examples.read(impl_->db, id); }

std::optional<Card> Reader::card(std::string_view kind, std::string_view name) const {
  Rows row = impl_->db.rows("SELECT version, card FROM cards WHERE kind = ? AND name = ? ORDER BY version DESC LIMIT 1",
                            kind, name);
  if (!row.next()) return std::nullopt;
  return Card{std::string(kind), std::string(name), row.integer(0), stored_json(row.blob(1))};
}

std::optional<AuditRow> Reader::audit(std::string_view subject) const {
  Rows row = impl_->db.rows("SELECT task, version, audit FROM audits WHERE subject = ?", subject);
  if (!row.next()) return std::nullopt;
  return AuditRow{std::string(subject), row.text(0), static_cast<int>(row.integer(1)), stored_json(row.blob(2))};
}

std::vector<PublishedRow> Reader::published(std::string_view task) const {
  return published_rows(impl_->db.rows(std::string(kPublishedColumns) + " WHERE task = ? ORDER BY id", task));
}

std::vector<PublishedRow> Reader::published_by(std::string_view paper) const {
  return published_rows(impl_->db.rows(std::string(kPublishedColumns) + " WHERE paper = ? ORDER BY id", paper));
}

std::vector<std::string> Reader::papers() const {
  return texts(impl_->db.rows("SELECT DISTINCT paper FROM published_values ORDER BY paper"));
}

std::vector<std::string> Reader::experiments() const {
  return texts(impl_->db.rows("SELECT DISTINCT name FROM experiments ORDER BY name"));
}

std::vector<std::string> Reader::tasks() const {
  return texts(impl_->db.rows("SELECT DISTINCT t.task FROM trials t WHERE EXISTS ("
                              "SELECT 1 FROM executions e WHERE e.trial = t.id AND e.status = 'done') ORDER BY t.task"));
}

std::map<std::string, VerdictRow> Reader::verdicts() const {
  Rows row = impl_->db.rows(
      "SELECT subject, verdict, method, reason, estimate, low, high, p, p_adjusted FROM verdicts ORDER BY id");
  std::map<std::string, VerdictRow> found;
  while (row.next()) {
    VerdictRow v;
    v.subject = row.text(0), v.verdict = row.text(1), v.method = row.text(2), v.reason = row.text(3);
    int column = 4;
    for (std::optional<double>* value : {&v.estimate, &v.low, &v.high, &v.p, &v.p_adjusted}) {
      if (!row.null(column)) *value = row.real(column);
      ++column;
    }
    found[v.subject] = std::move(v);
  }
  return found;
}

std::optional<Reader::Pace> Reader::pace(std::string_view task, std::string_view model, std::string_view view,
                                         std::string_view scale) const {
  // Timings are of the last attempt, so its own steps divide them.
  Rows row = impl_->db.rows(
      "SELECT e.step - a.from_step, e.step,"
      "  coalesce(sum(g.total_ns) FILTER (WHERE g.phase = 'train'), 0) / 1e9, sum(g.total_ns) FILTER (WHERE g.phase NOT LIKE '%/%') / 1e9"
      " FROM trials t JOIN executions e ON e.trial = t.id AND e.status = 'done'"
      " JOIN attempts a ON a.execution = e.id AND a.status = 'done' JOIN timings g ON g.attempt = a.id"
      " WHERE t.task = ? AND t.model = ? AND coalesce(json_extract(t.config, '$.model.view'), '') = ? AND t.scale = ?"
      " GROUP BY e.id ORDER BY e.uid DESC LIMIT 20",
      task, model, view, scale);
  std::vector<double> per_step, other, steps;
  while (row.next()) {
    const double done = row.real(0), train = row.real(2), total = row.real(3);
    per_step.push_back(done > 0 ? train / done : 0);
    other.push_back(done > 0 ? total - train : total);
    steps.push_back(row.real(1));
  }
  if (steps.empty()) return std::nullopt;
  return Pace{median(per_step), median(other), static_cast<std::int64_t>(median(steps))};
}

std::vector<Json> Reader::configs_with_spec_key(std::string_view spec_key) const {
  Rows row = impl_->db.rows(
      "SELECT t.config FROM trials t JOIN executions e ON e.trial = t.id AND e.status = 'done'"
      " WHERE t.spec_key = ? GROUP BY t.id ORDER BY max(e.id) DESC",
      spec_key);
  std::vector<Json> configs;
  while (row.next()) configs.push_back(stored_json(row.blob(0)));
  return configs;
}

std::vector<std::string> Reader::data_of_same_trial(const TrialRow& trial) const {
  Rows row = impl_->db.rows(
      "SELECT DISTINCT data_sha256 FROM trials WHERE task = ? AND model = ? AND variant = ? AND seed = ? AND rep = ?"
      " AND fold = ? AND source = ? AND scale = ? AND data_sha256 <> ? ORDER BY data_sha256",
      trial.task, trial.model, trial.variant, trial.seed, trial.rep, trial.fold, trial.source, trial.scale,
      trial.data_sha256);
  std::vector<std::string> found;
  while (row.next()) found.push_back(row.text(0));
  return found;
}

std::vector<std::string> Reader::check() const { return check_store(impl_->db.path()); }

void Reader::export_text(std::ostream& out) const {
  Connection db(impl_->db.path(), Connection::Mode::kRead);
  export_store(db, out);
}

}  // namespace seqbench::store
