#include <algorithm>

#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

/// The view by which a control joins a task; "" where it does not.
std::string view_for(const ModelInfo& model, const Control& control, const TaskInfo& task, const TaskUse& use) {
  if (std::find(model.kinds.begin(), model.kinds.end(), task.kind) == model.kinds.end()) return "";
  const std::vector<std::string> offered = views_of(use, task);
  const std::vector<std::string> wanted =
      control.view.empty() ? model.views : std::vector<std::string>{control.view};
  const auto view = std::find_first_of(wanted.begin(), wanted.end(), offered.begin(), offered.end());
  return view == wanted.end() ? "" : *view;
}

bool is_taken(const ExperimentSpec& spec, std::size_t task, const std::string& label) {
  return std::any_of(spec.variants.begin(), spec.variants.end(),
                     [&](const Variant& variant) { return variant.task == task && variant.label == label; });
}

/// A control is the same row everywhere: it takes nothing of the file's [train], only of [control.train].
void add_control(Context& ctx, std::size_t task, const ModelInfo& model, const Control& control,
                 const std::string& view) {
  Settings params(model.params);
  params.layer(control.params);
  Settings train = train_defaults(model);
  train.layer(control.train);
  if (model.trained_by_loop)
    train.layer(subtable(subtable(&ctx.root, "control"), "train"), train_keys(), &check_train);
  finish_train(ctx, train, model, task, control.label, ctx.start);
  ctx.spec.variants.push_back({.task = task,
                               .model = model.name,
                               .label = control.label,
                               .variant = "",
                               .view = view,
                               .params = params.values,
                               .train = train.values,
                               .control = true});
}

}  // namespace

void expand_controls(Context& ctx) {
  for (std::size_t task = 0; task < ctx.tasks.size(); ++task) {
    for (const ModelInfo* model : ctx.catalog.models) {
      for (const Control& control : model->controls) {
        const std::string view = view_for(*model, control, *ctx.tasks[task], ctx.spec.tasks[task]);
        if (!view.empty() && !is_taken(ctx.spec, task, control.label)) add_control(ctx, task, *model, control, view);
      }
    }
  }
}

}  // namespace seqbench::spec
