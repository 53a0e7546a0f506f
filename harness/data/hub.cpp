#include "harness/data/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kLongestPath = 1000;
constexpr std::uint64_t kMostBytes = 1ull << 43;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || !is_valid_utf8(path)) return false;
  if (std::ranges::any_of(path, [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f' || c == '\\'; })) return false;
  return std::ranges::all_of(split(path, '/'), [](std::string_view part) { return !part.empty() && part != "." && part != ".."; });
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) throw InputError(fmt::format("'{}' must be a string", key));
  return found->get<std::string>();
}

HubFile file_of(const Json& entry) {
  HubFile file;
  file.path = text_of(entry, "path");
  if (!is_plain_path(file.path)) throw InputError(fmt::format("a path leaves its folder or is no text: \"{}\"", printable(file.path)));
  const auto size = entry.find("size");
  if (size == entry.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() > kMostBytes) {
    throw InputError(fmt::format("\"{}\": 'size' must be an integer from 0 to {}", printable(file.path), kMostBytes));
  }
  file.bytes = size->get<std::uint64_t>();
  if (const auto lfs = entry.find("lfs"); lfs != entry.end() && !lfs->is_null()) {
    if (!lfs->is_object()) throw InputError("'lfs' must be an object");
    file.sha256 = text_of(*lfs, "oid");
    if (!is_hex(file.sha256, 64)) throw InputError(fmt::format("\"{}\": 'lfs.oid' must be a sha256", printable(file.path)));
    if (lfs->contains("size") && lfs->at("size") != *size) throw InputError(fmt::format("\"{}\" has two sizes", printable(file.path)));
    return file;
  }
  file.blob_sha1 = text_of(entry, "oid");
  if (!is_hex(file.blob_sha1, 40)) throw InputError(fmt::format("\"{}\": 'oid' must be a git id of 40 digits", printable(file.path)));
  return file;
}

std::vector<HubFile> files_of(const Json& list) {
  if (!list.is_array() || list.size() > kMostFiles) throw InputError(fmt::format("must be an array of {} files at most", kMostFiles));
  std::vector<HubFile> files;
  std::set<std::string> paths;
  for (const Json& entry : list) {
    if (!entry.is_object()) throw InputError("an entry is no object");
    const std::string type = text_of(entry, "type");
    if (type == "directory") continue;
    if (type != "file") throw InputError(fmt::format("'type' must be file or directory, got \"{}\"", printable(type)));
    files.push_back(file_of(entry));
    if (!paths.insert(files.back().path).second) throw InputError(fmt::format("\"{}\" stands twice", printable(files.back().path)));
  }
  return files;
}

}  // namespace

std::vector<HubFile> parse_hub_list(std::string_view json, const std::string& what) {
  const Json list = parse_json(json, what);
  try {
    return files_of(list);
  } catch (const InputError& fault) {
    throw InputError(fmt::format("{}: {}", what, fault.what()));
  }
}

std::string parse_hub_commit(std::string_view json, const std::string& what) {
  const Json answer = parse_json(json, what);
  const auto sha = answer.is_object() ? answer.find("sha") : answer.end();
  if (!answer.is_object() || sha == answer.end() || !sha->is_string() || !is_hex(sha->get<std::string>(), 40)) {
    throw InputError(fmt::format("{}: 'sha' must be a commit of 40 digits", what));
  }
  return sha->get<std::string>();
}

}  // namespace seqbench::data
