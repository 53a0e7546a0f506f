#include "harness/run/checkpoint_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/tensors/safetensors.h"

namespace seqbench::run {
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kSpareBytes = 256ull << 20;

void sync_path(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0 || ::fsync(descriptor) != 0) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    throw MachineError(fmt::format("cannot sync {}: {}", path.string(), std::strerror(error)));
  }
  ::close(descriptor);
}

void write_synced(const fs::path& path, const std::string& bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  std::size_t at = 0;
  bool ok = descriptor >= 0;
  while (ok && at < bytes.size()) {
    const ssize_t n = ::write(descriptor, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    ok = n > 0;
    at += ok ? static_cast<std::size_t>(n) : 0;
  }
  ok = ok && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (ok) return;
  ::unlink(path.c_str());
  throw MachineError(fmt::format("cannot write checkpoint {}: {}; the last good one stays", path.string(),
                                 std::strerror(error)));
}

}  // namespace

fs::path CheckpointFiles::file(std::int64_t step) const { return folder_ / fmt::format("step-{}.safetensors", step); }

void CheckpointFiles::check_space(std::uint64_t bytes) const {
  std::error_code error;
  const fs::space_info space = fs::space(folder_, error);
  if (!error && space.available < 2 * bytes + kSpareBytes) {
    throw MachineError(fmt::format("{}: {} MiB free, a checkpoint needs {} MiB; resume once there is room",
                                   folder_.string(), space.available >> 20, (2 * bytes + kSpareBytes) >> 20));
  }
}

CheckpointFiles::Written CheckpointFiles::write(std::int64_t step, const std::vector<NamedTensor>& tensors,
                                                const Json& state, const std::function<void()>& make_durable) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw MachineError(fmt::format("cannot make {}: {}", folder_.string(), error.message()));
  const std::string bytes = tensors::to_safetensors(
      tensors, {{"trial", key_}, {"numerics_class", numerics_}, {"state", canonical_json(state)}});
  check_space(bytes.size());
  const fs::path temporary = file(step).string() + ".tmp";
  write_synced(temporary, bytes);
  make_durable();
  fs::rename(temporary, file(step), error);
  if (error) throw MachineError(fmt::format("cannot rename {}: {}", temporary.string(), error.message()));
  sync_path(folder_, O_RDONLY | O_DIRECTORY);
  Written written{{step, "last", file(step).string(), sha256_hex(bytes), static_cast<std::int64_t>(bytes.size())}, {}};
  std::erase(steps_, step);
  steps_.push_back(step);
  while (steps_.size() > 2) {
    fs::remove(file(steps_.front()), error);
    written.removed_steps.push_back(steps_.front());
    steps_.erase(steps_.begin());
  }
  return written;
}

std::optional<std::pair<std::int64_t, train::Checkpoint>> CheckpointFiles::load(
    const std::vector<store::CheckpointRow>& known, std::vector<std::string>& warnings) {
  steps_.clear();
  for (const store::CheckpointRow& row : known) {
    std::error_code error;
    if (fs::exists(file(row.step), error)) steps_.insert(steps_.begin(), row.step);
  }
  for (const store::CheckpointRow& row : known) {
    const fs::path path = file(row.step);
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    try {
      const std::string bytes = read_file(path, 64ull << 30);
      if (sha256_hex(bytes) != row.sha256) throw InputError(path.string() + ": its hash is not the recorded one");
      tensors::TensorFile read = tensors::from_safetensors(bytes, path.string());
      if (read.metadata["trial"] != key_) throw InputError(path.string() + ": it belongs to another trial");
      if (read.metadata["numerics_class"] != numerics_) {
        warnings.push_back(path.string() + ": made by another device, thread count or LibTorch; starting over");
        return std::nullopt;
      }
      return std::pair{row.step,
                       train::Checkpoint{std::move(read.tensors), parse_json(read.metadata["state"], path.string())}};
    } catch (const InputError& broken) {
      warnings.push_back(fmt::format("{}; set aside as {}.bad", broken.what(), path.filename().string()));
      fs::rename(path, path.string() + ".bad", error);
      std::erase(steps_, row.step);
    }
  }
  return std::nullopt;
}

}  // namespace seqbench::run
