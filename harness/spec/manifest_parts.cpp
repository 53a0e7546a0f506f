#include "harness/spec/manifest_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/spec/schema.h"

namespace seqbench::spec {

Params read_values(const Node& table, const std::vector<ParamSpec>& specs, std::string_view child, Faults& faults) {
  Params values(specs);
  std::vector<std::string> names;
  for (const ParamSpec& spec : specs) names.push_back(spec.name);
  if (!child.empty()) names.emplace_back(child);
  for (const Entry& entry : table.entries) {
    const auto spec = std::ranges::find(specs, entry.key, &ParamSpec::name);
    if (entry.key == child || entry.value.kind == Node::Kind::kRefused) continue;
    if (spec == specs.end()) {
      faults.add(entry.at, fmt::format("unknown key '{}'{}", printable(entry.key), hint(entry.key, names)));
      continue;
    }
    const auto checked = check_param(*spec, entry.value.json());
    if (const auto* good = std::get_if<ParamValue>(&checked)) {
      values.set(spec->name, *good);
    } else {
      faults.add(entry.value.at, fmt::format("'{}' {}", entry.key, std::get<std::string>(checked)));
    }
  }
  return values;
}

bool is_component(const std::string& name) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != '\\'; };
  return !name.empty() && name.size() <= 200 && name[0] != '.' && name[0] != '-' && std::ranges::all_of(name, plain);
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace seqbench::spec
