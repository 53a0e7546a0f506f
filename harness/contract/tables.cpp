#include "harness/contract/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {
namespace {

/// Asserts a promise of one entry, naming it.
void promise(bool kept, std::string_view entry, std::string_view what) {
  SEQBENCH_ASSERT(kept, fmt::format("{}: {}", entry, what).c_str());
}

bool are_unique(const std::vector<std::string>& names) {
  return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_value(std::string_view entry, const ParamSpec& spec, const ParamValue& value) {
  const Json json = std::visit([](const auto& held) { return Json(held); }, value);
  const auto checked = check_param(spec, json);
  const auto* why = std::get_if<std::string>(&checked);
  promise(why == nullptr, entry, fmt::format("'{}' {}", spec.name, why != nullptr ? *why : ""));
}

void check_params(std::string_view entry, const std::vector<ParamSpec>& specs) {
  std::set<std::string> names;
  for (const ParamSpec& spec : specs) {
    promise(names.insert(spec.name).second, entry, fmt::format("parameter '{}' is declared twice", spec.name));
    check_value(entry, spec, spec.fallback);
  }
}

void check_view_param(std::string_view entry, const TaskEntry& task, const ViewInfo& view) {
  if (view.param.empty()) return;
  const auto spec = std::find_if(task.params.begin(), task.params.end(),
                                 [&view](const ParamSpec& declared) { return declared.name == view.param; });
  promise(spec != task.params.end() && type_of(*spec) == ParamType::kString, entry,
          fmt::format("view '{}' hangs on '{}', which is no text parameter", view.name, view.param));
  for (const std::string& value : view.values) check_value(entry, *spec, value);
}

void check_task(const TaskEntry& task) {
  const std::string entry = "task " + task.name;
  std::vector<std::string> views, targets;
  for (const ViewInfo& view : task.views) views.push_back(view.name);
  for (const Target& target : task.targets) targets.push_back(target.name);
  promise(task.contract == kContractVersion, entry, "is built for another contract version");
  promise(static_cast<bool>(task.load), entry, "has no load function");
  promise((task.has_real && !task.fingerprint) == static_cast<bool>(task.import_files), entry, "has_real and import_files disagree");
  promise(task.has_twin != static_cast<bool>(task.fingerprint), entry, "is both declared and a twin's, or neither");
  promise(!targets.empty() && are_unique(targets), entry, "has no targets, or two of one name");
  promise(!views.empty() && are_unique(views), entry, "has no views, or two of one name");
  promise(!task.metrics.empty() && are_unique(task.metrics), entry, "has no metrics, or one twice");
  promise(!task.splits.empty() && are_unique(task.splits), entry, "has no split kinds, or one twice");
  check_params(entry, task.params);
  for (const ViewInfo& view : task.views) check_view_param(entry, task, view);
}

void check_control(std::string_view entry, const ModelEntry& model, const Control& control) {
  promise(control.view.empty() || holds(model.views, control.view), entry,
          fmt::format("control '{}' uses the view '{}', which the model does not accept", control.label, control.view));
  for (const Setting& setting : control.params) {
    const auto spec = std::find_if(model.params.begin(), model.params.end(),
                                   [&setting](const ParamSpec& declared) { return declared.name == setting.key; });
    promise(spec != model.params.end(), entry,
            fmt::format("control '{}' sets '{}', which is not declared", control.label, setting.key));
    check_value(entry, *spec, setting.value);
  }
}

void check_model(const ModelEntry& model) {
  const std::string entry = "model " + model.name;
  promise(model.contract == kContractVersion, entry, "is built for another contract version");
  promise((model.network != nullptr) != (model.estimator != nullptr), entry,
          "has not exactly one of network and estimator");
  promise(model.trained_by_loop == (model.network != nullptr), entry, "trained_by_loop and the factory disagree");
  promise((model.external || !model.views.empty()) && are_unique(model.views), entry, "accepts no view, or one twice");
  promise(!model.kinds.empty(), entry, "is for no kind of task");
  check_params(entry, model.params);
  std::vector<std::string> labels;
  for (const Control& control : model.controls) {
    check_control(entry, model, control);
    labels.push_back(control.label + "\n" + control.view);  // one label may stand for several views: the first joins
  }
  promise(are_unique(labels), entry, "has two controls of one label");
}

template <typename Entry, typename Named>
std::vector<Entry> make_entries(const std::vector<Named>& table) {
  std::vector<Entry> entries;
  for (const Named& named : table) {
    Entry entry = named.make();
    entry.name = named.name;
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    promise(entries[i - 1].name != entries[i].name, entries[i].name, "is registered twice");
  }
  return entries;
}

template <typename Entry>
const Entry& find_entry(const std::vector<Entry>& entries, std::string_view what, std::string_view name) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  const std::optional<std::string> hint = nearest(name, names);
  throw InputError(fmt::format("unknown {} '{}'; {}", what, printable(name),
                               hint ? fmt::format("nearest: '{}'", *hint) : "known: " + join(names, ", ")));
}

}  // namespace

Tables::Tables(std::vector<NamedTask> tasks, std::vector<NamedModel> models)
    : tasks_(make_entries<TaskEntry>(tasks)), models_(make_entries<ModelEntry>(models)) {
  for (const TaskEntry& task : tasks_) check_task(task);
  for (const ModelEntry& model : models_) check_model(model);
}

void Tables::add(std::vector<TaskEntry> declared, std::map<std::string, std::string, std::less<>> broken) {
  for (TaskEntry& task : declared) {
    check_task(task);
    tasks_.push_back(std::move(task));
  }
  std::ranges::sort(tasks_, {}, [](const TaskEntry& task) { return task.name; });
  promise(std::ranges::adjacent_find(tasks_, {}, [](const TaskEntry& task) { return task.name; }) == tasks_.end(),
          "a declared task", "is registered twice");
  broken_.merge(broken);
}

const TaskEntry& Tables::task(std::string_view name) const {
  const auto broken = broken_.find(name);
  if (broken != broken_.end()) throw InputError(fmt::format("task '{}' cannot be used: {}", name, broken->second));
  return find_entry(tasks_, "task", name);
}

const ModelEntry& Tables::model(std::string_view name) const { return find_entry(models_, "model", name); }

Catalog Tables::catalog() const {
  Catalog catalog;
  for (const TaskEntry& task : tasks_) catalog.tasks.push_back(&task);
  for (const ModelEntry& model : models_) catalog.models.push_back(&model);
  catalog.broken = broken_;
  return catalog;
}

}  // namespace seqbench
