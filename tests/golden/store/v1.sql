-- A small store of version 1, kept so that every later version can be tested to open it.
PRAGMA page_size=8192;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL, program TEXT NOT NULL) STRICT;
INSERT INTO schema_migrations VALUES(1,'initial','2026-11-21T13:53:00.767Z','0.1.0');
CREATE TABLE experiments (id INTEGER PRIMARY KEY,
  spec_sha256 TEXT NOT NULL UNIQUE CHECK (length(spec_sha256) = 64), name TEXT NOT NULL, title TEXT, paper TEXT, reruns TEXT,
  source TEXT NOT NULL, spec_toml TEXT NOT NULL, resolved TEXT NOT NULL CHECK (json_valid(resolved)), created_at TEXT NOT NULL) STRICT;
INSERT INTO experiments VALUES(1,'16a521028a1fde651aa4c84d59c125ddfa194750d08f60e09ab07dd451ba2a69','controls/gfp','Controls','004',NULL,'experiments/controls/gfp.toml',replace('name = 1\n','\n',char(10)),'{"seeds":3}','2026-11-21T13:53:00.797Z');
CREATE TABLE environments (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE,
  numerics_class TEXT NOT NULL, machine_class TEXT NOT NULL, program TEXT NOT NULL, git_commit TEXT NOT NULL,
  git_dirty INTEGER NOT NULL CHECK (git_dirty IN (0,1)), preset TEXT NOT NULL, compiler TEXT NOT NULL, torch TEXT NOT NULL,
  cpu TEXT NOT NULL, cpu_capability TEXT NOT NULL, threads INTEGER NOT NULL, world_size INTEGER NOT NULL DEFAULT 1, device TEXT NOT NULL, driver TEXT,
  deterministic INTEGER NOT NULL CHECK (deterministic IN (0,1)), details TEXT NOT NULL CHECK (json_valid(details))) STRICT;
INSERT INTO environments VALUES(1,'fe5310b9efa08632d28bda920acd199756273565b9cdcebc8994b48bdf22c694','33c4af25ead80d36','9893332618133e44','0.1.0','0000000',0,'ci','gcc','2.11.0','a cpu','AVX2',1,1,'cpu',NULL,1,'{"cores":2}');
CREATE TABLE runs (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, experiment INTEGER NOT NULL REFERENCES experiments(id),
  command TEXT NOT NULL CHECK (json_valid(command)), overrides TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(overrides)),
  scheduler TEXT NOT NULL CHECK (scheduler IN ('local','slurm','submit')),
  status TEXT NOT NULL CHECK (status IN ('running','done','interrupted','failed')), started_at TEXT NOT NULL, ended_at TEXT) STRICT;
INSERT INTO runs VALUES(1,'01M7Z63FBXCMX78XPMK7QHBTR1',1,'["seqbench","run","gfp.toml"]','[]','local','interrupted','2026-11-21T13:53:00.797Z','2026-11-21T13:53:00.936Z');
CREATE TABLE trials (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE CHECK (length(key) = 32),
  spec_key TEXT NOT NULL CHECK (length(spec_key) = 32), code_sha256 TEXT NOT NULL,
  task TEXT NOT NULL, model TEXT NOT NULL, variant TEXT NOT NULL, seed INTEGER NOT NULL, rep INTEGER NOT NULL, fold INTEGER NOT NULL,
  source TEXT NOT NULL, scale TEXT NOT NULL CHECK (scale IN ('smoke','desk','full')), split_kind TEXT NOT NULL,
  task_version INTEGER NOT NULL, model_version INTEGER NOT NULL,
  weights TEXT NOT NULL CHECK (weights IN ('none','published','random','trained')),
  config TEXT NOT NULL CHECK (json_valid(config)), data_sha256 TEXT NOT NULL, weights_sha256 TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('fit','eval','speed','control','ceiling','ensemble','external','submitted'))) STRICT;
INSERT INTO trials VALUES(1,'0a13c00c931b3d72f2b82d968068ac22','1d6dd095951d9805ef93f42aa152e981','5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b','gfp','cnn','',1,0,-1,'twin','smoke','random',1,1,'none','{"learning_rate":1e-01,"model":{"name":"cnn","view":"one_hot"},"seed":1}','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',NULL,'fit');
INSERT INTO trials VALUES(2,'22bd96d269c0b0f528bf8de8a7b31e11','5d0a30d451181e04861dff9e0caf34f9','5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b','gfp','ridge','',2,0,-1,'twin','smoke','random',1,1,'none','{"learning_rate":1e-01,"model":{"name":"ridge","view":"one_hot"},"seed":2}','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',NULL,'fit');
INSERT INTO trials VALUES(3,'a6f3195d90a27d5d0c4a2c7f09d035a5','98c3d6f18e08f3ebc6ef954c016d10aa','5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b','gfp','cnn','',3,0,-1,'twin','smoke','random',1,1,'none','{"learning_rate":1e-01,"model":{"name":"cnn","view":"one_hot"},"seed":3}','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',NULL,'fit');
INSERT INTO trials VALUES(4,'e4b5afd9f98ee0d51fe37599a4dbb3d4','b1fd33eb7d2626d230764ca0b2952961','5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b','other','ridge','',4,0,-1,'twin','smoke','random',1,1,'none','{"learning_rate":1e-01,"model":{"name":"ridge","view":"one_hot"},"seed":4}','3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',NULL,'fit');
CREATE TABLE trial_inputs (trial INTEGER NOT NULL REFERENCES trials(id), role TEXT NOT NULL, ordinal INTEGER NOT NULL,
  source INTEGER NOT NULL REFERENCES trials(id), PRIMARY KEY (trial, role, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE cards (kind TEXT NOT NULL CHECK (kind IN ('task','model')), name TEXT NOT NULL, version INTEGER NOT NULL,
  card TEXT NOT NULL CHECK (json_valid(card)), PRIMARY KEY (kind, name, version)) STRICT;
INSERT INTO cards VALUES('task','gfp',1,'{"title":"GFP"}');
INSERT INTO cards VALUES('model','ridge',1,'{"summary":"ridge"}');
CREATE TABLE run_trials (run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
  trial INTEGER NOT NULL REFERENCES trials(id), label TEXT NOT NULL, PRIMARY KEY (run, ordinal)) STRICT, WITHOUT ROWID;
INSERT INTO run_trials VALUES(1,0,1,'row 1');
INSERT INTO run_trials VALUES(1,1,2,'row 2');
INSERT INTO run_trials VALUES(1,2,3,'row 3');
INSERT INTO run_trials VALUES(1,3,4,'row 4');
CREATE TABLE executions (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, trial INTEGER NOT NULL REFERENCES trials(id),
  environment INTEGER REFERENCES environments(id),
  status TEXT NOT NULL CHECK (status IN ('queued','running','interrupted','done','failed')), accepted_from TEXT,
  verdict TEXT CHECK (verdict IN ('ok','out_of_memory','nan_loss','crash','time_limit','bad_data','wrong_answer','killed','no_progress')), reason TEXT,
  step INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, params_total INTEGER, params_trained INTEGER,
  chosen TEXT CHECK (chosen IS NULL OR json_valid(chosen)), result_sha256 TEXT, started_at TEXT, ended_at TEXT,
  CHECK ((status = 'done') = (result_sha256 IS NOT NULL)), CHECK (status <> 'failed' OR reason IS NOT NULL)) STRICT;
INSERT INTO executions VALUES(1,'01M7Z63FC4B5XK2XBSEZGM571A',1,1,'done',NULL,'ok',NULL,10,2,77,NULL,'{"lambda":0.5}','a5a7f3c4f43556e6dcaf5f45a0da69e853fa7aa591b35e64bc02ac6bc466c935','2026-11-21T13:53:00.804Z','2026-11-21T13:53:00.821Z');
INSERT INTO executions VALUES(2,'01M7Z63FD04XG7V9HKABPJB2QA',3,1,'failed',NULL,'nan_loss','loss is nan at step 3',10,2,77,NULL,'{"lambda":0.5}',NULL,'2026-11-21T13:53:00.832Z','2026-11-21T13:53:00.848Z');
INSERT INTO executions VALUES(3,'01M7Z63FDWMRTVSPW4RY2HGP8D',2,1,'done',NULL,'ok',NULL,10,2,77,NULL,'{"lambda":0.5}','c3aed9036d50655c26b7fcef1634f01d0e3f0cddcb52d0e9623bae1da3ff4b8f','2026-11-21T13:53:00.860Z','2026-11-21T13:53:00.900Z');
INSERT INTO executions VALUES(4,'01M7Z63FFCA50X275F8EA3PB7Z',4,1,'interrupted',NULL,NULL,NULL,2,0,NULL,NULL,NULL,NULL,'2026-11-21T13:53:00.908Z',NULL);
CREATE TABLE attempts (id INTEGER PRIMARY KEY, execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  run INTEGER NOT NULL REFERENCES runs(id), ordinal INTEGER NOT NULL, environment INTEGER NOT NULL REFERENCES environments(id),
  from_step INTEGER NOT NULL, owner TEXT NOT NULL, heartbeat_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running','done','interrupted','failed','lost')),
  signal INTEGER, error TEXT, started_at TEXT NOT NULL, ended_at TEXT, UNIQUE (execution, ordinal)) STRICT;
INSERT INTO attempts VALUES(1,1,1,1,1,0,'00000000-0000-4000-8000-000000000000:4711:1234','2026-11-21T13:53:00.821Z','done',NULL,NULL,'2026-11-21T13:53:00.805Z','2026-11-21T13:53:00.821Z');
INSERT INTO attempts VALUES(2,2,1,1,1,0,'00000000-0000-4000-8000-000000000000:4711:1234','2026-11-21T13:53:00.848Z','failed',NULL,NULL,'2026-11-21T13:53:00.832Z','2026-11-21T13:53:00.848Z');
INSERT INTO attempts VALUES(3,3,1,1,1,0,'00000000-0000-4000-8000-000000000000:4711:1234','2026-11-21T13:53:00.868Z','interrupted',15,'asked to stop','2026-11-21T13:53:00.860Z','2026-11-21T13:53:00.876Z');
INSERT INTO attempts VALUES(4,3,1,2,1,4,'00000000-0000-4000-8000-000000000000:4711:1234','2026-11-21T13:53:00.900Z','done',NULL,NULL,'2026-11-21T13:53:00.884Z','2026-11-21T13:53:00.900Z');
INSERT INTO attempts VALUES(5,4,1,1,1,0,'00000000-0000-4000-8000-000000000000:4711:1234','2026-11-21T13:53:00.908Z','interrupted',2,NULL,'2026-11-21T13:53:00.908Z','2026-11-21T13:53:00.928Z');
CREATE TABLE checkpoints (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, step INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('last','best','final')), path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (execution, step, kind)) STRICT, WITHOUT ROWID;
INSERT INTO checkpoints VALUES(3,4,'last','checkpoints/step-4.safetensors','2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6',100);
INSERT INTO checkpoints VALUES(4,2,'best','checkpoints/best.safetensors','18ac3e7343f016890c510e93f935261169d9e3f565436429830faf0934f4f8e4',100);
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL DEFAULT 1,
  higher_is_better INTEGER CHECK (higher_is_better IN (0,1)), unit TEXT) STRICT;
INSERT INTO names VALUES(0,'all',1,NULL,NULL);
INSERT INTO names VALUES(1,'validation',1,NULL,NULL);
INSERT INTO names VALUES(2,'test',1,NULL,NULL);
INSERT INTO names VALUES(3,'loss',1,NULL,NULL);
INSERT INTO names VALUES(4,'mse',1,0,'log10');
INSERT INTO names VALUES(5,'num_mutations=1',1,NULL,NULL);
INSERT INTO names VALUES(6,'spearman',1,1,'log10');
CREATE TABLE metrics (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, split INTEGER NOT NULL,
  name INTEGER NOT NULL REFERENCES names(id), slice INTEGER NOT NULL DEFAULT 0 REFERENCES names(id),
  value REAL, n INTEGER NOT NULL, note TEXT, CHECK (value IS NOT NULL OR note IS NOT NULL),
  PRIMARY KEY (execution, split, name, slice)) STRICT, WITHOUT ROWID;
INSERT INTO metrics VALUES(1,1,4,0,1.3333333333333332593,3,NULL);
INSERT INTO metrics VALUES(1,2,4,0,1.1000000000000000888,3,NULL);
INSERT INTO metrics VALUES(1,2,4,5,2.0,3,NULL);
INSERT INTO metrics VALUES(1,2,6,0,NULL,3,'nan: constant predictions');
INSERT INTO metrics VALUES(3,1,4,0,2.3333333333333334813,3,NULL);
INSERT INTO metrics VALUES(3,2,4,0,2.1000000000000000888,3,NULL);
INSERT INTO metrics VALUES(3,2,4,5,2.0,3,NULL);
INSERT INTO metrics VALUES(3,2,6,0,NULL,3,'nan: constant predictions');
CREATE TABLE curves (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE, name INTEGER NOT NULL REFERENCES names(id),
  split INTEGER NOT NULL, step INTEGER NOT NULL, epoch REAL NOT NULL, value REAL, flag INTEGER NOT NULL DEFAULT 0 CHECK (flag IN (0,1)),
  PRIMARY KEY (execution, name, split, step)) STRICT, WITHOUT ROWID;
INSERT INTO curves VALUES(1,3,0,1,0.2000000000000000111,1.0,0);
INSERT INTO curves VALUES(1,3,0,2,0.4000000000000000222,0.5,0);
INSERT INTO curves VALUES(1,3,0,3,0.59999999999999997779,0.33333333333333331482,0);
INSERT INTO curves VALUES(1,3,0,4,0.8000000000000000444,0.25,0);
INSERT INTO curves VALUES(1,3,0,5,1.0,0.2000000000000000111,0);
INSERT INTO curves VALUES(1,3,0,6,1.1999999999999999555,0.16666666666666665741,0);
INSERT INTO curves VALUES(1,3,0,7,1.3999999999999999111,0.14285714285714284921,0);
INSERT INTO curves VALUES(1,3,0,8,1.6000000000000000888,0.125,0);
INSERT INTO curves VALUES(1,3,0,9,1.8000000000000000444,0.11111111111111110494,0);
INSERT INTO curves VALUES(1,3,0,10,2.0,0.10000000000000000555,0);
INSERT INTO curves VALUES(3,3,0,1,0.2000000000000000111,1.0,0);
INSERT INTO curves VALUES(3,3,0,2,0.4000000000000000222,0.5,0);
INSERT INTO curves VALUES(3,3,0,3,0.59999999999999997779,0.33333333333333331482,0);
INSERT INTO curves VALUES(3,3,0,4,0.8000000000000000444,0.25,0);
INSERT INTO curves VALUES(3,3,0,5,1.0,0.2000000000000000111,0);
INSERT INTO curves VALUES(3,3,0,6,1.1999999999999999555,0.16666666666666665741,0);
INSERT INTO curves VALUES(3,3,0,7,1.3999999999999999111,NULL,1);
INSERT INTO curves VALUES(3,3,0,8,1.6000000000000000888,1e999,0);
CREATE TABLE example_sets (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, task TEXT NOT NULL, split TEXT NOT NULL,
  n INTEGER NOT NULL, cols INTEGER NOT NULL DEFAULT 1, ids BLOB NOT NULL, truth BLOB, truth_dtype TEXT,
  mask BLOB, weights BLOB, fields BLOB) STRICT;
INSERT INTO example_sets VALUES(1,'4dab1131ab8e8a8e0fb9c791b9a5e699738695098c627edf06d079b3523b0b49','gfp','test',3,1,X'6964303030303030300a6964303030303030310a696430303030303032',X'00000000000000009a9999999999b93f9a9999999999c93f','f64',NULL,NULL,X'7b226e756d5f6d75746174696f6e73223a5b302c312c325d7d');
CREATE TABLE predictions (execution INTEGER NOT NULL REFERENCES executions(id) ON DELETE CASCADE,
  example_set INTEGER NOT NULL REFERENCES example_sets(id),
  kind TEXT NOT NULL CHECK (kind IN ('value','logit','probability','embedding','sd','quantile','member')),
  dtype TEXT NOT NULL CHECK (dtype IN ('f64','f32','f16','bf16','i64','u8')), rows INTEGER NOT NULL, cols INTEGER NOT NULL,
  codec TEXT NOT NULL CHECK (codec IN ('none','zstd','shuffle+zstd','file')), sha256 TEXT NOT NULL, data BLOB, path TEXT,
  CHECK ((codec = 'file') = (path IS NOT NULL)), CHECK ((codec = 'file') = (data IS NULL)),
  PRIMARY KEY (execution, example_set, kind)) STRICT;
INSERT INTO predictions VALUES(1,1,'value','f64',3,1,'none','4d96a5b409de5b497806fa4fa6ddb1fa87f5b0dee24d0ba3c8bc16069066a28e',X'000000000000f43f9a9999999999f53f333333333333f73f',NULL);
INSERT INTO predictions VALUES(3,1,'value','f64',3,1,'none','d55ffaf8fc9764a710c113f21e6369b28ee0da6e4939ce789a1e7d2ecdc527d9',X'0000000000000240cdcccccccccc02409a99999999990340',NULL);
CREATE TABLE timings (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, phase TEXT NOT NULL, count INTEGER NOT NULL,
  total_ns INTEGER NOT NULL, min_ns INTEGER NOT NULL, p50_ns INTEGER NOT NULL, p95_ns INTEGER NOT NULL, max_ns INTEGER NOT NULL,
  items INTEGER, samples BLOB, PRIMARY KEY (attempt, phase)) STRICT, WITHOUT ROWID;
INSERT INTO timings VALUES(1,'load',1,500000000,0,0,0,0,NULL,NULL);
INSERT INTO timings VALUES(1,'train',10,2000000000,0,0,0,0,640,NULL);
INSERT INTO timings VALUES(2,'load',1,500000000,0,0,0,0,NULL,NULL);
INSERT INTO timings VALUES(2,'train',10,2000000000,0,0,0,0,640,NULL);
INSERT INTO timings VALUES(4,'load',1,500000000,0,0,0,0,NULL,NULL);
INSERT INTO timings VALUES(4,'train',10,2000000000,0,0,0,0,640,NULL);
CREATE TABLE energy (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, source TEXT NOT NULL, joules REAL NOT NULL,
  seconds REAL NOT NULL, shared INTEGER NOT NULL CHECK (shared IN (0,1)), PRIMARY KEY (attempt, source)) STRICT, WITHOUT ROWID;
CREATE TABLE memory_peaks (attempt INTEGER NOT NULL REFERENCES attempts(id) ON DELETE CASCADE, source TEXT NOT NULL,
  bytes INTEGER NOT NULL, PRIMARY KEY (attempt, source)) STRICT, WITHOUT ROWID;
INSERT INTO memory_peaks VALUES(1,'process',1048576);
INSERT INTO memory_peaks VALUES(2,'process',1048576);
INSERT INTO memory_peaks VALUES(4,'process',1048576);
CREATE TABLE artifacts (id INTEGER PRIMARY KEY, execution INTEGER REFERENCES executions(id) ON DELETE CASCADE, kind TEXT NOT NULL,
  path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, media_type TEXT NOT NULL, licence TEXT) STRICT;
CREATE TABLE published_values (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, paper TEXT NOT NULL, table_ref TEXT NOT NULL,
  row_ref TEXT NOT NULL, col_ref TEXT NOT NULL, task TEXT, model TEXT, variant TEXT, metric TEXT NOT NULL, split TEXT NOT NULL,
  selected_on TEXT CHECK (selected_on IN ('train','validation','test')), context TEXT,
  value REAL, low REAL, high REAL, decimals INTEGER, sd REAL, n_runs INTEGER, n_eval INTEGER, margin REAL,
  status TEXT NOT NULL CHECK (status IN ('printed','reconstructed','misprint','missing')), note TEXT, source_sha256 TEXT NOT NULL) STRICT;
INSERT INTO published_values VALUES(1,'004.t2.base','004','Table 2','base','test','gfp','ridge',NULL,'mse','test',NULL,NULL,1.080000000000000071,NULL,NULL,2,NULL,NULL,NULL,NULL,'printed',NULL,'dad39d015c57f75572e3b643099f3b0b96e95044acaea73673d1f8ffc21361fb');
CREATE TABLE claims (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, paper TEXT NOT NULL, text TEXT NOT NULL,
  form TEXT NOT NULL CHECK (form IN ('greater','at_least','equivalent','order','trend')), left_selector TEXT NOT NULL,
  right_selector TEXT, metric TEXT NOT NULL, margin REAL NOT NULL, source_sha256 TEXT NOT NULL) STRICT;
CREATE TABLE verdicts (id INTEGER PRIMARY KEY, subject TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('reproduced','better','not_reproduced','undecided','blocked','inconsistent_as_printed')),
  estimate REAL, low REAL, high REAL, p REAL, p_adjusted REAL, method TEXT NOT NULL,
  executions TEXT NOT NULL CHECK (json_valid(executions)), reason TEXT NOT NULL, program TEXT NOT NULL, computed_at TEXT NOT NULL) STRICT;
CREATE TABLE baselines (id INTEGER PRIMARY KEY, name TEXT NOT NULL, spec_key TEXT NOT NULL, metric TEXT NOT NULL,
  machine_class TEXT NOT NULL DEFAULT '', git_commit TEXT NOT NULL, recorded_at TEXT NOT NULL, n INTEGER NOT NULL, mean REAL NOT NULL,
  sd REAL NOT NULL, samples BLOB NOT NULL, source_sha256 TEXT NOT NULL, UNIQUE (name, spec_key, metric, machine_class, git_commit)) STRICT;
CREATE TABLE merges (shard_uid TEXT NOT NULL, shard_sha256 TEXT NOT NULL, merged_at TEXT NOT NULL, executions INTEGER NOT NULL,
  PRIMARY KEY (shard_uid, shard_sha256)) STRICT, WITHOUT ROWID;
CREATE TABLE conflicts (id INTEGER PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trials(id), kept TEXT NOT NULL, other TEXT NOT NULL,
  what TEXT NOT NULL, found_at TEXT NOT NULL) STRICT;
CREATE INDEX experiments_name ON experiments(name);
CREATE INDEX runs_experiment ON runs(experiment);
CREATE INDEX trials_spec ON trials(spec_key);
CREATE INDEX trials_task_model ON trials(task, model, variant, seed, rep, fold);
CREATE INDEX run_trials_trial ON run_trials(trial);
CREATE INDEX executions_trial ON executions(trial, status);
CREATE UNIQUE INDEX executions_live ON executions(trial) WHERE status IN ('queued','running','interrupted');
CREATE INDEX attempts_run ON attempts(run);
CREATE INDEX metrics_name ON metrics(name, split, execution);
CREATE INDEX artifacts_execution ON artifacts(execution);
CREATE INDEX verdicts_subject ON verdicts(subject, computed_at);
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
COMMIT;
PRAGMA application_id=1397834289;
PRAGMA user_version=1;
