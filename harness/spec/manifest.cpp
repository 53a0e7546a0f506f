#include "harness/spec/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/spec/manifest_parts.h"
#include "harness/spec/schema.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr double kMostBytes = 1e13;

const std::vector<ParamSpec>& top_specs() {
  static const std::vector<ParamSpec> specs = {
      {.name = "version", .fallback = std::int64_t{1}, .help = "of the files; raised when they change", .low = 1, .high = 1e6},
      {.name = "task", .fallback = std::string(), .help = "the task's name"},
      {.name = "citation", .fallback = std::string(), .help = "whose data it is"}};
  return specs;
}

const std::vector<ParamSpec>& file_specs() {
  static const std::vector<ParamSpec> specs = [] {
    std::vector<ParamSpec> list = {{.name = "required", .fallback = true},
                                   {.name = "derived", .fallback = false},
                                   {.name = "rows", .fallback = std::int64_t{0}, .low = 1, .high = 1e12},
                                   {.name = "bytes", .fallback = std::int64_t{0}, .low = 1, .high = kMostBytes}};
    for (const char* name :
         {"role", "name", "sha256", "sha256_decompressed", "url", "source", "path", "commit", "licence"}) {
      list.push_back({.name = name, .fallback = std::string()});
    }
    return list;
  }();
  return specs;
}

bool is_https(const std::string& url) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; };
  return url.starts_with("https://") && url.size() > 8 && url.size() < 2000 && url[8] != '/' &&
         url.substr(8, url.find('/', 8) - 8).find('@') == url.npos && std::ranges::all_of(url, plain);
}

/// What one key alone cannot show.
void check_file(const Node& table, const ManifestFile& file, Faults& faults) {
  const auto at = [&table](std::string_view key) {
    const Entry* entry = table.find(key);
    return entry == nullptr ? table.at : entry->value.at;
  };
  for (const auto& [key, name] : {std::pair("role", &file.role), std::pair("name", &file.name)}) {
    if (!is_component(*name)) {
      faults.add(at(key), fmt::format("'{}' must be a file name: printable ASCII without '/', '\\' or a leading '.' or "
                                      "'-', got \"{}\"", key, printable(*name)));
    }
  }
  for (const auto& [key, hash] :
       {std::pair("sha256", &file.sha256), std::pair("sha256_decompressed", &file.sha256_decompressed)}) {
    if (table.find(key) != nullptr && !is_sha256(*hash)) {
      faults.add(at(key), fmt::format("'{}' must be 64 digits of 0-9 and a-f, got \"{}\"", key, printable(*hash)));
    }
  }
  if (table.find("url") == nullptr) return;
  if (!is_https(file.url)) {
    faults.add(at("url"), fmt::format("'url' must begin with https:// and hold no white space and no user, got \"{}\"", printable(file.url)));
  }
  if (file.derived) faults.add(at("url"), "'url' is of the file as it is; a derived one has 'source' and 'path'");
  for (const char* key : {"bytes", "sha256"}) {
    if (table.find(key) == nullptr) faults.add(at("url"), fmt::format("'url' needs '{}' beside it: what is fetched is checked", key));
  }
}

ManifestFile read_file_table(const Node& table, Faults& faults) {
  const Params v = read_values(table, file_specs(), "", faults);
  ManifestFile file{v.text("role"), v.text("name"), v.flag("required"), v.integer("rows"), v.integer("bytes"),
                    v.text("sha256"), v.text("sha256_decompressed"), v.text("url"), v.flag("derived"),
                    v.text("source"), v.text("path"), v.text("commit"), v.text("licence")};
  check_file(table, file, faults);
  return file;
}

void read_files(const Node& root, Manifest& manifest, Faults& faults) {
  const Entry* list = root.find("file");
  if (list == nullptr) return faults.add(root.at, "no [[file]]; a task without real data has file = []");
  if (!list->value.is_tables()) return faults.add(list->at, "'file' must be written as [[file]]");
  if (list->value.items.size() > kMostFiles) return faults.add(list->at, fmt::format("more than {} files", kMostFiles));
  std::set<std::string> roles, names;
  for (const Node& table : list->value.items) {
    manifest.files.push_back(read_file_table(table, faults));
    const ManifestFile& file = manifest.files.back();
    if (!roles.insert(file.role).second) faults.add(table.at, fmt::format("the role \"{}\" stands twice", printable(file.role)));
    if (!names.insert(file.name).second) faults.add(table.at, fmt::format("the name \"{}\" stands twice", printable(file.name)));
  }
}

}  // namespace

Manifest load_manifest(const std::filesystem::path& path) {
  const std::string text = read_file(path, 1u << 22);
  Source source{path.string(), {}, true, 0};
  for (const std::string_view line : split(text, '\n')) source.lines.emplace_back(line);
  Faults faults;
  Manifest manifest;
  if (const std::optional<Node> root = parse_toml(text, source, faults)) {
    const Params values = read_values(*root, top_specs(), "file", faults);
    manifest.version = values.integer("version");
    manifest.task = values.text("task");
    manifest.citation = values.text("citation");
    for (const char* key : {"version", "task"}) {
      if (root->find(key) == nullptr) faults.add({&source}, fmt::format("missing key '{}'", key));
    }
    read_files(*root, manifest, faults);
  }
  if (!faults.empty()) throw InputError("invalid manifest\n" + format_diagnostics(faults.diagnostics()));
  return manifest;
}

bool is_open_licence(const std::string& licence) {
  constexpr std::array<std::string_view, 16> kOpen = {
      "MIT",       "Apache-2.0", "Artistic-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC",     "Zlib",      "Unlicense",
      "CC0-1.0", "CC-BY-3.0",  "CC-BY-4.0",    "CC-BY-SA-4.0", "GPL-2.0",      "GPL-3.0", "GPL-3", "LGPL-3.0"};
  const std::string_view first = std::string_view(licence).substr(0, licence.find_first_of(" ,;("));
  return std::ranges::find(kOpen, first) != kOpen.end();
}

}  // namespace seqbench::spec
