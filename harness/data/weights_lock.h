#pragma once
// lock.json of a checkpoint's folder in the weights home: where its files came from, and their bytes.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace seqbench::data {

struct WeightsFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
  bool operator==(const WeightsFile&) const = default;
};

struct WeightsLock {
  std::string repository;  // OWNER/NAME on the hub
  std::string commit;      // 40 digits; "" of files that were given, whose commit nobody vouches for
  std::string licence;
  std::vector<WeightsFile> files;

  [[nodiscard]] const WeightsFile* find(const std::string& name) const;
  [[nodiscard]] std::uint64_t bytes() const;
};

/// Nothing where the folder has no lock.json; InputError, naming it, where it is broken.
[[nodiscard]] std::optional<WeightsLock> read_weights_lock(const std::filesystem::path& folder);
void write_weights_lock(const std::filesystem::path& folder, const WeightsLock& lock);
/// "" when the file has the locked bytes, else what is wrong with it.
[[nodiscard]] std::string fault_of(const std::filesystem::path& folder, const WeightsFile& file);

}  // namespace seqbench::data
