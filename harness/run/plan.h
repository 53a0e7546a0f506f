#pragma once
// An experiment and the registered entries become an ordered list of trials: a value that can be printed
// before anything runs.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/code_hashes.h"
#include "harness/run/trial.h"
#include "harness/spec/experiment.h"
#include "harness/store/reader.h"
#include "harness/store/run_store.h"

namespace seqbench::run {

struct PlanOptions {
  std::filesystem::path data_home;
  bool again = false;        // new executions though done
  bool retry_failed = false;  // take up failed trials again
  std::filesystem::path models = {};  // where trials of [save] model write their folders
};

struct PlannedTrial {
  TrialSpec spec;
  bool needed = true;               // false: done, or failed and not asked for again
  std::string state = "run";        // done | failed | run | resume | rerun
  std::string why = "never run";    // one of HARNESS 3.3
  std::optional<double> estimate_seconds;
};

struct Plan {
  spec::ExperimentSpec experiment;
  std::vector<PlannedTrial> trials;  // display order
  [[nodiscard]] std::size_t needed() const;
};

/// Trials with their keys. Throws InputError when real data is absent, naming the command that gets it, or when
/// a fold or seed list makes no trial.
[[nodiscard]] Plan expand_plan(const spec::ExperimentSpec& experiment, const Tables& tables,
                               const CodeHashes& code, const PlanOptions& options);
/// Predictions that someone made elsewhere.
struct Submission {
  std::string model;   // the name that they stand under
  std::string sha256;  // of the file's bytes
  std::string only;    // "FIELD=VALUE": of the test rows these alone; "" = all
};
/// The trials that score it, one a fold, of an experiment of one task and no model (spec::load_task).
[[nodiscard]] Plan submission_plan(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                                   const PlanOptions& options, const Submission& submission);
/// What the store knows of each trial: done, why it will run again, how long it may take.
void consult_store(Plan& plan, const store::Reader& store, const PlanOptions& options);
/// The table of HARNESS 3.3, at most `limit` rows (0 = all).
[[nodiscard]] std::string format_plan(const Plan& plan, std::size_t limit);
[[nodiscard]] Json plan_json(const Plan& plan);
/// A plan of one: a trial of the store, under the code of today. Throws InputError when its data changed. `file_folders`: where files are
/// looked for that its parameters name.
[[nodiscard]] Plan plan_again(const store::TrialResult& before, const Tables& tables, const CodeHashes& code,
                              const std::filesystem::path& data_home,
                              const std::vector<std::filesystem::path>& file_folders = {});
/// Hashes of the rooms whose sources determine this trial: the "code" object of its configuration.
[[nodiscard]] Json code_json(const CodeHashes& code, const TaskEntry& task, const std::string& model);
/// "code: model", "/torch: 2.13.0 -> 2.14.0": what differs, one line a fact.
[[nodiscard]] std::vector<std::string> code_differences(const Json& before, const Json& now);
[[nodiscard]] std::vector<std::string> environment_differences(const Environment& before, const Environment& now);
/// The run's row for the store: provenance before work.
[[nodiscard]] store::RunRow run_row(const Plan& plan, const Tables& tables, const std::vector<std::string>& command,
                                    const std::vector<std::string>& overrides);

}  // namespace seqbench::run
