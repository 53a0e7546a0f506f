#pragma once
// What goes into the store and comes out of it, as plain values. Units: seconds in doubles, times in
// nanoseconds where the name ends in _ns, UTC ISO 8601 text for moments.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/environment.h"
#include "harness/base/json.h"

namespace seqbench::store {

struct ExperimentRow {
  std::string spec_sha256, name, title, paper, reruns, source, spec_toml;
  Json resolved;
};

/// A trial's definition; columns of the table `trials`.
struct TrialRow {
  std::string key, spec_key, code_sha256;  // 32, 32, 64 hex characters
  std::string task, model, variant;
  std::int64_t seed = 0, rep = 0, fold = -1;
  std::string source, scale, split_kind;
  std::int64_t task_version = 1, model_version = 1;
  std::string weights = "none";
  Json config;  // all that the key is made of; `model.view` in it names the view
  std::string data_sha256;
  std::string kind = "fit";  // fit | control | ceiling
};

/// A trial's place in a run: label is the row name in its tables.
struct PlannedTrial {
  TrialRow trial;
  std::string label;
};

struct Card {
  std::string kind, name;  // task | model
  std::int64_t version = 1;
  Json card;
};

/// What was looked for in a data set's split, and found (harness/audit).
struct AuditRow {
  std::string subject;  // audit_subject of the trials it holds for
  std::string task;
  int version = 1;      // of the checks
  Json audit;
};
/// Hash of task, data and split of a trial's configuration.
[[nodiscard]] std::string audit_subject(const Json& config);

struct RunRow {
  ExperimentRow experiment;
  Json command = Json::array();
  Json overrides = Json::array();
  std::vector<PlannedTrial> trials;
  std::vector<Card> cards;
};

struct MetricRow {
  int split = 2;               // 0 train, 1 validation, 2 test
  std::string name;            // "mse"
  std::string slice = "all";   // "num_mutations=4"
  double value = 0;            // a NaN is kept with its note; -0 becomes 0
  std::int64_t n = 0;
  std::string note;
  bool higher_is_better = false;
  int version = 1;
  std::string unit;
};

struct CurvePoint {
  std::string name;  // "loss", "mse"
  int split = 0;
  std::int64_t step = 0;
  double epoch = 0;
  double value = 0;
};

/// Truth of one split's rows in the order of its sorted ids, shared by all trials that predict it.
struct ExampleSet {
  std::string task, split;           // split: "train", "validation", "test"
  std::vector<std::string> ids;      // sorted by bytes, without line breaks
  std::int64_t cols = 1;
  std::vector<double> truth;         // [ids, cols]
  Json fields = Json::object();      // field name -> array of values in the order of ids
  [[nodiscard]] std::string sha256() const;
};

inline constexpr const char* kSpread = "sd";  // standard deviations of the values on the same examples
struct Predictions {
  ExampleSet examples;
  std::string kind = "value";        // value | probability | sd
  std::vector<double> values;        // [ids, cols], same order
};

/// What the store keeps of a metric's name; of slices and curves only the name counts.
struct NameRow {
  std::string name;
  int version = 1;
  bool higher_is_better = false;
  std::string unit;
};

/// A metric as its row has it: `name` and `slice` are keys of Reader::names(). A NaN has a note.
struct ScannedMetric {
  std::int64_t split = 0, name = 0, slice = 0, n = 0;
  double value = 0;
  std::string note;
};

/// Predictions whose examples are shared by all that are held at a time.
struct SharedPredictions {
  std::shared_ptr<const ExampleSet> examples;
  std::string kind;
  std::vector<double> values;  // [ids, cols]
};

struct TimingRow {
  std::string phase;  // load, train, predict; parts of one are named train/forward
  std::int64_t count = 0, total_ns = 0, min_ns = 0, p50_ns = 0, p95_ns = 0, max_ns = 0;
  std::optional<std::int64_t> items;  // rows trained on, rows predicted
};

/// The outcome of one execution.
struct TrialRecord {
  std::string verdict = "ok";  // table executions' CHECK list
  std::string reason;          // when verdict is not ok
  std::vector<MetricRow> metrics;
  std::vector<Predictions> predictions;
  std::vector<TimingRow> timings;
  std::int64_t peak_bytes = 0;
  std::int64_t step = 0, epoch = 0;
  std::optional<std::int64_t> params_total, params_trained;
  Json chosen = Json::object();  // what an estimator chose, the epoch kept
  /// SHA-256 over the metrics (name, slice, n, bits), sorted by split, name, slice, and the predictions (hashes of
  /// example set and bytes), sorted by split, kind.
  [[nodiscard]] std::string result_sha256() const;
};

struct CheckpointRow {
  std::int64_t step = 0;
  std::string kind = "last";  // last | best
  std::string path, sha256;
  std::int64_t bytes = 0;
};

/// One number of a paper; a row of results/published/*.tsv and of the table `published_values`.
struct PublishedRow {
  std::string uid, paper, table_ref, row_ref, col_ref, task, model, variant, metric, split, selected_on;
  std::optional<double> value;           // nothing for a printed range, and where nothing is printed
  std::optional<double> low, high;       // a printed range, both or neither
  std::optional<std::int64_t> decimals;  // digits behind the point less the exponent: 0.50 -> 2, 110e6 -> -6
  std::optional<std::int64_t> n_eval;
  bool n_eval_derived = false;           // from the printed metrics, so that no rule may test them by it; not stored
  std::optional<double> margin;          // results/published/margins.toml, in the metric's unit
  std::string status = "printed", note, quote;
};

/// One judgement; a row of the table `verdicts`.
struct VerdictRow {
  std::string subject;  // a PublishedRow's uid, or "claim:ID"
  std::string verdict;  // the table's CHECK list
  std::optional<double> estimate, low, high, p, p_adjusted;  // of measured less printed
  std::string method;   // with the SHA-256 of the margins
  std::vector<std::string> trials;  // keys
  std::string reason;
};

/// How a trial stands before a run takes it up.
struct TrialState {
  std::string status;    // "" (never run), queued, running, interrupted, done, failed
  std::int64_t execution = 0;
  std::string verdict, reason, result_sha256;
  std::int64_t step = 0;
  bool owner_alive = false;  // running, and by a process that still lives
  std::vector<CheckpointRow> checkpoints;  // newest first
};

/// One executed attempt that was begun.
struct Begun {
  std::int64_t execution = 0, attempt = 0, ordinal = 1;
  std::string execution_uid;
  std::vector<CheckpointRow> checkpoints;  // to resume from, newest first
};

}  // namespace seqbench::store
