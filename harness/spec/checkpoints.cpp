#include "harness/spec/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/spec/manifest_parts.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

using Texts = std::vector<std::string>;

std::vector<ParamSpec> texts(std::initializer_list<const char*> names, std::initializer_list<const char*> lists) {
  std::vector<ParamSpec> specs;
  for (const char* name : names) specs.push_back({.name = name, .fallback = std::string()});
  for (const char* name : lists) specs.push_back({.name = name, .fallback = Texts{}});
  return specs;
}

bool is_repository(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return slash != text.npos && is_component(text.substr(0, slash)) && is_component(text.substr(slash + 1)) &&
         std::ranges::all_of(text, [&](char c) { return c == '/' || plain(c); });
}

void read_pins(const Node& table, Checkpoint& checkpoint, Faults& faults) {
  std::vector<ParamSpec> specs = texts({"name", "sha256"}, {});
  specs.push_back({.name = "bytes", .fallback = std::int64_t{0}, .low = 1, .high = 1e13});
  std::set<std::string> names;
  for (const Node* pin : subtables(table, "pin")) {
    const Params v = read_values(*pin, specs, "", faults);
    checkpoint.pins.push_back({v.text("name"), v.integer("bytes"), v.text("sha256")});
    const PinnedFile& made = checkpoint.pins.back();
    if (!is_component(made.name)) faults.add(pin->at, fmt::format("a pin's 'name' must be a file name, got \"{}\"", printable(made.name)));
    if (!is_sha256(made.sha256)) faults.add(pin->at, fmt::format("a pin's 'sha256' must be 64 digits of 0-9 and a-f, got \"{}\"", printable(made.sha256)));
    if (made.bytes == 0) faults.add(pin->at, "a pin needs 'bytes'");
    if (!names.insert(made.name).second) faults.add(pin->at, fmt::format("\"{}\" is pinned twice", printable(made.name)));
  }
}

Checkpoint read_checkpoint(const Node& table, Faults& faults) {
  static const std::vector<ParamSpec> specs =
      texts({"name", "repository", "revision", "licence", "citation"}, {"required", "optional", "weights"});
  const Params v = read_values(table, specs, "pin", faults);
  Checkpoint made{v.text("name"), v.text("repository"), v.text("revision"), v.text("licence"), v.text("citation"),
                  v.texts("required"), v.texts("optional"), v.texts("weights"), {}};
  if (!is_component(made.name)) faults.add(table.at, fmt::format("'name' must be a file name, got \"{}\"", printable(made.name)));
  if (!is_repository(made.repository)) faults.add(table.at, fmt::format("'repository' must be OWNER/NAME, got \"{}\"", printable(made.repository)));
  if (!is_component(made.revision)) faults.add(table.at, fmt::format("'revision' must be a commit or a branch, got \"{}\"", printable(made.revision)));
  if (made.weights.empty()) faults.add(table.at, "'weights' needs a file at least");
  for (const Texts* list : {&made.required, &made.optional, &made.weights}) {
    for (const std::string& name : *list) {
      if (!is_component(name)) faults.add(table.at, fmt::format("files are file names, got \"{}\"", printable(name)));
    }
  }
  read_pins(table, made, faults);
  return made;
}

}  // namespace

Checkpoints load_checkpoints(const std::filesystem::path& path) {
  const std::string text = read_file(path, 1u << 22);
  Source source{path.string(), {}, true, 0};
  for (const std::string_view line : split(text, '\n')) source.lines.emplace_back(line);
  Faults faults;
  Checkpoints made;
  if (const std::optional<Node> root = parse_toml(text, source, faults)) {
    std::vector<ParamSpec> specs = texts({"family"}, {});
    specs.push_back({.name = "version", .fallback = std::int64_t{1}, .low = 1, .high = 1});
    const Params values = read_values(*root, specs, "checkpoint", faults);
    made.family = values.text("family");
    if (!is_component(made.family)) faults.add({&source}, "missing key 'family'");
    std::set<std::string> names;
    const Entry* list = root->find("checkpoint");
    if (list != nullptr && !list->value.is_tables()) faults.add(list->at, "'checkpoint' must be written as [[checkpoint]]");
    for (const Node* table : subtables(*root, "checkpoint")) {
      made.list.push_back(read_checkpoint(*table, faults));
      if (!names.insert(made.list.back().name).second) faults.add(table->at, fmt::format("the name \"{}\" stands twice", printable(made.list.back().name)));
    }
  }
  if (!faults.empty()) throw InputError("invalid checkpoints\n" + format_diagnostics(faults.diagnostics()));
  return made;
}

}  // namespace seqbench::spec
