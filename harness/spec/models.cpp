#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

template <typename T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::string text_of(const Node& table, std::string_view key) {
  const Entry* entry = table.find(key);
  return entry != nullptr && entry->value.scalar.is_string() ? entry->value.scalar.get<std::string>() : "";
}

const ModelInfo* known_model(Context& ctx, const Node& item) {
  const Entry* name = item.find("name");
  if (name == nullptr) {
    ctx.faults.add(item.at, "missing key 'model.name'");
    return nullptr;
  }
  const std::string text = text_of(item, "name");
  const ModelInfo* info = ctx.catalog.model(text);
  if (info != nullptr || !name->value.scalar.is_string()) return info;  // another type is reported
  std::vector<std::string> names;
  for (const ModelInfo* model : ctx.catalog.models) names.push_back(model->name);
  ctx.faults.add(name->value.at, fmt::format("unknown model '{}'{}", printable(text), hint(text, names)));
  return nullptr;
}

std::vector<std::string> views_of_all(const Context& ctx) {
  std::vector<std::string> names;
  for (const TaskInfo* task : ctx.tasks) {
    for (const ViewInfo& view : task->views) {
      if (!contains(names, view.name)) names.push_back(view.name);
    }
  }
  return names;
}

/// The view asked for, if it is one of the model's; else those it accepts.
std::vector<std::string> wanted_views(Context& ctx, const Node& item, const ModelInfo& info) {
  const std::string view = text_of(item, "view");
  if (view.empty()) return info.views.empty() ? views_of_all(ctx) : info.views;
  if (info.views.empty() || contains(info.views, view)) return {view};
  ctx.faults.add(item.find("view")->value.at,
                 fmt::format("model '{}' takes the views {}; not '{}'{}", info.name, join(info.views, ", "),
                             printable(view), hint(view, info.views)));
  return {};
}

/// Indices of the tasks that `tasks = [...]` names, or of all.
std::vector<std::size_t> wanted_tasks(Context& ctx, const Node& item) {
  std::vector<std::size_t> indices;
  const Entry* entry = item.find("tasks");
  if (entry == nullptr || entry->value.kind != Node::Kind::kArray) {
    for (std::size_t i = 0; i < ctx.tasks.size(); ++i) indices.push_back(i);
    return indices;
  }
  std::vector<std::string> names;
  for (const TaskInfo* task : ctx.tasks) names.push_back(task->name);
  for (const Node& name : entry->value.items) {
    if (!name.scalar.is_string()) continue;
    const std::string text = name.scalar.get<std::string>();
    const auto found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) {
      const auto index = static_cast<std::size_t>(found - names.begin());
      if (!contains(indices, index)) indices.push_back(index);
    } else if (ctx.all_tasks_known) {
      ctx.faults.add(name.at,
                     fmt::format("this experiment has no task '{}'{}", printable(text), hint(text, names)));
    }
  }
  std::sort(indices.begin(), indices.end());
  return indices;
}

std::string why_not(const ModelInfo& model, const std::vector<std::string>& views, const TaskInfo& task,
                    const std::vector<std::string>& offered) {
  if (!contains(model.kinds, task.kind)) {
    std::vector<std::string> kinds;
    for (const TaskKind kind : model.kinds) kinds.emplace_back(to_string(kind));
    return fmt::format("model '{}' is for {} tasks; task '{}' is {}", model.name, join(kinds, " and "),
                       task.name, to_string(task.kind));
  }
  const std::string needed =
      views.size() == 1 ? fmt::format("the view '{}'", views[0]) : "one of the views " + join(views, ", ");
  return fmt::format("model '{}' needs {}; task '{}' offers {}", model.name, needed, task.name,
                     join(offered, ", "));
}

/// Where the model runs, and by which view; no match at all is a fault.
void fit_to_tasks(Context& ctx, ModelUse& use) {
  const std::vector<std::string> views = wanted_views(ctx, *use.item, *use.info);
  const std::vector<std::size_t> tasks = wanted_tasks(ctx, *use.item);
  if (views.empty()) return;
  for (const std::size_t index : tasks) {
    const TaskInfo& task = *ctx.tasks[index];
    const std::vector<std::string> offered = views_of(ctx.spec.tasks[index], task);
    const auto view =
        std::find_if(views.begin(), views.end(), [&](const std::string& v) { return contains(offered, v); });
    if (contains(use.info->kinds, task.kind) && view != views.end()) use.runs.emplace_back(index, *view);
  }
  if (!use.runs.empty() || !ctx.all_tasks_known) return;
  for (const std::size_t index : tasks) {
    const TaskInfo& task = *ctx.tasks[index];
    ctx.faults.add(use.item->at, why_not(*use.info, views, task, views_of(ctx.spec.tasks[index], task)));
  }
}

void check_labels(Context& ctx, const std::vector<ModelUse>& models) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto first = std::find_if(models.begin(), models.end(),
                                    [&](const ModelUse& m) { return m.label == models[i].label; });
    if (first->item == models[i].item) continue;
    const Entry* entry = models[i].item->find("label");
    if (entry == nullptr) entry = models[i].item->find("name");
    ctx.faults.add(
        entry->value.at,
        fmt::format("the label '{}' is taken by the model of {}:{}; give 'model.label'",
                    printable(models[i].label), first->item->at.source->name, first->item->at.line));
  }
}

/// An estimator has no training loop, so a setting of it in its own table would be without effect.
void check_own_train(Context& ctx, const ModelUse& use) {
  const Node* train = subtable(use.item, "train");
  if (use.info->trained_by_loop || train == nullptr) return;
  for_each_leaf(*train, "", [&](const std::string& key, const Entry& entry) {
    if (key == "labels") return;
    ctx.faults.add(
        entry.at,
        fmt::format(
            "'model.train.{}': model '{}' isn't trained by the loop; of [train] only 'labels' applies", key,
            use.info->name));
  });
}

}  // namespace

std::vector<ModelUse> resolve_models(Context& ctx) {
  std::vector<ModelUse> models;
  const std::vector<const Node*> items = subtables(ctx.root, "model");
  for (std::size_t i = 0; i < items.size(); ++i) {
    ModelUse use{items[i], known_model(ctx, *items[i]), text_of(*items[i], "label"), {}, &ctx.fixed[i]};
    if (use.info == nullptr) continue;
    if (use.label.empty()) use.label = use.info->name;
    fit_to_tasks(ctx, use);
    check_own_train(ctx, use);
    Settings params(use.info->params);
    params.layer_open(subtable(use.item, "params"), use.info->params, "model.params.", ctx.faults);
    models.push_back(std::move(use));
  }
  check_labels(ctx, models);
  return models;
}

}  // namespace seqbench::spec
