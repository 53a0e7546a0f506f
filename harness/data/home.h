#pragma once
// The data home: $SEQBENCH_DATA/TASK/FILE with a lock file of SHA-256, and nowhere else.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace seqbench::data {

struct LockedFile {
  std::string role;    // file name in the folder
  std::string sha256;  // of the file's bytes
  std::uint64_t bytes = 0;
  std::string origin;  // the file name it was imported from, without folders
  std::string licence = {};  // as shown when it was fetched, or ""
};

/// --data, else $SEQBENCH_DATA, else data/.
[[nodiscard]] std::filesystem::path data_home(const std::string& flag = "");
[[nodiscard]] std::filesystem::path task_folder(const std::filesystem::path& home, const std::string& task);
/// Where checkpoints lie by name: $SEQBENCH_WEIGHTS, else weights/ under `root`.
[[nodiscard]] std::filesystem::path weights_home(const std::filesystem::path& root);
/// Where models keep what is costly and the same in every trial: $SEQBENCH_CACHE, else cache/ under `root`.
[[nodiscard]] std::filesystem::path model_cache(const std::filesystem::path& root);
/// Where large twins may keep packed files; whoever writes there makes it.
[[nodiscard]] std::filesystem::path cache_folder(const std::filesystem::path& home);
/// "no real data of task 'TASK' in FOLDER; get it with: HINT"
[[nodiscard]] std::string no_data_text(const std::string& task, const std::filesystem::path& folder, const std::string& hint);
/// Empty when nothing was imported. InputError when lock.json is broken.
[[nodiscard]] std::vector<LockedFile> read_lock(const std::filesystem::path& folder);
/// Copies files (role, source) into the folder: staged beside it, hashed, fsynced, then renamed as a whole;
/// what was there before stays until then. `licences` by sha256. Throws MachineError on a full disk with nothing changed.
std::vector<LockedFile> install_files(const std::filesystem::path& folder,
                                      const std::vector<std::pair<std::string, std::filesystem::path>>& files,
                                      const std::map<std::string, std::string>& licences = {});
/// Compares size and hash of each file; throws InputError naming the file, both hashes, and the remedy.
void verify_lock(const std::filesystem::path& folder, bool full);
/// SHA-256 of the sorted (role, sha256) list: the data part of a trial key.
[[nodiscard]] std::string lock_sha256(const std::vector<LockedFile>& files);

}  // namespace seqbench::data
