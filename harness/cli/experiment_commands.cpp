// check, plan, run, rerun, quickstart.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"
#include "harness/run/run_experiment.h"
#include "reports/render.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostTrials = 100000;
constexpr int kQuickstartWorkers = 4;  // of one thread each; their number changes no bit

spec::LoadOptions load_options(const Arguments& a) { return {a.set, a.scale, a.twin, a.root, data::weights_home(a.root)}; }

/// The experiment, or every diagnostic as one error.
spec::ExperimentSpec load(const Context& context, const std::string& file) {
  auto loaded = spec::load(experiment_path(context, file), context.tables.catalog(), load_options(context.arguments));
  if (!loaded) throw InputError("invalid experiment\n" + spec::format_diagnostics(loaded.error()));
  return std::move(*loaded);
}

run::RunOptions run_options(const Arguments& a) {
  run::RunOptions options;
  options.store = a.store;
  options.root = a.root;
  options.published = a.root / "results/published";
  options.plan = {a.data, a.again, a.failed};
  options.command = a.command_line;
  options.overrides = a.set;
  const char* term = std::getenv("TERM");
  const bool terminal = ::isatty(2) == 1 && !a.no_progress && (term == nullptr || std::string_view(term) != "dumb");
  options.progress = a.json       ? run::ProgressMode::kJson
                     : a.quiet    ? run::ProgressMode::kQuiet
                     : terminal   ? run::ProgressMode::kTerminal
                                  : run::ProgressMode::kPlain;
  run::ScheduleOptions& schedule = options.schedule;
  schedule.workers = static_cast<int>(a.workers);
  schedule.device = a.device;
  schedule.again = a.again;
  schedule.fail_fast = a.fail_fast;
  schedule.max_failures = a.max_failures;
  const std::string_view every = a.checkpoint_every;
  if (every.size() > 5 && every.substr(every.size() - 5) == "steps") {
    schedule.checkpoint_steps = parse_int(every.substr(0, every.size() - 5)).value_or(0);
  }
  const auto seconds = spec::parse_duration(every);
  if (schedule.checkpoint_steps < 1 && !seconds) {
    throw InputError(fmt::format("--checkpoint-every must be a time such as 60s or steps such as 500steps, got '{}'", printable(every)));
  }
  schedule.checkpoint_seconds = seconds.value_or(60);
  if (!a.time_limit.empty()) {
    const auto limit = spec::parse_duration(a.time_limit);
    if (!limit) throw InputError(fmt::format("--time-limit must be a time such as 2h30m, got '{}'", printable(a.time_limit)));
    schedule.time_limit_seconds = *limit;
  }
  return options;
}

run::Plan planned(const Context& context, const spec::ExperimentSpec& experiment) {
  const Arguments& a = context.arguments;
  const run::PlanOptions options{a.data, a.again, a.failed};
  run::Plan plan = run::expand_plan(experiment, context.tables, context.code, options);
  if (fs::exists(a.store)) run::consult_store(plan, store::Reader(a.store), options);
  return plan;
}

/// What a run of it would miss: the file is right without.
void note_missing_data(const Context& context, const spec::ExperimentSpec& experiment) {
  std::set<std::string> notes;
  for (const spec::TaskUse& use : experiment.tasks) {
    const TaskEntry& task = context.tables.task(use.task);
    if (use.source == "twin" || task.fingerprint) continue;
    const fs::path folder = data::task_folder(context.arguments.data, task.name);
    try {
      if (data::read_lock(folder).empty()) notes.insert(data::no_data_text(task.name, folder, task.import_hint));
    } catch (const InputError& error) {
      notes.insert(error.what());
    }
  }
  for (const std::string& note : notes) fmt::print("note: {}\n", note);
}

}  // namespace

run::Plan plan_of_file(const Context& context, const fs::path& file) {
  return run::expand_plan(load(context, file.string()), context.tables, context.code, {context.arguments.data, false, false});
}

fs::path experiment_path(const Context& context, const std::string& name) {
  if (fs::exists(name)) return name;
  const fs::path below = context.arguments.root / "experiments" / (name + ".toml");
  return fs::exists(below) ? below : fs::path(name);
}

ExitCode check(const Context& context) {
  bool broken = false;
  for (const std::string& file : context.arguments.files) {
    const auto loaded = spec::load(experiment_path(context, file), context.tables.catalog(), load_options(context.arguments));
    if (loaded) {
      if (!context.arguments.quiet) {
        fmt::print("{}: {}, {}, no error\n", file, counted(loaded->variants.size(), "row"), counted(loaded->seeds.size(), "seed"));
        note_missing_data(context, *loaded);
      }
    } else {
      broken = true;
      fmt::print(stderr, "{}", spec::format_diagnostics(loaded.error()));
    }
  }
  return broken ? ExitCode::kInput : ExitCode::kDone;
}

ExitCode plan(const Context& context) {
  const Arguments& a = context.arguments;
  const run::Plan plan = planned(context, load(context, a.files.front()));
  if (plan.trials.size() > kMostTrials && a.limit == 20) {
    throw InputError(fmt::format("{} trials: more than {} need an explicit --limit", plan.trials.size(), kMostTrials));
  }
  if (a.json) {
    print_json(run::plan_json(plan));
  } else {
    fmt::print("{}", run::format_plan(plan, static_cast<std::size_t>(std::max<std::int64_t>(a.limit, 0))));
  }
  return ExitCode::kDone;
}

ExitCode run_file(const Context& context) {
  const spec::ExperimentSpec experiment = load(context, context.arguments.files.front());
  const run::RunReport report =
      run::run_experiment(experiment, context.tables, context.code, run_options(context.arguments));
  if (!context.arguments.json && !context.arguments.quiet) {
    const char* goes_on = report.outcome.interrupted ? "the same command goes on with what was interrupted\n" : "";
    static_cast<void>(std::fputs(fmt::format("{}tables: seqbench report {}\n", goes_on, experiment.name).c_str(), stderr));
  }
  return report.exit_code();
}

ExitCode rerun_trial(const Context& context) {
  const Arguments& a = context.arguments;
  const run::RerunReport report = run::rerun(a.what, context.tables, context.code, run_options(a));
  if (report.outcome.done != 1 && !a.json) {
    fmt::print("the trial did not end, so nothing was compared{}\n",
               report.outcome.interrupted ? "; the same command goes on with it" : "");
    return report.outcome.interrupted ? ExitCode::kInterrupted : ExitCode::kFinding;
  }
  if (a.json) {
    print_json({{"v", 1}, {"same_bits", report.same_bits}, {"before", report.before}, {"after", report.after},
                {"differences", report.differences}});
    return report.exit_code();
  }
  fmt::print("{}: result {} before, {} now\n", report.same_bits ? "the same bits" : "other bits",
             report.before.substr(0, 12), report.after.empty() ? "none" : report.after.substr(0, 12));
  for (const std::string& difference : report.differences) fmt::print("  {}\n", difference);
  if (!report.same_bits && report.differences.empty()) {
    fmt::print("  no fact of code or environment differs: this trial is not deterministic\n");
  }
  return report.exit_code();
}

ExitCode quickstart(const Context& context) {
  const Arguments& a = context.arguments;
  const spec::ExperimentSpec experiment = load(context, "quickstart");
  run::RunOptions options = run_options(a);
  options.schedule.workers = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kQuickstartWorkers);
  const run::RunReport report = run::run_experiment(experiment, context.tables, context.code, options);
  const store::Reader store(a.store);
  write_reports(context, store, {store.run(report.run_uid)});
  return report.exit_code();
}

}  // namespace seqbench::cli
