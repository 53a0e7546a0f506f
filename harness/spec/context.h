#pragma once
// What the steps between a checked tree and an ExperimentSpec share. They report what checking one key cannot
// see and pass over what it has reported.

#include <map>
#include <string>
#include <vector>

#include "harness/spec/overrides.h"
#include "harness/spec/schema.h"
#include "harness/spec/tree.h"

namespace seqbench::spec {

/// Values of one table in layers, with the place of those that a file or --set gave.
struct Settings {
  Params values;
  std::map<std::string, Origin, std::less<>> places;

  explicit Settings(const std::vector<ParamSpec>& specs) : values(specs) {}
  void set(const std::string& key, ParamValue value, const Origin& at);
  /// Puts the well-formed values of `table` (null: none) over what is there.
  void layer(const Node* table, const std::vector<ParamSpec>& specs, Check check);
  /// The same for a table that check_tree left open: faults are reported as "'PREFIX.key' ...".
  void layer_open(const Node* table, const std::vector<ParamSpec>& specs, const std::string& prefix,
                  Faults& faults);
  /// Defaults of an entry; its settings are a programmer's, so a wrong one is an assertion.
  void layer(const std::vector<Setting>& settings);
  /// The place of the first of `keys` that was given.
  [[nodiscard]] Origin place(std::initializer_list<std::string_view> keys, const Origin& otherwise) const;
};

struct Context {
  const Catalog& catalog;
  const LoadOptions& options;
  const Node& root;
  Faults& faults;
  Origin start;
  FixedKeys fixed;
  ExperimentSpec spec;
  std::vector<const TaskInfo*> tasks;  // of spec.tasks
  std::vector<Origin> split_places;    // of each task's split.validation, or the task
  bool all_tasks_known = true;
  std::map<std::filesystem::path, std::string> hashes = {};  // of input files
};

/// Fills spec.tasks and ctx.tasks.
void resolve_tasks(Context& ctx);
/// The views of the data that this experiment takes.
[[nodiscard]] inline std::vector<std::string> views_of(const TaskUse& use, const TaskInfo& task) {
  return offered_views(task, use.source == "twin", use.params);
}
/// Metric names of all tasks of this kind, sorted.
[[nodiscard]] std::vector<std::string> metric_names(const Catalog& catalog, TaskKind kind);

/// One [[model]] of the file.
struct ModelUse {
  const Node* item = nullptr;
  const ModelInfo* info = nullptr;
  std::string label;
  std::vector<std::pair<std::size_t, std::string>> runs;  // index of a task, the view used there
  const std::set<std::string>* fixed = nullptr;
};
[[nodiscard]] std::vector<ModelUse> resolve_models(Context& ctx);

/// One value that a case or the grid gives.
struct PointValue {
  std::string key;  // "train.batch", "params.width"
  const Node* value = nullptr;
};
struct Case {
  std::string label;
  std::vector<PointValue> values;
};
struct Dimension {
  std::string key;
  Origin at;
  std::vector<const Node*> values;
};
struct Points {
  std::vector<Case> cases;      // as written
  std::vector<Dimension> grid;  // as written; the last varies fastest
  [[nodiscard]] std::vector<Case> cases_for(const ModelUse& model) const;
  [[nodiscard]] std::vector<Dimension> grid_for(const ModelUse& model) const;
};
/// Reads [grid] and [[case]]; keys of models are checked against every model that has them.
[[nodiscard]] Points resolve_points(Context& ctx, const std::vector<ModelUse>& models);

/// Finds and hashes the files that the variant's parameters name: beside the experiment file, else (names with a slash)
/// below the root.
void resolve_files(Context& ctx, const ModelUse& use, Variant& variant);
/// Expands models, cases and grid into spec.variants.
void expand_models(Context& ctx, const std::vector<ModelUse>& models, const Points& points);
/// Appends the control rows.
void expand_controls(Context& ctx);

/// [train] as the model is made with it: built-in defaults and the model's own.
[[nodiscard]] Settings train_defaults(const ModelInfo& model);
/// Over them; an estimator takes nothing but labels.
void layer_train(Settings& train, const Node* table, const ModelInfo& model);
/// Resolves the loss and the choosing metric, and reports values that contradict each other. `control` is the
/// label of a control row, else ""; `at` is the place of faults of defaults.
void finish_train(Context& ctx, Settings& train, const ModelInfo& model, std::size_t task,
                  const std::string& control, const Origin& at);

}  // namespace seqbench::spec
