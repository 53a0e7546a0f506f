#include "harness/run/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/analyze/metrics.h"
#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/data/home.h"

namespace seqbench::run {
namespace {

/// The data part of a key: hashes of the files, or what the twin's generator is made from; never a path.
std::string data_sha256(const spec::TaskUse& use, const TaskEntry& task, const std::filesystem::path& folder) {
  if (use.source == "twin") {
    const Json twin = {{"twin", task.name}, {"version", task.version}, {"params", use.params.to_key_json(task.params)}};
    return sha256_hex(canonical_json(twin));
  }
  if (task.fingerprint) return task.fingerprint();
  const std::vector<data::LockedFile> files = data::read_lock(folder);
  if (files.empty()) throw InputError(data::no_data_text(task.name, folder, task.import_hint));
  data::verify_lock(folder, false);
  return data::lock_sha256(files);
}

Json task_json(const spec::TaskUse& use, const TaskEntry& task) {
  return {{"name", task.name},
          {"version", task.version},
          {"params", use.params.to_key_json(task.params)},
          {"source", use.source},
          {"limit", use.limit}};
}

/// Keys that were added later stand where they say something: what they do not touch keeps its key.
Json split_json(const Params& split) {
  Json json = split.to_key_json(spec::split_keys());
  for (const char* name : {"group", "stratify"}) {
    if (split.text(name).empty()) json.erase(name);
  }
  if (split.integer("train_rows") == 0) json.erase("train_rows");
  return json;
}

/// As split_json: a key that came later and stands at its default says nothing.
Json train_json(const Params& train) {
  Json json = train.to_key_json(spec::train_keys());
  const Json defaults = Params(spec::train_keys()).to_json();
  for (const char* name : {"accumulate", "length_buckets", "members", "order", "one_cycle.pct_start", "one_cycle.div_factor",
                           "one_cycle.final_div_factor", "one_cycle.cycle_momentum", "one_cycle.base_momentum",
                           "one_cycle.max_momentum"}) {
    if (json.at(name) == defaults.at(name)) json.erase(name);
  }
  return json;
}

Json metrics_json(const spec::TaskUse& use) {
  Json versions = Json::object();
  for (const std::string& name : use.metrics) versions[name] = analyze::metric(name).version;
  return {{"report", use.metrics}, {"versions", versions}, {"slices", use.slices}};
}

/// A trial is short of its place: seed, repeat and fold are filled in by place().
struct Row {
  TrialSpec spec;
  bool seeded = true;
  bool saves_model = false;
};

/// Parts that all trials of one task share.
class TaskTrials {
 public:
  TaskTrials(const spec::ExperimentSpec& experiment, const spec::TaskUse& use, const Tables& tables,
             const CodeHashes& code, const PlanOptions& options)
      : options_(options), experiment_(experiment), use_(use), task_(tables.task(use.task)), tables_(tables), code_(code) {
    const std::filesystem::path& home = options.data_home;
    folder_ = data::task_folder(home, use.task);
    data_sha256_ = data_sha256(use, task_, folder_);
    folds_ = spec::has_folds(use.split.text("kind")) ? use.split.integer("folds") : 0;
    cache_folder_ = data::cache_folder(home);
  }

  [[nodiscard]] Row of(const spec::Variant& variant) const {
    const ModelEntry& model = tables_.model(variant.model);
    Row row = common(variant.model);
    // Controls are rows that the file didn't ask for: nothing is saved of them.
    row.saves_model = experiment_.save.flag("model") && !variant.control;
    if (row.saves_model && (model.open_folder == nullptr || !model.trained_by_loop)) {
      throw InputError(fmt::format("'save.model' is true, but model '{}' has no folder form", model.name));
    }
    row.seeded = model.seeded || variant.train.text("labels") == "shuffled";
    row.spec.label = variant.label;
    row.spec.row.variant = variant.variant;
    row.spec.row.kind = variant.control ? "control" : model.external ? "external" : "fit";
    row.spec.row.model_version = model.version;
    row.spec.row.config["model"] = {{"name", model.name},
                                    {"version", model.version},
                                    {"view", variant.view},
                                    {"params", variant.params.to_key_json(model.params)},
                                    {"weights", has_random_encoder(model, variant.view, variant.params) ? "random" : "none"}};
    // An estimator fits itself: of [train] only the labels reach it.
    row.spec.row.config["train"] = model.trained_by_loop ? train_json(variant.train)
                                                         : Json{{"labels", variant.train.text("labels")}};
    Json& code = row.spec.row.config["code"] = code_json(code_, task_, model.name);
    for (const spec::InputFile& file : variant.files) {
      code[code_name_of_file(file.name)] = file.sha256;
      row.spec.files[file.name] = file.path.string();
    }
    return row;
  }

  /// The score of the twin's own generating function under the same noise.
  [[nodiscard]] Row ceiling() const {
    Row row = common("ceiling");
    row.seeded = false;
    row.spec.label = "ceiling (twin)";
    row.spec.row.kind = "ceiling";
    row.spec.row.config["model"] = {{"name", "ceiling"}};
    row.spec.row.config["code"] = code_json(code_, task_, "");
    return row;
  }

  [[nodiscard]] Row of(const Submission& submission) const {
    Row row = common(submission.model);
    row.seeded = false;
    row.spec.label = submission.model;
    row.spec.row.kind = "submitted";
    row.spec.row.config["model"] = {{"name", submission.model}, {"weights", "none"}};
    row.spec.row.config["code"] = code_json(code_, task_, "");
    row.spec.row.config["code"]["submission"] = submission.sha256;
    if (!submission.only.empty()) {
      row.spec.row.config["only"] = submission.only;
      row.spec.row.split_kind += ", " + submission.only;
    }
    return row;
  }

  /// Repeats, folds and seeds of a row, in this order.
  void place(const Row& row, std::vector<PlannedTrial>& out) const {
    const std::vector<std::int64_t> one = {experiment_.seeds.empty() ? 0 : experiment_.seeds.front()};
    for (std::int64_t rep = 0; rep < use_.split.integer("repeats"); ++rep) {
      for (std::int64_t fold = folds_ == 0 ? -1 : 0; fold < std::max<std::int64_t>(folds_, 0); ++fold) {
        for (const std::int64_t seed : row.seeded ? experiment_.seeds : one) {
          PlannedTrial trial{row.spec, true, "run", "never run", std::nullopt};
          store::TrialRow& r = trial.spec.row;
          r.config["seed"] = r.seed = seed;
          r.config["rep"] = r.rep = rep;
          r.config["fold"] = r.fold = fold;
          set_keys(r);
          if (row.saves_model) trial.spec.model_folder = options_.models / r.key.substr(0, 16);
          out.push_back(std::move(trial));
        }
      }
    }
  }

 private:
  [[nodiscard]] Row common(const std::string& model) const {
    Row row;
    row.spec.data_folder = folder_;
    row.spec.cache_folder = cache_folder_;
    row.spec.threads = experiment_.run.integer("threads");
    row.spec.save_predictions = experiment_.save.texts("predictions");
    row.spec.stall_seconds = spec::parse_duration(experiment_.limits.text("stall")).value_or(600);
    row.spec.time_limit_seconds = spec::parse_duration(experiment_.limits.text("trial_time")).value_or(0);
    row.spec.memory_limit_bytes = spec::parse_size(experiment_.limits.text("trial_memory")).value_or(0);
    store::TrialRow& r = row.spec.row;
    r.task = task_.name;
    r.model = model;
    r.source = use_.source;
    r.scale = experiment_.scale;
    r.split_kind = use_.split.text("kind");
    r.task_version = task_.version;
    r.data_sha256 = data_sha256_;
    r.config = {{"k", 1},
                {"task", task_json(use_, task_)},
                {"data", data_sha256_},
                {"split", split_json(use_.split)},
                {"metrics", metrics_json(use_)}};
    return row;
  }

  const PlanOptions& options_;
  const spec::ExperimentSpec& experiment_;
  const spec::TaskUse& use_;
  const TaskEntry& task_;
  const Tables& tables_;
  const CodeHashes& code_;
  std::filesystem::path folder_, cache_folder_;
  std::string data_sha256_;
  std::int64_t folds_ = 0;
};

}  // namespace

Json code_json(const CodeHashes& code, const TaskEntry& task, const std::string& model) {
  const std::string room = task.room.empty() ? "tasks/" + task.name : task.room;
  Json json = {{"harness", code.of("harness")}, {"task", code.of(room)}};
  if (task.room.empty()) json["tasks"] = code.of("tasks/data");  // what tasks share
  if (!model.empty()) {
    json["blocks"] = code.of("models/blocks");
    json["model"] = code.of("models/" + model);
  }
  return json;
}

std::size_t Plan::needed() const {
  return static_cast<std::size_t>(
      std::count_if(trials.begin(), trials.end(), [](const PlannedTrial& t) { return t.needed; }));
}

Plan expand_plan(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                 const PlanOptions& options) {
  Plan plan;
  plan.experiment = experiment;
  std::vector<TaskTrials> tasks;
  tasks.reserve(experiment.tasks.size());
  for (const spec::TaskUse& use : experiment.tasks) {
    tasks.emplace_back(plan.experiment, use, tables, code, options);
  }
  for (const spec::Variant& variant : experiment.variants) {
    tasks[variant.task].place(tasks[variant.task].of(variant), plan.trials);
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (experiment.tasks[i].source == "twin") tasks[i].place(tasks[i].ceiling(), plan.trials);
  }
  // Two rows may resolve to the same trial (a grid point equal to a control): it is one trial.
  std::set<std::string> seen;
  std::erase_if(plan.trials, [&](const PlannedTrial& t) { return !seen.insert(t.spec.row.key).second; });
  if (plan.trials.empty()) throw InputError(fmt::format("experiment '{}' makes no trial", experiment.name));
  return plan;
}

Plan submission_plan(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                     const PlanOptions& options, const Submission& submission) {
  Plan plan;
  plan.experiment = experiment;
  const TaskTrials trials(plan.experiment, plan.experiment.tasks.at(0), tables, code, options);
  trials.place(trials.of(submission), plan.trials);
  return plan;
}

store::RunRow run_row(const Plan& plan, const Tables& tables, const std::vector<std::string>& command,
                      const std::vector<std::string>& overrides) {
  const spec::ExperimentSpec& e = plan.experiment;
  store::RunRow row;
  row.experiment.name = e.name;
  row.experiment.title = e.title;
  row.experiment.paper = e.paper;
  row.experiment.reruns = e.reruns;
  row.experiment.source = e.path.filename().string();
  row.experiment.spec_toml = e.text;
  row.experiment.resolved = e.resolved();
  row.experiment.spec_sha256 = sha256_hex(canonical_json(row.experiment.resolved));
  row.command = command;
  row.overrides = overrides;
  std::set<std::string> tasks, models;
  for (const PlannedTrial& trial : plan.trials) {
    row.trials.push_back({trial.spec.row, trial.spec.label});
    if (tasks.insert(trial.spec.row.task).second) {
      const TaskEntry& task = tables.task(trial.spec.row.task);
      Json targets = Json::array();
      for (const Target& t : task.targets) targets.push_back({{"name", t.name}, {"unit", t.unit}, {"transform", t.transform}});
      row.cards.push_back({"task", task.name, task.version,
                           {{"title", task.title}, {"summary", task.summary}, {"kind", to_string(task.kind)},
                            {"targets", targets}, {"metrics", task.metrics}, {"slices", task.slices},
                            {"splits", task.splits}, {"group", task.group}, {"qualifying", task.qualifying}, {"cautions", task.cautions},
                            {"citation", task.citation}, {"licence", task.licence}}});
      if (!task.declaration.is_null()) row.cards.back().card["declaration"] = task.declaration;
    }
    const bool registered = trial.spec.row.kind != "ceiling" && trial.spec.row.kind != "submitted";
    if (registered && models.insert(trial.spec.row.model).second) {
      const ModelEntry& model = tables.model(trial.spec.row.model);
      row.cards.push_back({"model", model.name, model.version,
                           {{"summary", model.summary}, {"views", model.views}, {"citation", model.citation},
                            {"trained_by_loop", model.trained_by_loop}, {"seeded", model.seeded}}});
    }
  }
  return row;
}

}  // namespace seqbench::run
