#include "harness/base/catalog.h"

#include <algorithm>

#include "harness/base/error.h"

namespace seqbench {
namespace {

template <typename Info>
const Info* find_by_name(const std::vector<const Info*>& entries, std::string_view name) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [name](const Info* entry) { return entry->name == name; });
  return found == entries.end() ? nullptr : *found;
}

}  // namespace

std::string_view to_string(TaskKind kind) {
  switch (kind) {
    case TaskKind::kRegression: return "regression";
    case TaskKind::kBinary: return "binary";
  }
  assertion_failed("kind", "a TaskKind outside its enumeration", __FILE__, __LINE__);
}

std::vector<std::string> offered_views(const TaskInfo& task, bool twin, const Params& params) {
  std::vector<std::string> names;
  for (const ViewInfo& view : task.views) {
    const bool there = twin || view.param.empty() ||
                       std::find(view.values.begin(), view.values.end(), params.text(view.param)) != view.values.end();
    if (there) names.push_back(view.name);
  }
  return names;
}

bool has_random_encoder(const ModelInfo& model, const std::string& view, const Params& params) {
  const FrozenEncoder& encoder = model.frozen_encoder;
  return std::find(encoder.views.begin(), encoder.views.end(), view) != encoder.views.end() && params.text(encoder.param).empty();
}

const TaskInfo* Catalog::task(std::string_view name) const { return find_by_name(tasks, name); }

const ModelInfo* Catalog::model(std::string_view name) const { return find_by_name(models, name); }

}  // namespace seqbench
