#include "harness/spec/overrides.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/text.h"
#include "harness/spec/schema.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

struct Override {
  std::string model;  // of model[X]; else ""
  Node tree;          // root -> ... -> value; for model[X] the table of that model
  Origin at;
};

void erase_path(Node& table, std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string_view part = path.substr(0, dot);
  if (dot == std::string_view::npos) return table.erase(part);
  if (Entry* entry = table.find(part)) erase_path(entry->value, path.substr(dot + 1));
}

void erase_in_items(Node& root, std::string_view array, std::string_view path) {
  Entry* entry = root.find(array);
  if (entry == nullptr) return;
  for (Node& item : entry->value.items) erase_path(item, path);
}

void erase_beaten(Node& root, const std::string& key) {
  if (key.starts_with("data.")) erase_in_items(root, "task", std::string_view(key).substr(5));
  if (key.starts_with("split.") || key.starts_with("metrics.")) erase_in_items(root, "task", key);
  if (!key.starts_with("train.")) return;
  erase_in_items(root, "model", key);
  erase_in_items(root, "case", key);
  if (Entry* grid = root.find("grid")) erase_path(grid->value, key);
}

Node nested(std::string_view path, const Origin& at, Node value) {
  const std::size_t dot = path.find('.');
  if (dot != std::string_view::npos) value = nested(path.substr(dot + 1), at, std::move(value));
  Node table = empty_table(at);
  table.entries.push_back({std::string(path.substr(0, dot)), at, std::move(value)});
  return table;
}

std::string refuse_path(std::string_view path) {
  if (path.empty() || path.front() == '.' || path.back() == '.' ||
      path.find("..") != std::string_view::npos) {
    return fmt::format("'{}' has an empty part", printable(path));
  }
  if (path.ends_with(".remove")) return "'remove' is for a file that includes another";
  const std::string_view first = path.substr(0, path.find('.'));
  for (const std::string_view fixed : {"schema", "name", "include", "scale"}) {
    if (first == fixed) return fmt::format("'{}' can't be set from outside the file", first);
  }
  if (first == "model") return "several models may match: write model[LABEL].KEY";
  if (first == "task" || first == "case") {
    return fmt::format("'{}' can't be set; set 'data', 'split', 'metrics' or 'train', which win over it",
                       first);
  }
  return "";
}

std::optional<Override> parse(const std::string& text, const Source& source, Faults& faults) {
  const Origin at{&source};
  constexpr std::string_view kModel = "model[";
  Override parsed{"", {}, at};
  std::string_view rest = text;
  const std::size_t close = rest.starts_with(kModel) ? rest.find(']') : 0;
  if (close != 0 && close != std::string_view::npos) {
    parsed.model = rest.substr(kModel.size(), close - kModel.size());
    rest.remove_prefix(close + 1);
    if (rest.starts_with('.')) rest.remove_prefix(1);
  }
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) {
    faults.add(at, fmt::format("'{}' is not KEY=VALUE", printable(text)));
    return std::nullopt;
  }
  const std::string_view path = rest.substr(0, equals);
  const std::string_view value_text = rest.substr(equals + 1);
  const bool of_model = rest.size() != text.size();
  if (const std::string why = refuse_path(path); !why.empty() && (!of_model || path.empty())) {
    faults.add(at, why);
    return std::nullopt;
  }
  std::optional<Node> value = parse_toml_value(value_text, path, source, faults);
  if (!value) {
    value = empty_table(at);
    value->kind = Node::Kind::kScalar;
    value->scalar = is_valid_utf8(value_text) ? Json(value_text) : Json();
  }
  parsed.tree = nested(path, at, std::move(*value));
  return parsed;
}

/// A tree as in a file, so that the same checks apply.
bool is_sound(const Override& change, Faults& faults) {
  const std::size_t before = faults.size();
  if (change.model.empty()) {
    check_tree(change.tree, root_schema(), faults);
  } else {
    Node array = empty_table(change.at);
    array.kind = Node::Kind::kArray;
    array.items.push_back(change.tree);
    check_tree(nested("model", change.at, std::move(array)), root_schema(), faults);
  }
  return faults.size() == before;
}

std::string text_of(const Node& table, std::string_view key) {
  const Entry* entry = table.find(key);
  return entry != nullptr && entry->value.scalar.is_string() ? entry->value.scalar.get<std::string>() : "";
}

void apply_to_models(const Override& change, Node& root, FixedKeys& fixed, Faults& faults) {
  Entry* models = root.find("model");
  std::vector<std::string> names;
  bool found = false;
  for (std::size_t i = 0; i < fixed.size(); ++i) {
    Node& item = models->value.items[i];
    const std::string label = text_of(item, "label"), name = text_of(item, "name");
    for (const std::string& known : {label, name}) names.push_back(known);
    if (change.model != label && change.model != name) continue;
    found = true;
    merge(item, change.tree, Merge::kReplace, faults);
    for_each_leaf(change.tree, "", [&](const std::string& key, const Entry&) { fixed[i].insert(key); });
  }
  if (found) return;
  std::erase(names, "");
  faults.add(change.at, fmt::format("no model has the label or name '{}'{}", printable(change.model),
                                    hint(change.model, names)));
}

}  // namespace

FixedKeys apply_overrides(const std::vector<std::string>& set, Node& root, Files& files, Faults& faults) {
  FixedKeys fixed(subtables(root, "model").size());
  for (const std::string& text : set) {
    const Source& source = files.add_override(text);
    const std::optional<Override> change = parse(text, source, faults);
    if (!change || !is_sound(*change, faults)) continue;
    if (!change->model.empty()) {
      apply_to_models(*change, root, fixed, faults);
      continue;
    }
    merge(root, change->tree, Merge::kReplace, faults);
    for_each_leaf(change->tree, "", [&](const std::string& key, const Entry&) { erase_beaten(root, key); });
  }
  return fixed;
}

}  // namespace seqbench::spec
