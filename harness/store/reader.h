#pragma once
// Read-only access: everything that lists, pages and exports show comes through here.

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/records.h"
#include "harness/store/run_store.h"

namespace seqbench::store {

/// `status`: "interrupted" also of a run that was killed once a trial of it had begun, and of one that still goes on on
/// another machine, in a store merged from there.
struct RunSummary {
  std::int64_t id = 0;
  std::string uid, experiment, title, paper, reruns, status, started_at, ended_at;
  Json command, resolved;
};

/// One trial of a run (or of all runs, for leaderboards) with its newest done execution, or its newest state.
struct TrialResult {
  std::string key, label, task, model, variant, kind, source, scale, split_kind, view;
  std::int64_t seed = 0, rep = 0, fold = -1;
  std::string status, verdict, reason, result_sha256;
  std::string execution_uid;                     // greater = begun later
  std::int64_t execution = 0, ordinal = 0, attempts = 0, step = 0;
  std::optional<std::int64_t> params_total, params_trained;
  // Over all attempts of the execution: training and predictions; and with what was loaded, or made for many trials, as
  // embeddings are by the first that needs them.
  double work_seconds = 0, total_seconds = 0;
  std::optional<double> items_per_second;
  std::int64_t peak_bytes = 0;
  Json config, chosen;
  Environment environment;
};

class Reader {
 public:
  /// Throws InputError when there is no store at this path, or one of another version.
  explicit Reader(const std::filesystem::path& path);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] std::vector<RunSummary> runs(std::size_t newest = 50) const;
  /// By unique prefix of 6 characters or more of a run uid; InputError lists matches.
  [[nodiscard]] RunSummary run(std::string_view uid_prefix) const;
  /// The newest run of the experiment of this name, or nothing.
  [[nodiscard]] std::optional<RunSummary> newest_run(std::string_view experiment) const;
  [[nodiscard]] std::vector<TrialResult> trials_of_run(std::int64_t run) const;
  /// Newest done execution of every trial of this task, once for each scale of a run that planned it, labelled as the
  /// last of them planned it.
  [[nodiscard]] std::vector<TrialResult> trials_of_task(std::string_view task) const;
  /// The same, a result for each label that an experiment last gave the trial: two experiments may share it.
  [[nodiscard]] std::vector<TrialResult> labelled_trials(std::string_view task) const;
  /// The state that RunStore::state gives; status "" for a trial that the store does not know.
  [[nodiscard]] TrialState state(std::string_view key) const;
  /// By unique prefix of a key; InputError lists matches.
  [[nodiscard]] TrialResult trial(std::string_view key_prefix) const;
  [[nodiscard]] std::vector<MetricRow> metrics(std::int64_t execution) const;
  [[nodiscard]] std::vector<CurvePoint> curves(std::int64_t execution) const;
  [[nodiscard]] std::vector<Predictions> predictions(std::int64_t execution) const;

  /// For many executions: metrics by ids into `out` (replaced), in the order of the ids; names once.
  void scan_metrics(std::int64_t execution, std::vector<ScannedMetric>& out) const;
  [[nodiscard]] std::map<std::int64_t, NameRow> names() const;
  /// The same predictions, each example set read once while anyone holds it.
  [[nodiscard]] std::vector<SharedPredictions> shared_predictions(std::int64_t execution) const;
  /// Their standard deviations, of models that tell them.
  [[nodiscard]] std::vector<SharedPredictions> spreads(std::int64_t execution) const;
  /// Ids of the example sets that the execution predicted, sorted by split; and one of them.
  [[nodiscard]] std::vector<std::int64_t> example_sets(std::int64_t execution) const;
  [[nodiscard]] std::shared_ptr<const ExampleSet> examples(std::int64_t id) const;

  [[nodiscard]] std::optional<Card> card(std::string_view kind, std::string_view name) const;  // newest version
  [[nodiscard]] std::optional<AuditRow> audit(std::string_view subject) const;
  [[nodiscard]] std::vector<PublishedRow> published(std::string_view task) const;
  /// All rows of a paper, settings too, as stored; and the names of the papers, sorted.
  [[nodiscard]] std::vector<PublishedRow> published_by(std::string_view paper) const;
  [[nodiscard]] std::vector<std::string> papers() const;
  /// The newest verdict of each subject, by subject; without the keys of its trials.
  [[nodiscard]] std::map<std::string, VerdictRow> verdicts() const;
  /// Names of all experiments, and of the tasks that have a done trial; sorted.
  [[nodiscard]] std::vector<std::string> experiments() const;
  [[nodiscard]] std::vector<std::string> tasks() const;
  /// Median seconds per train step and of everything else, over the newest 20 done executions of this model and task.
  struct Pace { double seconds_per_step = 0; double other_seconds = 0; std::int64_t steps = 0; };
  [[nodiscard]] std::optional<Pace> pace(std::string_view task, std::string_view model, std::string_view view,
                                         std::string_view scale) const;
  /// Done executions of trials with this spec_key under other code: their trial configs, newest first.
  [[nodiscard]] std::vector<Json> configs_with_spec_key(std::string_view spec_key) const;
  /// Any trial of the same task, model, variant, seed, rep, fold but other data: its data_sha256.
  [[nodiscard]] std::vector<std::string> data_of_same_trial(const TrialRow& trial) const;

  /// integrity_check, foreign_key_check, and our own rules (I3, I4, result hashes recomputed): the findings.
  [[nodiscard]] std::vector<std::string> check() const;
  /// All result rows as text, sorted by natural keys, without times, uids, ids, hosts: two stores of the same
  /// results give the same bytes whatever order, workers and interruptions they had.
  void export_text(std::ostream& out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seqbench::store
