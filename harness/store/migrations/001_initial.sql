-- Version 1. Moments are UTC ISO 8601 with milliseconds; uids are ULIDs (identity, never used in results).
-- Split codes: 0 train, 1 validation, 2 test; others are ids of `names`. A NaN is NULL with a note (metrics) or
-- a flag (curves); infinities are stored as they are. The views are the public interface: columns are only added.

CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL, program TEXT NOT NULL) STRICT;

CREATE TABLE experiments (id INTEGER PRIMARY KEY,
  spec_sha256 TEXT NOT NULL UNIQUE CHECK (length(spec_sha256) = 64), name TEXT NOT NULL, title TEXT, paper TEXT, reruns TEXT,
  source TEXT NOT NULL, spec_toml TEXT NOT NULL, resolved TEXT NOT NULL CHECK (json_valid(resolved)), created_at TEXT NOT NULL) STRICT;
CREATE INDEX experiments_name ON experiments(name);

CREATE TABLE environments (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE,
  numerics_class TEXT NOT NULL, machine_class TEXT NOT NULL, program TEXT NOT NULL, git_commit TEXT NOT NULL,
  git_dirty INTEGER NOT NULL CHECK (git_dirty IN (0,1)), preset TEXT NOT NULL, compiler TEXT NOT NULL, torch TEXT NOT NULL,
  cpu TEXT NOT NULL, cpu_capability TEXT NOT NULL, threads INTEGER NOT NULL, world_size INTEGER NOT NULL DEFAULT 1, device TEXT NOT NULL, driver TEXT,
  deterministic INTEGER NOT NULL CHECK (deterministic IN (0,1)), details TEXT NOT NULL CHECK (json_valid(details))) STRICT;

CREATE TABLE runs (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, experiment INTEGER NOT NULL REFERENCES experiments(id),
  command TEXT NOT NULL CHECK (json_valid(command)), overrides TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(overrides)),
  scheduler TEXT NOT NULL CHECK (scheduler IN ('local','slurm','submit')),
  status TEXT NOT NULL CHECK (status IN ('running','done','interrupted','failed')), started_at TEXT NOT NULL, ended_at TEXT) STRICT;
CREATE INDEX runs_experiment ON runs(experiment);

CREATE TABLE trials (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE CHECK (length(key) = 32),
  spec_key TEXT NOT NULL CHECK (length(spec_key) = 32), code_sha256 TEXT NOT NULL,
  task TEXT NOT NULL, model TEXT NOT NULL, variant TEXT NOT NULL, seed INTEGER NOT NULL, rep INTEGER NOT NULL, fold INTEGER NOT NULL,
  source TEXT NOT NULL, scale TEXT NOT NULL CHECK (scale IN ('smoke','desk','full')), split_kind TEXT NOT NULL,
  task_version INTEGER NOT NULL, model_version INTEGER NOT NULL,
  weights TEXT NOT NULL CHECK (weights IN ('none','published','random','trained')),
  config TEXT NOT NULL CHECK (json_valid(config)), data_sha256 TEXT NOT NULL, weights_sha256 TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('fit','eval','speed','control','ceiling','ensemble','external','submitted'))) STRICT;

CREATE TABLE trial_inputs (trial INTEGER NOT NULL REFERENCES trials(id), role TEXT NOT NULL, ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL REFERENCES trials(id), PRIMARY KEY (trial, role, ordinal)) STRICT, WITHOUT ROWID;

CREATE TABLE cards (kind TEXT NOT NULL CHECK (kind IN ('task','model')), name TEXT NOT NULL, version INTEGER NOT NULL,
  card TEXT NOT NULL CHECK (json_valid(card)), PRIMARY KEY (kind, name, version)) STRICT;
CREATE INDEX trials_spec ON trials(spec_key);
CREATE INDEX trials_task_model ON trials(task, model, variant, seed, rep, fold);

CREATE TABLE run_trials (run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
  trial INTEGER NOT NULL REFERENCES trials(id), label TEXT NOT NULL, PRIMARY KEY (run, ordinal)) STRICT, WITHOUT ROWID;
CREATE INDEX run_trials_trial ON run_trials(trial);

CREATE TABLE executions (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, trial INTEGER NOT NULL REFERENCES trials(id),
  environment INTEGER REFERENCES environments(id),
  status TEXT NOT NULL CHECK (status IN ('queued','running','interrupted','done','failed')), accepted_from TEXT,
  verdict TEXT CHECK (verdict IN ('ok','out_of_memory','nan_loss','crash','time_limit','bad_data','wrong_answer','killed','no_progress')), reason TEXT,
  step INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, params_total INTEGER, params_trained INTEGER,
  chosen TEXT CHECK (chosen IS NULL OR json_valid(chosen)), result_sha256 TEXT, started_at TEXT, ended_at TEXT,
  CHECK ((status = 'done') = (result_sha256 IS NOT NULL)), CHECK (status <> 'failed' OR reason IS NOT NULL)) STRICT;
CREATE INDEX executions_trial ON executions(trial, status);
CREATE UNIQUE INDEX executions_live ON executions(trial) WHERE status IN ('queued','running','interrupted');

CREATE TABLE attempts (id INTEGER PRIMARY KEY, execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  run INTEGER NOT NULL REFERENCES runs(id), ordinal INTEGER NOT NULL, environment INTEGER NOT NULL REFERENCES environments(id),
  from_step INTEGER NOT NULL, owner TEXT NOT NULL, heartbeat_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running','done','interrupted','failed','lost')),
  signal INTEGER, error TEXT, started_at TEXT NOT NULL, ended_at TEXT, UNIQUE (execution, ordinal)) STRICT;
CREATE INDEX attempts_run ON attempts(run);

CREATE TABLE checkpoints (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, step INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('last','best','final')), path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (execution, step, kind)) STRICT, WITHOUT ROWID;

CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL DEFAULT 1,
  higher_is_better INTEGER CHECK (higher_is_better IN (0,1)), unit TEXT) STRICT;
-- 0 is the slice of everything; 1 and 2 are taken so that no name of a further split has a code of the first three.
INSERT INTO names (id, name) VALUES (0, 'all'), (1, 'validation'), (2, 'test');

CREATE TABLE metrics (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, split INTEGER NOT NULL,
  name INTEGER NOT NULL REFERENCES names(id), slice INTEGER NOT NULL DEFAULT 0 REFERENCES names(id),
  value REAL, n INTEGER NOT NULL, note TEXT, CHECK (value IS NOT NULL OR note IS NOT NULL),
  PRIMARY KEY (execution, split, name, slice)) STRICT, WITHOUT ROWID;
CREATE INDEX metrics_name ON metrics(name, split, execution);

CREATE TABLE curves (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, name INTEGER NOT NULL REFERENCES names(id),
  split INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL NOT NULL, value REAL, flag INTEGER NOT NULL DEFAULT 0 CHECK (flag IN (0,1)),
  PRIMARY KEY (execution, name, split, step)) STRICT, WITHOUT ROWID;

CREATE TABLE example_sets (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, task TEXT NOT NULL, split TEXT NOT NULL,
  n INTEGER NOT NULL, cols INTEGER NOT NULL DEFAULT 1, ids BLOB NOT NULL, truth BLOB, truth_dtype TEXT,
  mask BLOB, weights BLOB, fields BLOB) STRICT;

CREATE TABLE predictions (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  example_set INTEGER NOT NULL REFERENCES example_sets(id),
  kind TEXT NOT NULL CHECK (kind IN ('value','logit','probability','embedding','sd','quantile','member')),
  dtype TEXT NOT NULL CHECK (dtype IN ('f64','f32','f16','bf16','i64','u8')), rows INTEGER NOT NULL, cols INTEGER NOT NULL,
  codec TEXT NOT NULL CHECK (codec IN ('none','zstd','shuffle+zstd','file')), sha256 TEXT NOT NULL, data BLOB, path TEXT,
  CHECK ((codec = 'file') = (path IS NOT NULL)), CHECK ((codec = 'file') = (data IS NULL)),
  PRIMARY KEY (execution, example_set, kind)) STRICT;

CREATE TABLE timings (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, phase TEXT NOT NULL, count INTEGER NOT NULL,
  total_ns INTEGER NOT NULL, min_ns INTEGER NOT NULL, p50_ns INTEGER NOT NULL, p95_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL,
  items INTEGER, samples BLOB, PRIMARY KEY (attempt, phase)) STRICT, WITHOUT ROWID;

CREATE TABLE energy (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, source TEXT NOT NULL, joules REAL NOT NULL,
  seconds REAL NOT NULL, shared INTEGER NOT NULL CHECK (shared IN (0,1)), PRIMARY KEY (attempt, source)) STRICT, WITHOUT ROWID;

CREATE TABLE memory_peaks (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, source TEXT NOT NULL,
  bytes INTEGER NOT NULL, PRIMARY KEY (attempt, source)) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (id INTEGER PRIMARY KEY, execution INTEGER REFERENCES executions(id) ON DELETE CASCADE, kind TEXT NOT NULL,
  path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, media_type TEXT NOT NULL, licence TEXT) STRICT;
CREATE INDEX artifacts_execution ON artifacts(execution);

CREATE TABLE published_values (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, paper TEXT NOT NULL, table_ref TEXT NOT NULL,
  row_ref TEXT NOT NULL, col_ref TEXT NOT NULL, task TEXT, model TEXT, variant TEXT, metric TEXT NOT NULL, split TEXT NOT NULL,
  selected_on TEXT CHECK (selected_on IN ('train','validation','test')), context TEXT,
  value REAL, low REAL, high REAL, decimals INTEGER, sd REAL, n_runs INTEGER, n_eval INTEGER, margin REAL,
  status TEXT NOT NULL CHECK (status IN ('printed','reconstructed','misprint','missing')), note TEXT, source_sha256 TEXT NOT NULL) STRICT;

CREATE TABLE claims (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, paper TEXT NOT NULL, text TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('greater','at_least','equivalent','order','trend')), left_selector TEXT NOT NULL,
  right_selector TEXT, metric TEXT NOT NULL, margin REAL NOT NULL, source_sha256 TEXT NOT NULL) STRICT;

CREATE TABLE verdicts (id INTEGER PRIMARY KEY, subject TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('reproduced','better','not_reproduced','undecided','blocked','inconsistent_as_printed')),
  estimate REAL, low REAL, high REAL, p REAL, p_adjusted REAL, method TEXT NOT NULL,
  executions TEXT NOT NULL CHECK (json_valid(executions)), reason TEXT NOT NULL, program TEXT NOT NULL, computed_at TEXT NOT NULL) STRICT;
CREATE INDEX verdicts_subject ON verdicts(subject, computed_at);

CREATE TABLE baselines (id INTEGER PRIMARY KEY, name TEXT NOT NULL, spec_key TEXT NOT NULL, metric TEXT NOT NULL,
  machine_class TEXT NOT NULL DEFAULT '', git_commit TEXT NOT NULL, recorded_at TEXT NOT NULL, n INTEGER NOT NULL, mean REAL NOT NULL,
  sd REAL NOT NULL, samples BLOB NOT NULL, source_sha256 TEXT NOT NULL, UNIQUE (name, spec_key, metric, machine_class, git_commit)) STRICT;

CREATE TABLE merges (shard_uid TEXT NOT NULL, shard_sha256 TEXT NOT NULL, merged_at TEXT NOT NULL, executions INTEGER NOT NULL,
  PRIMARY KEY (shard_uid, shard_sha256)) STRICT, WITHOUT ROWID;

CREATE TABLE conflicts (id INTEGER PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trials(id), kept TEXT NOT NULL, other TEXT NOT NULL,
  what TEXT NOT NULL, found_at TEXT NOT NULL) STRICT;

CREATE VIEW v_results AS
  SELECT e.id AS execution, t.key AS trial, t.spec_key, t.kind, t.task, t.task_version, t.model, t.model_version, t.variant,
    t.source, t.scale, t.split_kind, t.weights, t.seed, t.rep, t.fold,
    CASE m.split WHEN 0 THEN 'train' WHEN 1 THEN 'validation' WHEN 2 THEN 'test' ELSE (SELECT name FROM names WHERE id = m.split) END AS split,
    n.name AS metric, s.name AS slice, m.value, m.n, m.note, e.params_total, v.device, v.torch, v.git_commit, e.accepted_from
  FROM metrics m JOIN executions e ON e.id = m.execution AND e.status = 'done' JOIN trials t ON t.id = e.trial
  LEFT JOIN environments v ON v.id = e.environment JOIN names n ON n.id = m.name JOIN names s ON s.id = m.slice;

CREATE VIEW v_status AS
  SELECT r.uid AS run, x.name AS experiment, rt.ordinal, rt.label, t.key, t.task, t.model, t.seed, t.rep, t.fold, e.status, e.verdict, e.reason,
    e.step, (SELECT count(*) FROM attempts a WHERE a.execution = e.id) AS attempts
  FROM run_trials rt JOIN runs r ON r.id = rt.run JOIN experiments x ON x.id = r.experiment JOIN trials t ON t.id = rt.trial
  LEFT JOIN executions e ON e.trial = t.id;

CREATE VIEW v_cost AS
  SELECT e.id AS execution, t.task, t.model, sum(g.total_ns) / 1e9 AS seconds, sum(g.items) * 1e9 / nullif(sum(g.total_ns), 0) AS items_per_s,
    (SELECT sum(j.joules) FROM energy j JOIN attempts b ON b.id = j.attempt WHERE b.execution = e.id AND j.shared = 0) AS joules,
    (SELECT max(p.bytes) FROM memory_peaks p JOIN attempts b ON b.id = p.attempt WHERE b.execution = e.id) AS peak_bytes
  FROM executions e JOIN trials t ON t.id = e.trial JOIN attempts a ON a.execution = e.id JOIN timings g ON g.attempt = a.id AND g.phase = 'train'
  GROUP BY e.id;

CREATE VIEW v_published AS
  SELECT p.paper, p.table_ref, p.row_ref, p.col_ref, p.value, p.low, p.high, p.status, avg(r.value) AS measured, count(r.value) AS trials
  FROM published_values p LEFT JOIN v_results r ON r.task = p.task AND r.model = p.model AND r.variant = coalesce(p.variant, r.variant)
    AND r.metric = p.metric AND r.split = p.split AND r.slice = 'all' AND r.scale = 'full' AND r.source <> 'twin' AND r.weights <> 'random'
    AND r.execution = (SELECT max(e.id) FROM executions e JOIN trials t ON t.id = e.trial WHERE t.key = r.trial AND e.status = 'done')
  GROUP BY p.id;
