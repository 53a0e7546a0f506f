#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/spec/experiment.h"
#include "harness/store/reader.h"
#include "reports/text.h"

namespace seqbench::cli {
namespace {

constexpr const char* kParts[] = {"train", "validation", "test"};

std::string settings_text(const std::vector<ParamSpec>& params) {
  std::string text;
  for (const ParamSpec& spec : params) {
    text += fmt::format("  {:<20} {}; {} [{}]\n", spec.name, spec.help, describe_expected(spec),
                        Params({spec}).to_json().at(spec.name).dump());
  }
  return text.empty() ? "  none\n" : text;
}

void print_task(const TaskEntry& task) {
  fmt::print("task {} (version {}): {}\n{}\nkind: {}\n", task.name, task.version, task.title, task.summary, to_string(task.kind));
  for (const Target& target : task.targets) fmt::print("target: {} ({})\n", target.name, target.unit);
  fmt::print("metrics: {} (the first ranks)\nsplits: {}\nslices: {}\n", join(task.metrics, ", "), join(task.splits, ", "),
             task.slices.empty() ? "none" : join(task.slices, ", "));
  fmt::print("views:\n");
  for (const ViewInfo& view : task.views) fmt::print("  {:<20} {}\n", view.name, view.help);
  fmt::print("parameters:\n{}", settings_text(task.params));
  fmt::print("real data: {}\n", task.has_real ? task.import_hint : "none yet; the synthetic twin is used");
  if (!task.citation.empty()) fmt::print("citation: {}\n", task.citation);
  if (!task.licence.empty()) fmt::print("licence: {}\n", task.licence);
}

void print_model(const ModelEntry& model) {
  fmt::print("model {} (version {}): {}\n", model.name, model.version, model.summary);
  fmt::print("views: {}\n{}\nparameters:\n{}", join(model.views, ", "),
             model.trained_by_loop ? "trained by the loop" : "fits itself", settings_text(model.params));
  for (const Control& control : model.controls) fmt::print("control row: {} (view {})\n", control.label, control.view);
  if (!model.citation.empty()) fmt::print("citation: {}\n", model.citation);
}

void print_predictions(const store::Reader& store, const store::TrialResult& trial, const Arguments& a) {
  Json rows = Json::array();
  if (!a.json) fmt::print("id,truth,prediction,split,fold\n");
  for (const store::Predictions& p : store.predictions(trial.execution)) {
    for (std::size_t i = 0; i < p.examples.ids.size(); ++i) {
      if (a.json) {
        rows.push_back({{"id", p.examples.ids[i]}, {"truth", json_number(p.examples.truth[i])},
                        {"prediction", json_number(p.values[i])}, {"split", p.examples.split}, {"fold", trial.fold}});
      } else {
        fmt::print("{},{},{},{},{}\n", reports::csv_text(p.examples.ids[i]), format_double(p.examples.truth[i]),
                   format_double(p.values[i]), p.examples.split, trial.fold);
      }
    }
  }
  if (a.json) print_json(rows);
}

void print_curves(const store::Reader& store, const store::TrialResult& trial) {
  fmt::print("name,split,step,epoch,value\n");
  for (const store::CurvePoint& c : store.curves(trial.execution)) {
    fmt::print("{},{},{},{},{}\n", c.name, kParts[std::clamp(c.split, 0, 2)], c.step, format_double(c.epoch), format_double(c.value));
  }
}

Json trial_json(const store::Reader& store, const store::TrialResult& t) {
  Json metrics = Json::array();
  for (const store::MetricRow& m : store.metrics(t.execution)) {
    metrics.push_back({{"split", kParts[std::clamp(m.split, 0, 2)]}, {"metric", m.name}, {"slice", m.slice},
                       {"value", json_number(m.value)}, {"n", m.n}, {"note", m.note}});
  }
  return {{"v", 1}, {"key", t.key}, {"label", t.label}, {"task", t.task}, {"model", t.model}, {"seed", t.seed},
          {"rep", t.rep}, {"fold", t.fold}, {"status", t.status}, {"verdict", t.verdict}, {"reason", t.reason},
          {"result_sha256", t.result_sha256}, {"attempts", t.attempts}, {"chosen", t.chosen}, {"config", t.config},
          {"environment", t.environment.to_json()}, {"metrics", metrics}};
}

void print_trial(const store::Reader& store, const store::TrialResult& t) {
  fmt::print("trial {}\n{} on {}, seed {}, repeat {}, fold {}\n", t.key, printable(t.label), t.task, t.seed, t.rep,
             t.fold < 0 ? "none" : std::to_string(t.fold));
  fmt::print("status {}{}{}, {} attempts, {:.1f} s, step {}\n", t.status, t.verdict.empty() || t.verdict == "ok" ? "" : ": " + t.verdict,
             t.reason.empty() ? "" : ": " + printable(t.reason, 2000), t.attempts, t.total_seconds, t.step);
  if (!t.chosen.empty()) fmt::print("chosen: {}\n", t.chosen.dump());
  for (const store::MetricRow& m : store.metrics(t.execution)) {
    if (m.slice != "all") continue;
    fmt::print("  {:<10} {:<22} {:<22} n={}{}\n", kParts[std::clamp(m.split, 0, 2)], m.name, format_double(m.value), m.n,
               m.note.empty() ? "" : "  " + m.note);
  }
}

ExitCode show_trial(const Context& context, const store::Reader& store, const store::TrialResult& trial) {
  const Arguments& a = context.arguments;
  if (a.predictions) print_predictions(store, trial, a);
  else if (a.curves) print_curves(store, trial);
  else if (a.config) print_json(trial.config);
  else if (a.env) print_json(trial.environment.to_json());
  else if (a.json) print_json(trial_json(store, trial));
  else print_trial(store, trial);
  return ExitCode::kDone;
}

void show_run(const store::Reader& store, const store::RunSummary& run) {
  fmt::print("run {} of {}: {}, {} to {}\n", run.uid, printable(run.experiment), run.status, run.started_at,
             run.ended_at.empty() ? "-" : run.ended_at);
  for (const store::TrialResult& t : store.trials_of_run(run.id)) {
    fmt::print("  {}  {:<34} seed={:<4} fold={:<3} {:<11} {}\n", t.key.substr(0, 8), printable(t.label), t.seed,
               t.fold < 0 ? "-" : std::to_string(t.fold), t.status, t.verdict == "ok" ? "" : printable(t.reason));
  }
}

}  // namespace

ExitCode show(const Context& context) {
  const Arguments& a = context.arguments;
  if (!a.format.empty() && a.format != "csv" && a.format != "text" && a.format != "json") {
    throw InputError(fmt::format("--format must be text, csv or json, got '{}'", printable(a.format)));
  }
  for (const TaskEntry& task : context.tables.tasks()) {
    if (task.name == a.what) return print_task(task), ExitCode::kDone;
  }
  for (const ModelEntry& model : context.tables.models()) {
    if (model.name == a.what) return print_model(model), ExitCode::kDone;
  }
  if (const std::filesystem::path path = experiment_path(context, a.what); std::filesystem::is_regular_file(path)) {
    auto loaded = spec::load(path, context.tables.catalog(), {a.set, a.scale, a.twin, a.root});
    if (!loaded) throw InputError("invalid experiment\n" + spec::format_diagnostics(loaded.error()));
    print_json(loaded->resolved());
    return ExitCode::kDone;
  }
  const store::Reader store(a.store);
  for (const store::RunSummary& run : store.runs(100000)) {
    if (a.what.size() >= 6 && run.uid.rfind(a.what, 0) == 0) return show_run(store, store.run(a.what)), ExitCode::kDone;
  }
  return show_trial(context, store, store.trial(a.what));
}

}  // namespace seqbench::cli
