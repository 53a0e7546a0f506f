#include "harness/data/home.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/folders.h"

namespace seqbench::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock.json";

std::string remedy(const fs::path& folder) {
  return fmt::format("import it again: seqbench data import {} FILE...", folder.filename().string());
}

/// Removed with all it holds, whatever happens.
struct TemporaryFolder {
  fs::path path;
  explicit TemporaryFolder(fs::path where) : path(std::move(where)) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw MachineError(fmt::format("{}: cannot be made: {}", path.string(), error.message()));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

bool is_role(const std::string& role) {
  return !role.empty() && role != "." && role != ".." && role != kLock && role.find('/') == role.npos;
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

LockedFile locked_file(const Json& json) {
  LockedFile file{json.at("role"), json.at("sha256"), json.at("bytes"), json.at("origin"), json.value("licence", "")};
  if (!is_role(file.role) || !is_sha256(file.sha256) || !json.at("bytes").is_number_unsigned()) {
    throw InputError("an entry has a bad role, sha256 or bytes");
  }
  return file;
}

std::string lock_text(const std::vector<LockedFile>& files) {
  Json list = Json::array();
  for (const LockedFile& file : files) {
    list.push_back(
        {{"role", file.role}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"origin", file.origin}});
    if (!file.licence.empty()) list.back()["licence"] = file.licence;
  }
  return Json{{"version", 1}, {"files", list}}.dump(1) + "\n";
}

void check_sources(const fs::path& parent, const std::vector<std::pair<std::string, fs::path>>& files) {
  std::uint64_t needed = 0;
  for (const auto& [role, source] : files) {
    std::error_code error;
    const std::uint64_t size = fs::is_regular_file(source, error) ? fs::file_size(source, error) : 0;
    if (error || !fs::is_regular_file(source, error)) {
      throw InputError(fmt::format("{}: is not a readable file", source.string()));
    }
    needed += size;
  }
  check_space(parent, needed);
}

}  // namespace

fs::path data_home(const std::string& flag) {
  if (!flag.empty()) return flag;
  const char* variable = std::getenv("SEQBENCH_DATA");
  return variable != nullptr && *variable != '\0' ? variable : "data";
}

fs::path task_folder(const fs::path& home, const std::string& task) { return home / task; }

std::string no_data_text(const std::string& task, const fs::path& folder, const std::string& hint) {
  return fmt::format("no real data of task '{}' in {}; get it with: {}", task, folder.string(), hint);
}

fs::path weights_home(const fs::path& root) {
  const char* variable = std::getenv("SEQBENCH_WEIGHTS");
  return variable != nullptr && *variable != '\0' ? fs::path(variable) : root / "weights";
}

fs::path model_cache(const fs::path& root) {
  const char* variable = std::getenv("SEQBENCH_CACHE");
  return variable != nullptr && *variable != '\0' ? fs::path(variable) : root / "cache";
}

fs::path cache_folder(const fs::path& home) { return home / ".cache"; }

std::vector<LockedFile> read_lock(const fs::path& folder) {
  const fs::path path = folder / kLock;
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  std::vector<LockedFile> files;
  try {
    const Json json = parse_json(read_file(path, 1u << 20), "lock file");
    if (json.at("version") != 1) throw InputError("its version must be 1");
    std::set<std::string> roles;
    for (const Json& entry : json.at("files")) {
      files.push_back(locked_file(entry));
      if (!roles.insert(files.back().role).second) throw InputError("a role stands twice");
    }
  } catch (const InputError& fault) {
    throw InputError(fmt::format("{}: not a lock file: {}; {}", path.string(), fault.what(), remedy(folder)));
  } catch (const Json::exception& fault) {
    throw InputError(fmt::format("{}: not a lock file: {}; {}", path.string(), fault.what(), remedy(folder)));
  }
  return files;
}

std::vector<LockedFile> install_files(const fs::path& folder,
                                      const std::vector<std::pair<std::string, fs::path>>& files,
                                      const std::map<std::string, std::string>& licences) {
  SEQBENCH_ASSERT(!files.empty(), "an import has files");
  fs::path target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "gfp/" is "gfp"
  const fs::path parent = target.parent_path();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) throw MachineError(fmt::format("{}: cannot be made: {}", parent.string(), error.message()));
  check_sources(parent, files);

  const TemporaryFolder staged(parent / fmt::format(".{}.{}", target.filename().string(), new_uid()));
  std::vector<LockedFile> locked;
  for (const auto& [role, source] : files) {
    SEQBENCH_ASSERT(is_role(role), "a role is a file name");
    const CopiedFile copied = copy_hashed(source, staged.path / role);
    locked.push_back({role, copied.sha256, copied.bytes, source.filename().string()});
    if (const auto found = licences.find(locked.back().sha256); found != licences.end()) locked.back().licence = found->second;
  }
  write_file_atomically(staged.path / kLock, lock_text(locked));
  sync_folder(staged.path);
  swap_in(staged.path, target);
  sync_folder(parent);
  return locked;
}

void verify_lock(const fs::path& folder, bool full) {
  const std::vector<LockedFile> files = read_lock(folder);
  if (files.empty()) throw InputError(fmt::format("{}: no data here; {}", folder.string(), remedy(folder)));
  for (const LockedFile& file : files) {
    const fs::path path = folder / file.role;
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(path, error);
    if (error) {
      throw InputError(fmt::format("{}: is missing (sha256 {}); {}", path.string(), file.sha256, remedy(folder)));
    }
    if (bytes == file.bytes && !full) continue;
    const std::string sha256 = sha256_file_hex(path);
    if (sha256 == file.sha256) continue;
    throw InputError(fmt::format("{}: was changed since its import: {} bytes with sha256 {}, imported were {} bytes "
                                 "with sha256 {}; {}",
                                 path.string(), bytes, sha256, file.bytes, file.sha256, remedy(folder)));
  }
}

std::string lock_sha256(const std::vector<LockedFile>& files) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const LockedFile& file : files) sorted.emplace_back(file.role, file.sha256);
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [role, sha256] : sorted) text += fmt::format("{}  {}\n", sha256, role);  // as sha256sum prints
  return sha256_hex(text);
}

}  // namespace seqbench::data
