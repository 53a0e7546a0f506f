#include <algorithm>

#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

bool joins(const ModelInfo& model, const Control& control, const TaskInfo& task) {
  const bool kind = std::find(model.kinds.begin(), model.kinds.end(), task.kind) != model.kinds.end();
  return kind && std::any_of(task.views.begin(), task.views.end(),
                             [&](const ViewInfo& view) { return view.name == control.view; });
}

bool is_taken(const ExperimentSpec& spec, std::size_t task, const std::string& label) {
  return std::any_of(spec.variants.begin(), spec.variants.end(),
                     [&](const Variant& variant) { return variant.task == task && variant.label == label; });
}

/// A control is the same row everywhere: it takes nothing of the file's [train], only of [control.train].
void add_control(Context& ctx, std::size_t task, const ModelInfo& model, const Control& control) {
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
                               .view = control.view,
                               .params = params.values,
                               .train = train.values,
                               .control = true});
}

}  // namespace

void expand_controls(Context& ctx) {
  for (std::size_t task = 0; task < ctx.tasks.size(); ++task) {
    for (const ModelInfo* model : ctx.catalog.models) {
      for (const Control& control : model->controls) {
        if (joins(*model, control, *ctx.tasks[task]) && !is_taken(ctx.spec, task, control.label)) {
          add_control(ctx, task, *model, control);
        }
      }
    }
  }
}

}  // namespace seqbench::spec
