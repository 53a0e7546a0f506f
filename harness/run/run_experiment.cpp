#include "harness/run/run_experiment.h"

#include <fmt/format.h>

#include "harness/audit/audit.h"
#include "harness/base/error.h"
#include "harness/data/home.h"
#include "harness/run/audits.h"
#include "harness/run/published.h"
#include "harness/run/signals.h"
#include "harness/train/device.h"

namespace seqbench::run {
namespace fs = std::filesystem;

namespace {

/// Before the first row is written: a bad file or split ends the run here.
std::vector<store::AuditRow> audits_before(const Plan& plan, const Tables& tables, const fs::path& store) {
  std::optional<store::Reader> reader;
  if (fs::exists(store)) reader.emplace(store);
  return check_and_audit(plan, tables, [&reader](const std::string& subject) {
    const auto audit = reader ? reader->audit(subject) : std::nullopt;
    return audit && audit->version >= audit::kVersion;
  });
}

/// Where experiment files were: files beside them may be needed again.
std::vector<fs::path> folders_of_experiments(const store::Reader& reader, const fs::path& root) {
  std::vector<fs::path> folders = {root, data::weights_home(root)};
  for (const store::RunSummary& run : reader.runs()) {
    folders.push_back((root / "experiments" / run.experiment).parent_path());
    for (const Json& word : run.command) {
      if (word.is_string() && fs::path(word.get<std::string>()).extension() == ".toml") folders.push_back(fs::path(word.get<std::string>()).parent_path());
    }
  }
  return folders;
}

RunReport execute(Plan& plan, store::RunStore& store, const store::RunRow& row, const RunOptions& options) {
  const Environment environment = environment_of(options.schedule.device, 1);
  Progress progress(options.progress, plan, options.schedule.workers);
  RunReport report;
  const store::RunId run = store.open_run(row);
  report.run_uid = run.uid;
  progress.run_begin(run.uid, environment.device);
  report.failed_before = std::ranges::count_if(plan.trials, [](const PlannedTrial& t) { return t.state == "failed" && !t.needed; });
  if (report.failed_before > 0) {
    progress.warning(fmt::format("trials that failed before and stay so: {}; --failed runs them again", report.failed_before));
  }
  for (PlannedTrial& trial : plan.trials) trial.spec.model_cache = fs::absolute(data::model_cache(options.root));
  ScheduleOptions schedule = options.schedule;
  schedule.checkpoint_folder = fs::absolute(options.store).parent_path() / "checkpoints";
  try {
    report.outcome = Scheduler(store, run, plan, schedule, environment, progress).run();
  } catch (const std::exception&) {
    try {
      store.close_run(run, "interrupted");
    } catch (const Error&) {  // the store itself may be what failed
    }
    progress.run_end("interrupted", static_cast<int>(ExitCode::kMachine));
    throw;
  }
  const char* status = report.outcome.interrupted ? "interrupted" : report.exit_code() == ExitCode::kDone ? "done" : "failed";
  store.close_run(run, status);
  progress.run_end(status, static_cast<int>(report.exit_code()));
  return report;
}

}  // namespace

ExitCode RunReport::exit_code() const {
  if (outcome.interrupted) return ExitCode::kInterrupted;
  return outcome.failed + failed_before > 0 ? ExitCode::kFinding : ExitCode::kDone;
}

ExitCode RerunReport::exit_code() const {
  if (outcome.interrupted) return ExitCode::kInterrupted;
  return same_bits || (!differences.empty() && outcome.done == 1) ? ExitCode::kDone : ExitCode::kFinding;
}

Environment environment_of(const std::string& device, std::int64_t threads) {
  Environment environment = measure::capture_environment();
  environment.torch = train::torch_version();
  environment.cpu_capability = train::cpu_capability();
  environment.device = train::find_device(device).str();
  environment.threads = threads;
  return environment;
}

RunReport run_experiment(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                         const RunOptions& options) {
  count_stop_signals();
  static_cast<void>(train::find_device(options.schedule.device));
  PlanOptions plan_options = options.plan;
  plan_options.models = fs::absolute(options.store).parent_path() / "models";
  Plan plan = expand_plan(experiment, tables, code, plan_options);
  std::optional<store::RunStore> store;
  if (fs::exists(options.store)) {
    store.emplace(options.store);
    consult_store(plan, store::Reader(options.store), options.plan);
  }
  const std::vector<store::AuditRow> audits = audits_before(plan, tables, options.store);
  std::optional<Published> published;  // before the first row is written, as the data
  if (fs::is_directory(options.published)) published = read_published(options.published);
  if (stop_signals() > 0) throw Interrupted();
  if (!store) store.emplace(options.store);
  if (published) store_published(*store, *published);
  for (const store::AuditRow& audit : audits) store->add_audit(audit);
  return execute(plan, *store, run_row(plan, tables, options.command, options.overrides), options);
}

RerunReport rerun(const std::string& key_prefix, const Tables& tables, const CodeHashes& code,
                  const RunOptions& options) {
  count_stop_signals();
  RerunReport report;
  store::TrialResult before;
  std::vector<std::string> saved;
  std::vector<fs::path> file_folders;
  {
    const store::Reader reader(options.store);
    before = reader.trial(key_prefix);
    for (const store::Predictions& p : reader.predictions(before.execution)) saved.push_back(p.examples.split);
    file_folders = folders_of_experiments(reader, options.root);
  }
  if (before.kind == "submitted") throw InputError(fmt::format("trial {} was submitted: its predictions were made elsewhere", before.key));
  if (before.status != "done") {
    throw InputError(fmt::format("trial {} is {}: only a finished one can be compared", before.key,
                                 before.status.empty() ? "not run" : before.status));
  }
  Plan plan = plan_again(before, tables, code, options.plan.data_home, file_folders);
  plan.trials.front().spec.save_predictions = saved;  // they are part of what is compared
  static_cast<void>(check_and_audit(plan, tables, [](const std::string&) { return true; }));
  const TrialSpec& spec = plan.trials.front().spec;
  report.differences = code_differences(before.config.at("code"), spec.row.config.at("code"));
  const Environment now = environment_of(options.schedule.device, spec.threads);
  for (const std::string& difference : environment_differences(before.environment, now)) {
    report.differences.push_back(difference);
  }
  store::RunStore store(options.store);
  RunOptions again = options;
  again.schedule.again = true;
  const RunReport run = execute(plan, store, run_row(plan, tables, options.command, {}), again);
  report.outcome = run.outcome;
  report.before = before.result_sha256;
  if (run.outcome.done == 1) report.after = store.state(spec.row.key).result_sha256;
  report.same_bits = report.before == report.after;
  return report;
}

}  // namespace seqbench::run
