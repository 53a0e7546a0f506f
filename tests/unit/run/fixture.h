#pragma once
// A task, two models and an experiment that exist for planning only: nothing here can be loaded or trained.

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/files.h"
#include "harness/run/plan.h"
#include "tests/support/temp_folder.h"

namespace seqbench::run::test {

using seqbench::TempFolder;

inline ParamSpec param(const char* name, ParamValue fallback, bool in_key = true) {
  ParamSpec spec{.name = name, .fallback = std::move(fallback), .help = "for tests"};
  spec.in_key = in_key;
  return spec;
}

inline TaskEntry toy_task() {
  TaskEntry task;
  task.title = "Toy";
  task.targets = {{"y", "1", ""}};
  task.metrics = {"mse", "spearman"};
  task.views = {{"dense", "numbers"}, {"text", "letters"}};
  task.slices = {"parity"};
  task.splits = {"published", "kfold", "holdout"};
  task.params = {param("twin_seed", std::int64_t{0}), param("noise", 0.5), param("note", std::string("-"), false)};
  task.has_real = true;
  task.import_hint = "seqbench data import toy FILE";
  task.load = [](const LoadRequest&) -> std::unique_ptr<Dataset> { return nullptr; };
  task.import_files = [](std::span<const std::filesystem::path>) { return ImportPlan{}; };
  return task;
}

inline ModelEntry net_model() {
  ModelEntry model;
  model.views = {"dense", "text"};
  model.kinds = {TaskKind::kRegression};
  model.params = {param("width", std::int64_t{8}), param("rates", std::vector<double>{0.5}),
                  param("deep", false), param("verbose", false, false)};
  model.network = [](const ModelContext&) -> std::unique_ptr<Network> { return nullptr; };
  return model;
}

inline ModelEntry line_model() {
  ModelEntry model;
  model.views = {"dense"};
  model.kinds = {TaskKind::kRegression};
  model.trained_by_loop = false;
  model.seeded = false;
  model.estimator = [](const ModelContext&) -> std::unique_ptr<Estimator> { return nullptr; };
  return model;
}

inline ModelEntry outside_model() {
  ModelEntry model = line_model();
  model.views = {};
  model.params = {{.name = "command", .fallback = std::vector<std::string>{}, .help = "for tests", .choices = {}, .files = FileWords::kSome}};
  model.external = true;
  model.seeded = true;
  return model;
}

inline Tables tables() { return {{{"toy", &toy_task}}, {{"line", &line_model}, {"net", &net_model}, {"outside", &outside_model}}}; }

/// Hashes of the rooms above, one of which may be changed.
class Code {
 public:
  explicit Code(std::string_view changed = "") {
    for (const char* room : {"harness", "models/blocks", "models/line", "models/net", "models/outside", "tasks/data", "tasks/toy"}) {
      rooms_.push_back({room, room == changed ? "changed" : "same"});
    }
  }
  [[nodiscard]] CodeHashes hashes() const { return {rooms_}; }

 private:
  std::vector<CodeHash> rooms_;
};

inline spec::Variant variant_of(const ModelEntry& model, const std::string& name) {
  spec::Variant variant;
  variant.model = name;
  variant.label = name;
  variant.view = "dense";
  variant.params = Params(model.params);
  variant.train = Params(spec::train_keys());
  variant.train.set("loss", std::string("mse"));  // as the loader resolves it
  return variant;
}

/// The network `net` on the twin of `toy`, published split, one seed.
inline spec::ExperimentSpec experiment() {
  spec::ExperimentSpec e;
  e.name = "tests/toy";
  e.title = "Toy";
  e.scale = "desk";
  spec::TaskUse use;
  use.task = "toy";
  use.params = Params(toy_task().params);
  use.split = Params(spec::split_keys());
  use.split.set("kind", std::string("published"));
  use.metrics = {"mse"};
  e.tasks = {use};
  e.variants = {variant_of(net_model(), "net")};
  e.seeds = {0};
  e.run = Params(spec::run_keys());
  e.limits = Params(spec::limits_keys());
  e.save = Params(spec::save_keys());
  return e;
}

inline Plan plan_of(const spec::ExperimentSpec& e, const Code& code = Code(), const std::filesystem::path& home = "none") {
  return expand_plan(e, tables(), code.hashes(), {.data_home = home});
}

}  // namespace seqbench::run::test
