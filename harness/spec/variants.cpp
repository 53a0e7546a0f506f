#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

constexpr double kMostTrials = 100'000;
constexpr std::string_view kParams = "params.";
constexpr std::string_view kTrain = "train.";

/// A variant while it is put together.
struct Draft {
  Settings params;
  Settings train;
  std::vector<std::string> text;  // "train.batch=64"
};

/// Puts a checked value in place; an ill-formed one has been reported.
void set_point(Draft& draft, const ModelInfo& model, const PointValue& point) {
  const bool of_model = point.key.starts_with(kParams);
  const std::string name = point.key.substr(of_model ? kParams.size() : kTrain.size());
  const std::vector<ParamSpec>& specs = of_model ? model.params : train_keys();
  const auto spec =
      std::find_if(specs.begin(), specs.end(), [&name](const ParamSpec& s) { return s.name == name; });
  if (spec == specs.end()) return;
  auto checked = of_model ? check_param(*spec, point.value->json()) : check_train(*spec, point.value->json());
  ParamValue* value = std::get_if<ParamValue>(&checked);
  if (value == nullptr) return;
  const Json json = std::visit([](const auto& held) { return Json(held); }, *value);
  draft.text.push_back(point.key + "=" + (json.is_string() ? json.get<std::string>() : canonical_json(json)));
  (of_model ? draft.params : draft.train).set(name, std::move(*value), point.value->at);
}

/// All points of the grid, the last dimension fastest; one empty point for no grid.
std::vector<std::vector<PointValue>> product(const std::vector<Dimension>& grid) {
  std::vector<std::vector<PointValue>> points(1);
  for (const Dimension& dimension : grid) {
    std::vector<std::vector<PointValue>> longer;
    for (const std::vector<PointValue>& point : points) {
      for (const Node* value : dimension.values) {
        longer.push_back(point);
        longer.back().push_back({dimension.key, value});
      }
    }
    points = std::move(longer);
  }
  return points;
}

double trials_of(const Context& ctx, const ModelUse& model, const Points& points) {
  double rows = static_cast<double>(points.cases_for(model).size());
  for (const Dimension& dimension : points.grid_for(model))
    rows *= static_cast<double>(dimension.values.size());
  double trials = 0;
  for (const auto& [task, view] : model.runs) {
    const Params& split = ctx.spec.tasks[task].split;
    const std::string& kind = split.text("kind");
    const double repeats = static_cast<double>(split.integer("repeats"));
    const double folds = has_folds(kind) ? static_cast<double>(split.integer("folds")) : 1;
    trials += rows * repeats * folds * (model.info->seeded ? static_cast<double>(ctx.spec.seeds.size()) : 1);
  }
  return trials;
}

bool too_many(Context& ctx, const std::vector<ModelUse>& models, const Points& points) {
  double trials = 0;
  for (const ModelUse& model : models) trials += trials_of(ctx, model, points);
  if (trials <= kMostTrials) return false;
  const Entry* cause = ctx.root.find("grid");
  if (cause == nullptr) cause = ctx.root.find("seeds");
  ctx.faults.add(cause == nullptr ? ctx.start : cause->at,
                 fmt::format("models, grid, cases, folds and seeds make {:.6g} trials; at most {:.0f}",
                             trials, kMostTrials));
  return true;
}

struct Row {
  const ModelUse& model;
  std::size_t task;
  const std::string& view;
};

void add_variant(Context& ctx, const Row& row, const Case& one, const std::vector<PointValue>& point) {
  const ModelInfo& info = *row.model.info;
  Draft draft{Settings(info.params), train_defaults(info), {}};
  layer_train(draft.train, subtable(&ctx.root, "train"), info);
  layer_train(draft.train, subtable(row.model.item, "train"), info);
  draft.params.layer(subtable(row.model.item, "params"), info.params, &check_param);
  for (const PointValue& value : one.values) set_point(draft, info, value);
  const std::string case_text = join(draft.text, ",");
  for (const PointValue& value : point) set_point(draft, info, value);
  Variant variant{.task = row.task,
                  .model = info.name,
                  .label = row.model.label,
                  .variant = join(draft.text, ","),
                  .view = row.view,
                  .params = {},
                  .train = {}};
  const std::string case_label = one.label.empty() ? case_text : one.label;
  const std::string grid_text =
      variant.variant.substr(case_text.empty() || point.empty() ? 0 : case_text.size() + 1);
  if (!case_label.empty()) variant.label += " " + case_label;
  if (!point.empty()) variant.label += " " + grid_text;
  finish_train(ctx, draft.train, info, row.task, "", row.model.item->at);
  variant.params = draft.params.values;
  variant.train = draft.train.values;
  resolve_files(ctx, row.model, variant);
  ctx.spec.variants.push_back(std::move(variant));
}

void check_row_names(Context& ctx) {
  std::set<std::pair<std::size_t, std::string>> seen;
  for (const Variant& variant : ctx.spec.variants) {
    if (!seen.emplace(variant.task, variant.label).second) {
      ctx.faults.add(ctx.start, fmt::format("two rows of task '{}' are labelled '{}'",
                                            ctx.spec.tasks[variant.task].task, printable(variant.label)));
    }
  }
}

}  // namespace

void expand_models(Context& ctx, const std::vector<ModelUse>& models, const Points& points) {
  if (too_many(ctx, models, points)) return;
  for (std::size_t task = 0; task < ctx.tasks.size(); ++task) {
    for (const ModelUse& model : models) {
      const auto run = std::find_if(model.runs.begin(), model.runs.end(),
                                    [task](const auto& r) { return r.first == task; });
      if (run == model.runs.end()) continue;
      const std::vector<std::vector<PointValue>> grid = product(points.grid_for(model));
      for (const Case& one : points.cases_for(model)) {
        for (const std::vector<PointValue>& point : grid)
          add_variant(ctx, {model, task, run->second}, one, point);
      }
    }
  }
  if (ctx.faults.empty()) check_row_names(ctx);
}

}  // namespace seqbench::spec
