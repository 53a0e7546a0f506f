#include "harness/base/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "harness/base/error.h"

namespace seqbench {

FileLock::FileLock(const std::filesystem::path& path, bool wait)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  int result = file_;
  while (file_ >= 0 && (result = ::flock(file_, wait ? LOCK_EX : LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {
  }
  held_ = file_ >= 0 && result == 0;
  if (held_ || (file_ >= 0 && errno == EWOULDBLOCK)) return;
  const std::string reason = std::generic_category().message(errno);
  if (file_ >= 0) ::close(file_);
  throw MachineError(fmt::format("cannot lock '{}': {}", path.string(), reason));
}

FileLock::~FileLock() { ::close(file_); }

}  // namespace seqbench
