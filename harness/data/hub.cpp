#include "harness/data/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kLongestPath = 1000;
constexpr std::uint64_t kMostBytes = 1ull << 43;
constexpr std::size_t kLongestAnswer = 16u << 20;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || !is_valid_utf8(path)) return false;
  if (std::ranges::any_of(path, [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f' || c == '\\'; })) return false;
  return std::ranges::all_of(split(path, '/'), [](std::string_view part) { return !part.empty() && part != "." && part != ".."; });
}

/// A path's part as it stands in an address.
std::string url_text(std::string_view part) {
  std::string text;
  for (const char c : part) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
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

std::vector<std::string> parse_shards(std::string_view json, const std::string& what) {
  const Json index = parse_json(json, what);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object() || map->empty()) {
    throw InputError(fmt::format("{}: 'weight_map' must be an object with an entry or more", what));
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || !is_file_name(file.get_ref<const std::string&>())) {
      throw InputError(fmt::format("{}: tensor \"{}\" must lie in a file of a plain name, got {}", what, printable(tensor), printable(file.dump())));
    }
    names.insert(file.get<std::string>());
    if (names.size() > kMostFiles) throw InputError(fmt::format("{}: more than {} shards", what, kMostFiles));
  }
  return {names.begin(), names.end()};
}

bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '.' || name.front() == '-') return false;
  return std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f' && c != '/' && c != '\\'; });
}

bool is_commit(std::string_view revision) { return is_hex(revision, 40); }

Hub::Hub(DownloadOptions options) : download_(std::move(options)) {
  const char* variable = std::getenv("SEQBENCH_HUB");
  address_ = variable != nullptr && *variable != '\0' ? variable : "https://huggingface.co";
  while (address_.ends_with('/')) address_.pop_back();
  if (!address_.starts_with("https://")) throw InputError(fmt::format("SEQBENCH_HUB must begin with https://, got '{}'", printable(address_)));
}

std::string Hub::ask(const std::string& url) const {
  try {
    return download_.fetch_text(url, kLongestAnswer);
  } catch (const InputError& error) {
    const std::string why = error.what();
    const bool unknown = why.ends_with(" 401") || why.ends_with(" 403") || why.ends_with(" 404");
    throw InputError(unknown ? why + ": the repository or its revision is not there, or it is closed" : why);
  }
}

std::string Hub::commit_of(const std::string& repository, const std::string& revision) const {
  const std::string url = fmt::format("{}/api/models/{}/revision/{}", address_, repository, url_text(revision));
  return parse_hub_commit(ask(url), url);
}

std::vector<HubFile> Hub::list(const std::string& repository, const std::string& commit) const {
  const std::string url = fmt::format("{}/api/models/{}/tree/{}?recursive=true", address_, repository, commit);
  return parse_hub_list(ask(url), url);
}

std::string Hub::url_of(const std::string& repository, const std::string& commit, const std::string& name) const {
  return fmt::format("{}/{}/resolve/{}/{}", address_, repository, commit, url_text(name));
}

}  // namespace seqbench::data
