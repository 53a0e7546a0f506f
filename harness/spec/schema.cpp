#include "harness/spec/schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"

namespace seqbench::spec {
namespace {

using Form = Child::Form;

const std::vector<ParamSpec>& no_keys() {
  static const std::vector<ParamSpec> none;
  return none;
}

// Every table that may stand both at the top and in [scale.X].
std::vector<Child> common_tables() {
  static const TableSchema open{&no_keys(), &check_param, {}};
  static const TableSchema train{&train_keys(), &check_train, {}};
  static const TableSchema split_table{&split_keys(), &check_split, {}};
  static const TableSchema metrics{&metrics_keys(), &check_param, {}};
  static const TableSchema data{
      &data_keys(), &check_param, {{"params", Form::kOpen, &open, "the task's own keys"}}};
  static const TableSchema task{&task_keys(),
                                &check_param,
                                {{"params", Form::kOpen, &open, "the task's own keys; over [data.params]"},
                                 {"split", Form::kTable, &split_table, "over [split]"},
                                 {"metrics", Form::kTable, &metrics, "over [metrics]"}}};
  static const TableSchema model{&model_keys(),
                                 &check_label,
                                 {{"params", Form::kOpen, &open, "the model's own keys"},
                                  {"train", Form::kTable, &train, "over [train]"}}};
  static const TableSchema one_case{&case_keys(),
                                    &check_label,
                                    {{"params", Form::kOpen, &open, "of the models that have these keys"},
                                     {"train", Form::kTable, &train, "over [train]"}}};
  static const TableSchema grid{
      &no_keys(),
      &check_param,
      {{"params", Form::kOpenGrid, &open, "arrays of values, for models that have the key"},
       {"train", Form::kGrid, &train, "arrays of values"}}};
  static const TableSchema control{
      &no_keys(), &check_param, {{"train", Form::kTable, &train, "over the controls' own"}}};
  static const TableSchema run{&run_keys(), &check_param, {}};
  static const TableSchema limits{&limits_keys(), &check_limits, {}};
  static const TableSchema save{&save_keys(), &check_param, {}};
  return {{"data", Form::kTable, &data, "the task, or defaults of all tasks"},
          {"split", Form::kTable, &split_table, "train, validation and test parts"},
          {"train", Form::kTable, &train, "how networks are trained"},
          {"metrics", Form::kTable, &metrics, "what is measured"},
          {"task", Form::kTables, &task, "one of several tasks"},
          {"model", Form::kTables, &model, "a model; it runs on every task that offers its view"},
          {"case", Form::kTables, &one_case, "a point, crossed with the grid"},
          {"grid", Form::kTable, &grid, "every combination of these arrays"},
          {"control", Form::kTable, &control, "settings of the control rows"},
          {"save", Form::kTable, &save, "what is stored besides metrics"},
          {"run", Form::kTable, &run, "how trials run"},
          {"limits", Form::kTable, &limits, "when a trial is given up"}};
}

/// Every key in full, in the order of `help toml`, once a table.
void collect_names(const TableSchema& schema, const std::string& prefix, std::vector<std::string>& names) {
  for (const ParamSpec& spec : *schema.keys) names.push_back(prefix + spec.name);
  for (const Child& child : schema.children) {
    if (child.name != "scale") collect_names(*child.schema, fmt::format("{}{}.", prefix, child.name), names);
  }
}

std::vector<std::string> all_names(const TableSchema& whole) {
  std::vector<std::string> all;
  collect_names(whole, "", all);
  return all;
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

/// Siblings first, then any key of that name, then any full name; for --set, where the whole name was typed,
/// full names come first.
std::string nearest_key(const TableSchema& whole, const std::string& full, const std::string& key, const std::string& prefix,
                        const std::vector<std::string>& siblings, bool typed_in_full) {
  const std::vector<std::string> names = all_names(whole);
  const std::string by_name = hint(full, names);
  if (typed_in_full && !by_name.empty()) return by_name;
  if (const std::string sibling = hint(key, siblings, prefix); !sibling.empty()) return sibling;
  std::vector<std::string> leaves;
  for (const std::string& name : names) leaves.push_back(last_part(name));
  if (const auto leaf = nearest(key, leaves)) {
    const auto index = std::find(leaves.begin(), leaves.end(), *leaf) - leaves.begin();
    return fmt::format("; nearest: '{}'", names[static_cast<std::size_t>(index)]);
  }
  return by_name;
}

/// Reported while parsing, or for merging with an include to deal with.
bool is_settled(const Node& node) { return node.kind == Node::Kind::kRefused || is_removal(node); }

struct Reader {
  const TableSchema& whole;
  const std::vector<ParamSpec>& specs;
  Check check;
  const std::vector<Child>& children;
  Faults* faults;
  const OnValue& take;
  bool grid = false;

  void read(const Node& table, const std::string& prefix, const std::string& inside) const;
  void value(const ParamSpec& spec, const Entry& entry, const std::string& full) const;
  void unknown(const Entry& entry, const std::string& prefix, const std::string& inside) const;
};

void Reader::read(const Node& table, const std::string& prefix, const std::string& inside) const {
  for (const Entry& entry : table.entries) {
    if (is_settled(entry.value)) continue;
    const auto is_child = [&entry](const Child& child) { return child.name == entry.key; };
    if (inside.empty() && std::any_of(children.begin(), children.end(), is_child)) continue;
    const std::string name = inside + entry.key;
    const auto spec =
        std::find_if(specs.begin(), specs.end(), [&name](const ParamSpec& s) { return s.name == name; });
    const bool nests = std::any_of(specs.begin(), specs.end(),
                                   [&name](const ParamSpec& s) { return s.name.starts_with(name + "."); });
    if (spec != specs.end()) {
      value(*spec, entry, prefix + entry.key);
    } else if (nests && entry.value.is_table()) {
      read(entry.value, prefix + entry.key + ".", name + ".");
    } else if (nests && faults != nullptr) {
      faults->add(entry.value.at, fmt::format("'{}{}' must be a table", prefix, entry.key));
    } else if (faults != nullptr) {
      unknown(entry, prefix, inside);
    }
  }
}

void Reader::value(const ParamSpec& spec, const Entry& entry, const std::string& full) const {
  const auto one = [&](const Node& node) {
    if (node.kind == Node::Kind::kRefused) return;
    auto checked = check(spec, node.json());
    if (auto* good = std::get_if<ParamValue>(&checked)) return take(spec, std::move(*good), entry);
    if (faults != nullptr) faults->add(node.at, fmt::format("'{}' {}", full, std::get<std::string>(checked)));
  };
  if (!grid) return one(entry.value);
  if (entry.value.kind != Node::Kind::kArray || entry.value.items.empty()) {
    if (faults != nullptr)
      faults->add(entry.value.at, fmt::format("'{}' must be a list of values to try", full));
    return;
  }
  for (const Node& item : entry.value.items) one(item);
}

void Reader::unknown(const Entry& entry, const std::string& prefix, const std::string& inside) const {
  const bool typed = !entry.at.source->is_file;
  std::string full = prefix + entry.key;
  const Entry* leaf = &entry;
  while (typed && leaf->value.is_table() && leaf->value.entries.size() == 1) {
    leaf = &leaf->value.entries[0];
    full += "." + leaf->key;
  }
  std::vector<std::string> siblings;
  for (const ParamSpec& spec : specs) {
    if (!spec.name.starts_with(inside)) continue;
    const std::string rest = spec.name.substr(inside.size());
    siblings.push_back(rest.substr(0, rest.find('.')));
  }
  for (const Child& child : children) siblings.emplace_back(child.name);
  faults->add(entry.at, fmt::format("unknown key '{}'{}", printable(full),
                                    nearest_key(whole, full, entry.key, prefix, siblings, typed)));
}

void check_table(const TableSchema& whole, const Node& table, const TableSchema& schema, const std::string& prefix,
                 bool grid, Faults& faults);

void check_child(const TableSchema& whole, const Entry& entry, const Child& child, const std::string& full, Faults& faults) {
  const Node& node = entry.value;
  if (child.form == Form::kTables) {
    if (!node.is_tables())
      return faults.add(entry.at, fmt::format("'{}' must be written as [[{}]]", full, full));
    for (const Node& item : node.items) check_table(whole, item, *child.schema, full + ".", false, faults);
  } else if (!node.is_table()) {
    faults.add(entry.at, fmt::format("'{}' must be a table", full));
  } else if (child.form == Form::kTable || child.form == Form::kGrid) {
    check_table(whole, node, *child.schema, full + ".", child.form == Form::kGrid, faults);
  }
}

void check_table(const TableSchema& whole, const Node& table, const TableSchema& schema, const std::string& prefix,
                 bool grid, Faults& faults) {
  const OnValue ignore = [](const ParamSpec&, ParamValue, const Entry&) {};
  Reader{whole, *schema.keys, schema.check, schema.children, &faults, ignore, grid}.read(table, prefix, "");
  for (const Child& child : schema.children) {
    if (const Entry* entry = table.find(child.name); entry != nullptr && !is_settled(entry->value)) {
      check_child(whole, *entry, child, fmt::format("{}{}", prefix, child.name), faults);
    }
  }
}

}  // namespace

const TableSchema& root_schema() {
  static const std::vector<ParamSpec> profile_keys = [] {
    std::vector<ParamSpec> keys = top_keys();
    std::erase_if(keys, [](const ParamSpec& key) {
      return key.name == "schema" || key.name == "name" || key.name == "include";
    });
    return keys;
  }();
  static const TableSchema profile{&profile_keys, &check_top, common_tables()};
  static const TableSchema scale{&no_keys(),
                                 &check_param,
                                 {{"smoke", Form::kTable, &profile, "a minute"},
                                  {"desk", Form::kTable, &profile, "at most an hour on 2 cores; the default"},
                                  {"full", Form::kTable, &profile, "as published"}}};
  static const TableSchema root = [] {
    TableSchema schema{&top_keys(), &check_top, common_tables()};
    schema.children.push_back(
        {"scale", Form::kTable, &scale, "keys of this file that --scale puts in place"});
    return schema;
  }();
  return root;
}

void check_tree(const Node& root, const TableSchema& schema, Faults& faults) {
  check_table(schema, root, schema, "", false, faults);
}

void read_keys(const Node* table, const std::string& prefix, const std::vector<ParamSpec>& specs, Check check,
               Faults* faults, const OnValue& take) {
  static const std::vector<Child> none;
  if (table != nullptr) Reader{root_schema(), specs, check, none, faults, take}.read(*table, prefix, "");
}

std::string hint(std::string_view word, const std::vector<std::string>& candidates,
                 const std::string& prefix) {
  const std::optional<std::string> near = nearest(word, candidates);
  return near ? fmt::format("; nearest: '{}{}'", prefix, *near) : "";
}

}  // namespace seqbench::spec
