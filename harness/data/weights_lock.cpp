#include "harness/data/weights_lock.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/hub.h"

namespace seqbench::data {
namespace weights_lock {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock.json";

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

WeightsLock lock_of(const Json& json) {
  if (json.at("version") != 1) throw InputError("its version must be 1");
  WeightsLock lock{json.at("repository"), json.at("commit"), json.at("licence"), {}};
  if (!lock.commit.empty() && !is_hex(lock.commit, 40)) throw InputError("'commit' must be 40 digits or empty");
  for (const Json& entry : json.at("files")) {
    if (!entry.at("bytes").is_number_unsigned()) throw InputError("'bytes' must be a count");
    WeightsFile file{entry.at("name"), entry.at("bytes"), entry.at("sha256")};
    if (!is_file_name(file.name) || file.name == kLock || lock.find(file.name) != nullptr) {
      throw InputError(fmt::format("'name' must be a file name of its own, got \"{}\"", printable(file.name)));
    }
    if (!is_hex(file.sha256, 64)) throw InputError("'sha256' must be 64 digits");
    lock.files.push_back(std::move(file));
  }
  if (lock.files.empty()) throw InputError("it has no files");
  return lock;
}

}  // namespace
}  // namespace weights_lock

const WeightsFile* WeightsLock::find(const std::string& name) const {
  const auto found = std::ranges::find(files, name, &WeightsFile::name);
  return found == files.end() ? nullptr : &*found;
}

std::uint64_t WeightsLock::bytes() const {
  std::uint64_t sum = 0;
  for (const WeightsFile& file : files) sum += file.bytes;
  return sum;
}

std::optional<WeightsLock> read_weights_lock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / weights_lock::kLock;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  std::string why;
  try {
    return weights_lock::lock_of(parse_json(read_file(path, 1u << 20), "lock file"));
  } catch (const InputError& fault) {
    why = fault.what();
  } catch (const Json::exception& fault) {
    why = fault.what();
  }
  throw InputError(fmt::format("{}: not a lock file of weights: {}; move the folder away and fetch it again", path.string(), why));
}

void write_weights_lock(const std::filesystem::path& folder, const WeightsLock& lock) {
  Json files = Json::array();
  for (const WeightsFile& file : lock.files) files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  const Json json = {{"version", 1}, {"repository", lock.repository}, {"commit", lock.commit}, {"licence", lock.licence}, {"files", files}};
  write_file_atomically(folder / weights_lock::kLock, json.dump(1) + "\n");
}

std::string fault_of(const std::filesystem::path& folder, const WeightsFile& file) {
  const std::filesystem::path path = folder / file.name;
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error) return fmt::format("{}: is missing ({} bytes, sha256 {})", path.string(), file.bytes, file.sha256);
  if (bytes != file.bytes) return fmt::format("{}: has {} bytes, locked are {}", path.string(), bytes, file.bytes);
  const std::string sha256 = sha256_file_hex(path);
  return sha256 == file.sha256 ? "" : fmt::format("{}: has sha256 {}, locked is {}", path.string(), sha256, file.sha256);
}

}  // namespace seqbench::data
