#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

Json settings_json(const std::vector<ParamSpec>& params) {
  Json out = Json::array();
  for (const ParamSpec& spec : params) {
    out.push_back({{"name", spec.name}, {"help", spec.help}, {"expected", describe_expected(spec)},
                   {"default", Params({spec}).to_json().at(spec.name)}});
  }
  return out;
}

/// What the model's own recipe sets in [train].
Json recipe_json(const std::vector<Setting>& recipe) {
  Json out = Json::object();
  for (const Setting& setting : recipe) {
    const ParamSpec spec{.name = setting.key, .fallback = setting.value, .help = {}, .choices = {}};
    out[setting.key] = Params({spec}).to_json().at(setting.key);
  }
  return out;
}

Json task_json(const TaskEntry& task) {
  Json targets = Json::array(), views = Json::array();
  for (const Target& target : task.targets) targets.push_back({{"name", target.name}, {"unit", target.unit}});
  for (const ViewInfo& view : task.views) views.push_back({{"name", view.name}, {"help", view.help}});
  return {{"v", 1}, {"task", task.name}, {"version", task.version}, {"title", task.title}, {"summary", task.summary},
          {"kind", to_string(task.kind)}, {"targets", targets}, {"metrics", task.metrics}, {"splits", task.splits},
          {"group", task.group}, {"qualifying", task.qualifying}, {"slices", task.slices}, {"views", views}, {"parameters", settings_json(task.params)}, {"real", task.has_real},
          {"import", task.import_hint}, {"cautions", task.cautions}, {"citation", task.citation}, {"licence", task.licence}};
}

Json model_json(const ModelEntry& model) {
  Json controls = Json::array();
  for (const Control& control : model.controls) controls.push_back({{"label", control.label}, {"view", control.view}});
  return {{"v", 1}, {"model", model.name}, {"version", model.version}, {"summary", model.summary}, {"views", model.views},
          {"trained_by_loop", model.trained_by_loop}, {"parameters", settings_json(model.params)}, {"train", recipe_json(model.train)},
          {"controls", controls}, {"citation", model.citation}};
}

void print_task(const TaskEntry& task) {
  fmt::print("task {} (version {}): {}\n{}\nkind: {}\n", task.name, task.version, task.title, task.summary, to_string(task.kind));
  for (const Target& target : task.targets) fmt::print("target: {} ({})\n", target.name, target.unit);
  fmt::print("metrics: {} (the first ranks)\nsplits: {}\ngroups: {}\nslices: {}\n", join(task.metrics, ", "), join(task.splits, ", "),
             task.group.empty() ? "none" : task.group, task.slices.empty() ? "none" : join(task.slices, ", "));
  fmt::print("views:\n");
  for (const ViewInfo& view : task.views) fmt::print("  {:<20} {}\n", view.name, view.help);
  fmt::print("parameters:\n{}", settings_text(task.params));
  fmt::print("real data: {}\n", task.has_real ? task.import_hint : "none yet; the synthetic twin is used");
  for (const std::string& caution : task.cautions) fmt::print("known of its data: {}\n", caution);
  if (!task.declaration.is_null()) fmt::print("declaration: {}\n", canonical_json(task.declaration));
  if (!task.citation.empty()) fmt::print("citation: {}\n", task.citation);
  if (!task.licence.empty()) fmt::print("licence: {}\n", task.licence);
}

void print_model(const ModelEntry& model) {
  fmt::print("model {} (version {}): {}\n", model.name, model.version, model.summary);
  fmt::print("views: {}\n{}\nparameters:\n{}", model.views.empty() ? "any" : join(model.views, ", "),
             model.trained_by_loop ? "trained by the loop" : "fits itself", settings_text(model.params));
  const Json recipe = recipe_json(model.train);
  if (!recipe.empty()) fmt::print("its own recipe, which [train] and --set may change:\n");
  for (const auto& [key, value] : recipe.items()) fmt::print("  train.{:<20} {}\n", key, value.dump());
  for (const Control& control : model.controls) {
    fmt::print("control row: {} (view {})\n", control.label, control.view.empty() ? "any" : control.view);
  }
  if (!model.citation.empty()) fmt::print("citation: {}\n", model.citation);
}

/// Rows under names, in the format asked for; `json` has the same rows with their types.
void print_rows(const std::string& format, const std::vector<std::string>& names, const std::vector<std::vector<std::string>>& rows,
                const Json& json) {
  if (format == "json") return print_json(json);
  if (format == "csv") {
    fmt::print("{}\n", join(names, ","));
    for (const std::vector<std::string>& row : rows) fmt::print("{}\n", join(row, ","));
    return;
  }
  reports::TextTable table(names);
  for (const std::vector<std::string>& row : rows) table.add(row);
  fmt::print("{}", table.plain());
}

void print_predictions(const store::Reader& store, const store::TrialResult& trial, const std::string& format) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const store::Predictions& p : store.predictions(trial.execution)) {
    for (std::size_t i = 0; i < p.values.size(); ++i) {
      const auto width = static_cast<std::size_t>(p.examples.cols);
      const std::string& id = p.examples.ids[i / width];
      const double truth = i < p.examples.truth.size() ? p.examples.truth[i] : std::nan("");
      json.push_back({{"id", id}, {"truth", json_number(truth)}, {"prediction", json_number(p.values[i])},
                      {"split", p.examples.split}, {"fold", trial.fold}});
      rows.push_back({format == "csv" ? reports::csv_text(id) : printable(id), format_double(truth), format_double(p.values[i]),
                      p.examples.split, std::to_string(trial.fold)});
    }
  }
  print_rows(format, {"id", "truth", "prediction", "split", "fold"}, rows, json);
}

void print_curves(const store::Reader& store, const store::TrialResult& trial, const std::string& format) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const store::CurvePoint& c : store.curves(trial.execution)) {
    const char* split = kParts[std::clamp(c.split, 0, 2)];
    json.push_back({{"name", c.name}, {"split", split}, {"step", c.step}, {"epoch", json_number(c.epoch)}, {"value", json_number(c.value)}});
    rows.push_back({c.name, split, std::to_string(c.step), format_double(c.epoch), format_double(c.value)});
  }
  print_rows(format, {"name", "split", "step", "epoch", "value"}, rows, json);
}

Json metrics_json(const store::Reader& store, const store::TrialResult& t) {
  Json metrics = Json::array();
  for (const store::MetricRow& m : store.metrics(t.execution)) {
    metrics.push_back({{"split", kParts[std::clamp(m.split, 0, 2)]}, {"metric", m.name}, {"slice", m.slice},
                       {"value", json_number(m.value)}, {"n", m.n}, {"note", m.note}});
  }
  return metrics;
}

Json trial_json(const store::Reader& store, const store::TrialResult& t) {
  return {{"v", 1}, {"key", t.key}, {"label", t.label}, {"task", t.task}, {"model", t.model}, {"seed", t.seed},
          {"rep", t.rep}, {"fold", t.fold}, {"status", t.status}, {"verdict", t.verdict}, {"reason", t.reason},
          {"result_sha256", t.result_sha256}, {"attempts", t.attempts}, {"chosen", t.chosen}, {"config", t.config},
          {"environment", t.environment.to_json()}, {"metrics", metrics_json(store, t)}};
}

void print_metrics_csv(const store::Reader& store, const store::TrialResult& t) {
  std::vector<std::vector<std::string>> rows;
  for (const store::MetricRow& m : store.metrics(t.execution)) {
    rows.push_back({kParts[std::clamp(m.split, 0, 2)], reports::csv_text(m.name), reports::csv_text(m.slice), format_double(m.value),
                    std::to_string(m.n), reports::csv_text(m.note)});
  }
  print_rows("csv", {"split", "metric", "slice", "value", "n", "note"}, rows, {});
}

/// The folder of a saved model, from where we are.
std::string saved_model(const Arguments& a, const store::TrialResult& t) {
  const auto folder = t.chosen.find("folder");
  return folder == t.chosen.end() || !folder->is_string() ? "" : (a.store.parent_path() / folder->get<std::string>()).string();
}

void print_trial(const Arguments& a, const store::Reader& store, const store::TrialResult& t) {
  fmt::print("trial {}\n{} on {}, seed {}, repeat {}, fold {}\n", t.key, printable(t.label), t.task, t.seed, t.rep,
             t.fold < 0 ? "none" : std::to_string(t.fold));
  fmt::print("status {}{}{}, {} attempts, {:.1f} s ({:.1f} of training and predictions), step {}\n", t.status, t.verdict.empty() || t.verdict == "ok" ? "" : ": " + t.verdict,
             t.reason.empty() ? "" : ": " + printable(t.reason, 2000), t.attempts, t.total_seconds, t.work_seconds, t.step);
  if (!t.chosen.empty()) fmt::print("chosen: {}\n", t.chosen.dump());
  if (const std::string folder = saved_model(a, t); !folder.empty()) fmt::print("model: {}\n", folder);
  for (const store::MetricRow& m : store.metrics(t.execution)) {
    if (m.slice != "all") continue;
    fmt::print("  {:<10} {:<22} {:<22} n={}{}\n", kParts[std::clamp(m.split, 0, 2)], m.name, format_double(m.value), m.n,
               m.note.empty() ? "" : "  " + m.note);
  }
}

/// InputError where the thing has no such form.
void require_format(const std::string& format, std::string_view what, std::initializer_list<std::string_view> offered) {
  if (std::find(offered.begin(), offered.end(), format) != offered.end()) return;
  const std::vector<std::string> names(offered.begin(), offered.end());
  throw InputError(fmt::format("--format: {} is shown as {}, got '{}'", what, join(names, " or "), printable(format)));
}

void show_trial(const Arguments& a, const std::string& format, const store::Reader& store, const store::TrialResult& trial) {
  const std::string rows = a.format.empty() && !a.json ? "csv" : format;  // of many values
  if (a.predictions) return print_predictions(store, trial, rows);
  if (a.curves) return print_curves(store, trial, rows);
  if (a.config || a.env) {
    if (!a.format.empty()) require_format(format, a.config ? "a configuration" : "an environment", {"json"});
    return print_json(a.config ? trial.config : trial.environment.to_json());
  }
  if (format == "json") return print_json(trial_json(store, trial));
  if (format == "csv") return print_metrics_csv(store, trial);
  print_trial(a, store, trial);
}

void show_run(const std::string& format, const store::Reader& store, const store::RunSummary& run) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  if (format == "text") {
    fmt::print("run {} of {}: {}, {} to {}\n", run.uid, printable(run.experiment), run.status, run.started_at,
               run.ended_at.empty() ? "-" : run.ended_at);
  }
  for (const store::TrialResult& t : store.trials_of_run(run.id)) {
    json.push_back({{"key", t.key}, {"label", t.label}, {"task", t.task}, {"model", t.model}, {"seed", t.seed}, {"rep", t.rep},
                    {"fold", t.fold}, {"status", t.status}, {"verdict", t.verdict}, {"reason", t.reason}});
    const bool csv = format == "csv";
    rows.push_back({csv ? t.key : t.key.substr(0, 8), csv ? reports::csv_text(t.label) : printable(t.label), std::to_string(t.seed),
                    std::to_string(t.rep), std::to_string(t.fold), t.status,
                    t.verdict == "ok" ? "" : csv ? reports::csv_text(t.reason) : printable(t.reason)});
  }
  print_rows(format, {"key", "label", "seed", "rep", "fold", "status", "reason"}, rows,
             {{"v", 1}, {"run", run.uid}, {"experiment", run.experiment}, {"status", run.status}, {"started_at", run.started_at},
              {"ended_at", run.ended_at}, {"trials", json}});
}

bool show_task(const TaskEntry& task, const std::string& format) {
  require_format(format, "a task", {"text", "json"});
  return format == "json" ? print_json(task_json(task)) : print_task(task), true;
}

/// What bears this name outside the store, if anything does.
bool show_registered(const Context& context, const std::string& format) {
  const Arguments& a = context.arguments;
  for (const TaskEntry& task : context.tables.tasks()) {
    if (task.name == a.what) return show_task(task, format);
  }
  for (const ModelEntry& model : context.tables.models()) {
    if (model.name != a.what) continue;
    require_format(format, "a model", {"text", "json"});
    return format == "json" ? print_json(model_json(model)) : print_model(model), true;
  }
  const std::filesystem::path path = experiment_path(context, a.what);
  if (!std::filesystem::is_regular_file(path)) return false;
  if (!a.format.empty()) require_format(format, "an experiment", {"json"});
  auto loaded = spec::load(path, context.tables.catalog(), {a.set, a.scale, a.twin, a.root});
  if (!loaded) throw InputError("invalid experiment\n" + spec::format_diagnostics(loaded.error()));
  print_json(loaded->resolved());
  return true;
}

[[noreturn]] void refuse(const Context& context) {
  std::vector<std::string> names;
  for (const TaskEntry& task : context.tables.tasks()) names.push_back(task.name);
  for (const ModelEntry& model : context.tables.models()) names.push_back(model.name);
  const auto close = nearest(context.arguments.what, names);
  throw InputError(fmt::format("nothing is named '{}'{}; expected a task or a model (seqbench list tasks, list models), an experiment "
                               "(list experiments), or 6 characters or more of a run (list runs) or of a trial's key (show RUN)",
                               printable(context.arguments.what), close ? "; nearest: '" + *close + "'" : ""));
}

bool is_key_prefix(const std::string& text) {
  return text.size() >= 6 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

bool is_uid_prefix(const std::string& text) {
  return text.size() >= 6 && text.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos;
}

ExitCode show(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string format = a.format.empty() ? (a.json ? "json" : "text") : a.format;
  if (format != "csv" && format != "text" && format != "json") {
    throw InputError(fmt::format("--format must be text, csv or json, got '{}'", printable(format)));
  }
  if (show_registered(context, format)) return ExitCode::kDone;
  const bool run = is_uid_prefix(a.what), trial = is_key_prefix(a.what);
  if (!run && !trial) {
    const TaskEntry* task = find_task(context, a.what);
    if (task == nullptr) refuse(context);
    return show_task(*task, format), ExitCode::kDone;
  }
  const store::Reader store(a.store);
  if (!trial) return show_run(format, store, store.run(a.what)), ExitCode::kDone;
  try {
    show_trial(a, format, store, store.trial(a.what));
  } catch (const InputError&) {
    if (!run) throw;  // digits alone begin both
    show_run(format, store, store.run(a.what));
  }
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
