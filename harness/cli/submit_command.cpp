#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/run/submit.h"

namespace seqbench::cli {
namespace {

spec::ExperimentSpec experiment_of(const Context& context, const TaskEntry& task) {
  const Arguments& a = context.arguments;
  spec::LoadOptions options{a.set, a.scale, a.twin, a.root, {}};
  if (!a.split.empty()) options.set.push_back("split.kind=" + a.split);
  auto loaded = spec::load_task(task, context.tables.catalog(), options);
  if (!loaded) throw InputError("invalid settings\n" + spec::format_diagnostics(loaded.error()));
  return std::move(*loaded);
}

Json metrics_json(const store::TrialRecord& record) {
  Json metrics = Json::object();
  for (const store::MetricRow& m : record.metrics) {
    if (m.slice == "all") metrics[m.name] = json_number(m.value);
  }
  return metrics;
}

}  // namespace

ExitCode submit(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.task);
  run::SubmitOptions submission{.file = a.files.front(), .model = a.model, .licence = a.licence, .only = a.where, .dry_run = a.dry_run};
  if (!a.card.empty()) submission.card = spec::read_card(a.card);
  run::RunOptions options;
  options.store = a.store;
  options.plan.data_home = a.data;
  options.command = a.command_line;
  options.overrides = a.set;
  const run::SubmitReport report = run::submit(experiment_of(context, task), context.tables, context.code, options, submission);
  const char* state = report.known ? "known before, nothing added" : report.stored ? "stored, marked as submitted" : "dry run, nothing stored";
  if (a.json) {
    Json trials = Json::array();
    for (std::size_t i = 0; i < report.keys.size(); ++i) trials.push_back({{"key", report.keys[i]}, {"metrics", metrics_json(report.records[i])}});
    print_json({{"v", 1}, {"task", task.name}, {"model", a.model}, {"rows", report.rows}, {"stored", report.stored}, {"known", report.known}, {"trials", trials}});
    return ExitCode::kDone;
  }
  fmt::print("{} on {}: {} predictions, every id once; {}\n", a.model, task.name, report.rows, state);
  for (std::size_t i = 0; i < report.keys.size(); ++i) {
    fmt::print("trial {}\n", report.keys[i].substr(0, 8));
    for (const store::MetricRow& m : report.records[i].metrics) {
      if (m.slice == "all") fmt::print("  {:<24} {}\n", m.name, m.note.empty() ? format_double(m.value) : m.note);
    }
  }
  if (report.stored) fmt::print("rank: seqbench leaderboard {}\n", task.name);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
