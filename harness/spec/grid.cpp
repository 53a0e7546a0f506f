#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

constexpr std::string_view kParams = "params.";

const ParamSpec* declared(const ModelInfo& model, std::string_view name) {
  const auto found = std::find_if(model.params.begin(), model.params.end(),
                                  [name](const ParamSpec& spec) { return spec.name == name; });
  return found == model.params.end() ? nullptr : &*found;
}

bool is_train_key(std::string_view name) {
  return std::any_of(train_keys().begin(), train_keys().end(),
                     [name](const ParamSpec& spec) { return spec.name == name; });
}

/// A key of [train] reaches every model; one of params only those that have it.
bool applies(const std::string& key, const ModelUse& model) {
  if (model.fixed->count(key) > 0) return false;
  return !key.starts_with(kParams) ||
         declared(*model.info, std::string_view(key).substr(kParams.size())) != nullptr;
}

std::vector<std::string> all_params(const std::vector<ModelUse>& models) {
  std::vector<std::string> names;
  for (const ModelUse& model : models) {
    for (const ParamSpec& spec : model.info->params) names.push_back(spec.name);
  }
  return names;
}

/// What checking the tree could not: a model's own key, and [train] of a model that has none. `table` is
/// "grid." or "case.".
void check_key(Context& ctx, const std::vector<ModelUse>& models, const std::string& table,
               const std::string& key, const Entry& entry, const std::vector<const Node*>& values) {
  const std::string_view name = std::string_view(key).substr(key.find('.') + 1);
  bool known = false;
  for (const ModelUse& model : models) {
    if (!key.starts_with(kParams)) {
      if (model.info->trained_by_loop || name == "labels" || model.fixed->count(key) > 0 ||
          !is_train_key(name))
        continue;
      ctx.faults.add(
          entry.at,
          fmt::format("'{}{}': model '{}' isn't trained by the loop; of [train] only 'labels' applies", table,
                      key, model.info->name));
      continue;
    }
    const ParamSpec* spec = declared(*model.info, name);
    known = known || spec != nullptr;
    for (const Node* value : spec == nullptr ? std::vector<const Node*>{} : values) {
      const auto checked = check_param(*spec, value->json());
      if (const auto* why = std::get_if<std::string>(&checked))
        ctx.faults.add(value->at, fmt::format("'{}{}' {}", table, key, *why));
    }
  }
  if (known || !key.starts_with(kParams) || models.empty()) return;
  const std::string prefix = fmt::format("{}{}", table, kParams);
  ctx.faults.add(entry.at, fmt::format("no model of this experiment has the key '{}{}'{}", table, key,
                                       hint(name, all_params(models), prefix)));
}

std::vector<Dimension> read_grid(Context& ctx, const std::vector<ModelUse>& models) {
  std::vector<Dimension> grid;
  const Node* table = subtable(&ctx.root, "grid");
  if (table == nullptr) return grid;
  for_each_leaf(*table, "", [&](const std::string& key, const Entry& entry) {
    Dimension dimension{key, entry.at, {}};
    std::vector<Json> seen;
    for (const Node& item : entry.value.items) {
      if (item.kind == Node::Kind::kRefused) continue;
      // 1 == 1.0 in Json too, as in the key.
      if (std::find(seen.begin(), seen.end(), item.json()) != seen.end()) {
        ctx.faults.add(item.at,
                       fmt::format("'grid.{}' lists {} twice", key, printable(item.json().dump(), 60)));
      }
      seen.push_back(item.json());
      dimension.values.push_back(&item);
    }
    const bool is_params = key.starts_with(kParams);
    if (is_params && dimension.values.empty())
      ctx.faults.add(entry.value.at, fmt::format("'grid.{}' must be a list of values to try", key));
    if (!is_params && !key.starts_with("train.")) return;  // reported as unknown
    check_key(ctx, models, "grid.", key, entry, dimension.values);
    if (!dimension.values.empty()) grid.push_back(std::move(dimension));
  });
  std::stable_sort(grid.begin(), grid.end(),
                   [](const Dimension& a, const Dimension& b) { return precedes(a.at, b.at); });
  return grid;
}

Case read_case(Context& ctx, const std::vector<ModelUse>& models, const Node& item) {
  Case one;
  std::vector<std::pair<Origin, PointValue>> values;
  for_each_leaf(item, "", [&](const std::string& key, const Entry& entry) {
    if (key == "label" && entry.value.scalar.is_string()) one.label = entry.value.scalar.get<std::string>();
    if (!key.starts_with(kParams) && !key.starts_with("train.")) return;
    check_key(ctx, models, "case.", key, entry, {&entry.value});
    values.emplace_back(entry.at, PointValue{key, &entry.value});
  });
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return precedes(a.first, b.first); });
  for (auto& [at, value] : values) one.values.push_back(std::move(value));
  return one;
}

}  // namespace

std::vector<Case> Points::cases_for(const ModelUse& model) const {
  std::vector<Case> mine;
  for (const Case& one : cases) {
    Case kept{one.label, {}};
    for (const PointValue& value : one.values) {
      if (applies(value.key, model)) kept.values.push_back(value);
    }
    // A case none of whose keys the model has would repeat another row.
    if (!kept.values.empty() || one.values.empty()) mine.push_back(std::move(kept));
  }
  if (mine.empty()) mine.emplace_back();
  return mine;
}

std::vector<Dimension> Points::grid_for(const ModelUse& model) const {
  std::vector<Dimension> mine;
  for (const Dimension& dimension : grid) {
    if (applies(dimension.key, model)) mine.push_back(dimension);
  }
  return mine;
}

Points resolve_points(Context& ctx, const std::vector<ModelUse>& models) {
  Points points{{}, read_grid(ctx, models)};
  for (const Node* item : subtables(ctx.root, "case")) {
    Case one = read_case(ctx, models, *item);
    const bool taken =
        !one.label.empty() && std::any_of(points.cases.begin(), points.cases.end(),
                                          [&](const Case& other) { return other.label == one.label; });
    if (taken)
      ctx.faults.add(item->find("label")->value.at,
                     fmt::format("two cases are labelled '{}'", printable(one.label)));
    points.cases.push_back(std::move(one));
  }
  return points;
}

}  // namespace seqbench::spec
