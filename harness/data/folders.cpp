#include "harness/data/folders.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/sha256.h"

namespace seqbench::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSpareBytes = 1u << 20;  // for lock files and the file system's own records

[[noreturn]] void fail_machine(const fs::path& path, const char* what, int error) {
  throw MachineError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(error)));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int value() const { return value_; }

 private:
  int value_;
};

void write_all(const fs::path& path, int descriptor, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t wrote = ::write(descriptor, bytes, count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) fail_machine(path, "cannot be written", errno);
    bytes += wrote;
    count -= static_cast<std::size_t>(wrote);
  }
}

}  // namespace

CopiedFile copy_hashed(const fs::path& source, const fs::path& target) {
  const Descriptor in(source, O_RDONLY);
  if (in.value() < 0) throw InputError(fmt::format("{}: cannot be opened: {}", source.string(), std::strerror(errno)));
  const Descriptor out(target, O_WRONLY | O_CREAT | O_EXCL);
  if (out.value() < 0) fail_machine(target, "cannot be made", errno);
  Sha256 hash;
  CopiedFile file;
  std::vector<char> chunk(1u << 20);
  while (true) {
    const ssize_t got = ::read(in.value(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_machine(source, "cannot be read", errno);
    if (got == 0) break;
    const auto count = static_cast<std::size_t>(got);
    hash.update(chunk.data(), count);
    write_all(target, out.value(), chunk.data(), count);
    file.bytes += count;
  }
  if (::fsync(out.value()) != 0) fail_machine(target, "cannot be synced", errno);
  const Sha256Digest digest = hash.finish();
  file.sha256 = to_hex(digest.data(), digest.size());
  return file;
}

void check_space(const fs::path& folder, std::uint64_t bytes) {
  std::error_code error;
  const std::uint64_t available = fs::space(folder, error).available;
  if (error) throw MachineError(fmt::format("{}: {}", folder.string(), error.message()));
  if (available >= bytes + kSpareBytes) return;
  throw MachineError(fmt::format("{}: disk full: {} bytes are needed, {} are free", folder.string(), bytes + kSpareBytes, available));
}

void sync_folder(const fs::path& folder) {
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor.value() < 0 || ::fsync(descriptor.value()) != 0) fail_machine(folder, "cannot be synced", errno);
}

void swap_in(const fs::path& staged, const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) {
    if (::rename(staged.c_str(), folder.c_str()) != 0) fail_machine(folder, "cannot be renamed", errno);
    return;
  }
  if (::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) fail_machine(folder, "cannot be exchanged", errno);
  // A file system without exchange: two renames, the first undone when the second fails.
  const fs::path former = staged.string() + ".former";
  if (::rename(folder.c_str(), former.c_str()) != 0) fail_machine(folder, "cannot be renamed", errno);
  if (::rename(staged.c_str(), folder.c_str()) != 0) {
    const int reason = errno;
    ::rename(former.c_str(), folder.c_str());
    fail_machine(folder, "cannot be renamed", reason);
  }
  ::rename(former.c_str(), staged.c_str());
}

}  // namespace seqbench::data
