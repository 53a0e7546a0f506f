#include <fmt/format.h>

#include <algorithm>

#include "harness/analyze/metrics.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"
#include "harness/spec/experiment.h"
#include "harness/store/reader.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

struct Item {
  std::string name, text;
  Json facts;
};

std::vector<Item> tasks(const Context& context) {
  std::vector<Item> items;
  for (const TaskEntry& task : context.tables.tasks()) {
    std::vector<std::string> views;
    for (const ViewInfo& view : task.views) views.push_back(view.name);
    items.push_back({task.name, fmt::format("{:<10}  {}  [views: {}]", to_string(task.kind), task.summary, join(views, ", ")),
                     {{"kind", to_string(task.kind)}, {"summary", task.summary}, {"views", views}, {"metrics", task.metrics}}});
  }
  return items;
}

/// InputError unless some task offers this view or some model takes it.
void require_view(const Context& context, const std::string& view) {
  std::vector<std::string> known;
  for (const TaskEntry& task : context.tables.tasks()) {
    for (const ViewInfo& info : task.views) known.push_back(info.name);
  }
  for (const ModelEntry& model : context.tables.models()) known.insert(known.end(), model.views.begin(), model.views.end());
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (std::find(known.begin(), known.end(), view) != known.end()) return;
  const auto close = nearest(view, known);
  throw InputError(fmt::format("there is no view '{}'{}; views: {}", printable(view), close ? "; nearest: '" + *close + "'" : "",
                               join(known, ", ")));
}

std::vector<Item> models(const Context& context) {
  const std::string& view = context.arguments.view;
  if (!view.empty()) require_view(context, view);
  std::vector<Item> items;
  for (const ModelEntry& model : context.tables.models()) {
    if (!view.empty() && !model.views.empty() && std::find(model.views.begin(), model.views.end(), view) == model.views.end()) continue;
    items.push_back({model.name, fmt::format("{}  [views: {}]", model.summary, model.views.empty() ? "any" : join(model.views, ", ")),
                     {{"summary", model.summary}, {"views", model.views}, {"trained_by_loop", model.trained_by_loop}}});
  }
  return items;
}

std::vector<Item> metrics(const Context&) {
  std::vector<Item> items;
  for (const analyze::MetricInfo& metric : analyze::metrics_table()) {
    items.push_back({std::string(metric.name),
                     fmt::format("{}; {} is better", metric.help, metric.higher_is_better ? "higher" : "lower"),
                     {{"help", metric.help}, {"higher_is_better", metric.higher_is_better}, {"version", metric.version}}});
  }
  return items;
}

std::string why_not(const std::vector<spec::Diagnostic>& faults) {
  const bool weights = spec::format_diagnostics(faults).find("seqbench weights fetch") != std::string::npos;
  return weights ? "needs published weights: see seqbench check" : "does not load: see seqbench check";
}

std::vector<Item> experiments(const Context& context) {
  const fs::path folder = context.arguments.root / "experiments";
  std::vector<Item> items;
  if (!fs::is_directory(folder)) return items;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    fs::path name = fs::relative(entry.path(), folder).replace_extension();
    if (name.begin()->string() == "common") continue;  // fragments
    const auto loaded = spec::load(entry.path(), context.tables.catalog(),
                                   {.set = {}, .scale = "desk", .twin = false, .root = context.arguments.root, .weights = data::weights_home(context.arguments.root)});
    items.push_back({name.string(), loaded ? printable(loaded->title) : why_not(loaded.error()), {}});
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.name < b.name; });
  return items;
}

std::vector<Item> runs(const Context& context) {
  std::vector<Item> items;
  if (!fs::exists(context.arguments.store)) return items;
  for (const store::RunSummary& run : store::Reader(context.arguments.store).runs()) {
    items.push_back({run.uid, fmt::format("{:<11}  {}  {}", run.status, run.started_at, printable(run.experiment)),
                     {{"status", run.status}, {"started_at", run.started_at}, {"experiment", run.experiment}}});
  }
  return items;
}

/// The choices of a [train] key.
std::vector<Item> choices(const std::string& key) {
  std::vector<Item> items;
  for (const ParamSpec& spec : spec::train_keys()) {
    if (spec.name != key) continue;
    for (const std::string& choice : spec.choices) items.push_back({choice, fmt::format("train.{} = \"{}\"", key, choice), {}});
  }
  return items;
}

}  // namespace

ExitCode list(const Context& context) {
  const std::string& what = context.arguments.what;
  std::vector<Item> items;
  if (what == "tasks") items = tasks(context);
  else if (what == "models") items = models(context);
  else if (what == "metrics") items = metrics(context);
  else if (what == "experiments") items = experiments(context);
  else if (what == "runs") items = runs(context);
  else if (what == "optimizers") items = choices("optimizer");
  else if (what == "schedules") items = choices("schedule");
  else {
    const std::vector<std::string> known = {"tasks", "models", "metrics", "experiments", "runs", "optimizers", "schedules"};
    if (what.empty()) throw InputError("list what? One of " + join(known, ", "));
    const auto close = nearest(what, known);
    throw InputError(fmt::format("cannot list '{}'{}; expected one of {}", printable(what),
                                 close ? "; nearest: '" + *close + "'" : "", join(known, ", ")));
  }
  if (items.empty() && !context.arguments.json) fmt::print(stderr, "no {} yet\n", what);
  std::size_t width = 0;
  for (const Item& item : items) width = std::max(width, item.name.size());
  Json json = Json::array();
  for (const Item& item : items) {
    if (context.arguments.json) {
      Json row = item.facts.is_object() ? item.facts : Json::object();
      row["name"] = item.name;
      json.push_back(row);
    } else {
      fmt::print("{:<{}}  {}\n", item.name, width, item.text);
    }
  }
  if (context.arguments.json) print_json(json);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
