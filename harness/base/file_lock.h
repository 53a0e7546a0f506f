#pragma once
// flock on a file of its own, freed when the process ends however it ends.

#include <filesystem>

namespace seqbench {

class FileLock {
 public:
  /// Creates the file. wait = false: held() says whether the lock was free. Throws MachineError.
  explicit FileLock(const std::filesystem::path& path, bool wait = true);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  int file_ = -1;
  bool held_ = false;
};

}  // namespace seqbench
