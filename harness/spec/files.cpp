#include "harness/spec/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/spec/schema.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 1 << 20;
constexpr std::size_t kDeepest = 8;  // includes below the file

std::vector<std::string> lines_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

/// Never throws: what a file names may be too long, or a loop of links.
fs::path resolved_path(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : found;
}

std::string why_unreadable(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return "no such file";
  if (!fs::is_regular_file(status)) return "not a file";
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > kLargestFile)
    return fmt::format("{} bytes; an experiment file has at most {}", size, kLargestFile);
  return "";
}

}  // namespace

std::string Files::shown(const fs::path& path) const {
  if (root_.empty()) return path.generic_string();
  const fs::path relative = resolved_path(path).lexically_relative(resolved_path(root_));
  return relative.empty() || *relative.begin() == ".." ? path.generic_string() : relative.generic_string();
}

std::optional<Node> Files::read(const fs::path& path) { return read_one(path, nullptr); }

std::optional<Node> Files::read(const std::string& name, const std::string& text) {
  Source& source = sources_.emplace_back(Source{.name = name, .lines = lines_of(text), .rank = next_rank_++});
  text_ = text;
  std::optional<Node> tree = parse_toml(text, source, faults_);
  if (tree) check_tree(*tree, root_schema(), faults_);
  return tree;
}

const Source& Files::add_override(const std::string& text) {
  return sources_.emplace_back(Source{fmt::format("--set #{}", ++overrides_), {text}, false, next_rank_++});
}

std::optional<std::string> Files::read_text(const fs::path& path, const Origin& at, const std::string& lead) {
  std::string why = why_unreadable(path);
  if (why.empty()) {
    try {
      return read_file(path, kLargestFile);
    } catch (const InputError& error) {
      why = error.what();
    }
  }
  faults_.add(at, lead + why);
  return std::nullopt;
}

std::optional<Node> Files::read_one(const fs::path& path, const Origin* from) {
  Source& source = sources_.emplace_back(Source{.name = shown(path), .lines = {}});
  const std::string lead =
      from == nullptr ? "cannot be read: " : fmt::format("cannot include '{}': ", source.name);
  const std::optional<std::string> text = read_text(path, from == nullptr ? Origin{&source} : *from, lead);
  if (!text) return std::nullopt;
  if (from == nullptr) text_ = *text;
  source.lines = lines_of(*text);
  std::optional<Node> tree = parse_toml(*text, source, faults_);
  if (!tree || !check_schema(*tree)) return std::nullopt;
  check_tree(*tree, root_schema(), faults_);
  open_.push_back({resolved_path(path), &source});
  std::optional<Node> merged = read_includes(*tree, path.parent_path());
  open_.pop_back();
  source.rank = next_rank_++;
  tree->erase("include");
  if (merged) merge(*merged, *tree, Merge::kInclude, faults_);
  return merged;
}

bool Files::check_schema(const Node& tree) {
  const Entry* entry = tree.find("schema");
  if (entry == nullptr || !entry->value.scalar.is_number_integer()) return true;
  const std::int64_t schema = entry->value.scalar.get<std::int64_t>();
  if (schema <= kSchema) return true;
  faults_.add(entry->value.at, fmt::format("'schema' is {}; this program is built for {}", schema, kSchema));
  return false;
}

std::optional<Node> Files::read_includes(const Node& tree, const fs::path& folder) {
  Node merged = empty_table(tree.at);
  const Entry* include = tree.find("include");
  if (include == nullptr) return merged;
  bool whole = include->value.kind == Node::Kind::kArray;  // else reported, as for items that are no strings
  for (const Node& item : include->value.items) {
    const std::optional<fs::path> path = included_path(item, folder);
    const std::optional<Node> fragment = path ? read_one(*path, &item.at) : std::nullopt;
    if (fragment) merge(merged, *fragment, Merge::kInclude, faults_);
    whole = whole && fragment.has_value();
  }
  return whole ? std::optional(std::move(merged)) : std::nullopt;
}

std::optional<fs::path> Files::included_path(const Node& item, const fs::path& folder) {
  const auto refuse = [&](std::string why) {
    faults_.add(item.at, std::move(why));
    return std::nullopt;
  };
  if (!item.scalar.is_string()) return std::nullopt;
  const std::string name = item.scalar.get<std::string>();
  const bool shipped = name.size() > 2 && name.front() == '<' && name.back() == '>';
  const fs::path below =
      (shipped ? fs::path(name.substr(1, name.size() - 2)) : fs::path(name)).lexically_normal();
  if (below.is_absolute())
    return refuse(fmt::format("'{}' is an absolute path; includes are relative", printable(name)));
  if (shipped && *below.begin() == "..")
    return refuse(fmt::format("'{}' is not below experiments/", printable(name)));
  const fs::path path = shipped ? root_ / "experiments" / below : folder / below;
  if (open_.size() > kDeepest) return refuse(fmt::format("includes nest deeper than {}", kDeepest));
  const fs::path found = resolved_path(path);
  const auto first =
      std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.path == found; });
  if (first == open_.end()) return path;
  std::string chain;
  for (auto open = first; open != open_.end(); ++open) chain += open->source->name + " -> ";
  return refuse(fmt::format("include cycle: {}{}", chain, first->source->name));
}

}  // namespace seqbench::spec
