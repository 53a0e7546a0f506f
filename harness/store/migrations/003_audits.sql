-- Version 3. What the audit of a data set's split found, once for all trials on it: `subject` is the hash of the task, data and
-- split of their configurations.

CREATE TABLE audits (subject TEXT PRIMARY KEY CHECK (length(subject) = 64), task TEXT NOT NULL, version INTEGER NOT NULL,
  audit TEXT NOT NULL CHECK (json_valid(audit)), computed_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX audits_task ON audits(task);
