#include "harness/run/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/base/error.h"

namespace seqbench::run {
namespace {

/// Both ends at 10 or above, so that they do not collide with the worker's 3 and 4.
std::array<int, 2> make_pipe() {
  std::array<int, 2> low{};
  if (::pipe2(low.data(), O_CLOEXEC) != 0) throw MachineError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  std::array<int, 2> high = {::fcntl(low[0], F_DUPFD_CLOEXEC, 10), ::fcntl(low[1], F_DUPFD_CLOEXEC, 10)};
  ::close(low[0]);
  ::close(low[1]);
  return high;
}

}  // namespace

WorkerProcess::WorkerProcess() {
  const std::array<int, 2> down = make_pipe(), up = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);  // nothing a library prints may reach our stdout
  posix_spawn_file_actions_adddup2(&actions, down[0], 3);
  posix_spawn_file_actions_adddup2(&actions, up[1], 4);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string name = "seqbench", command = "worker", parent = std::to_string(::getpid());
  const std::array<char*, 4> arguments = {name.data(), command.data(), parent.data(), nullptr};
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  const int error = ::posix_spawn(&pid_, "/proc/self/exe", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(down[0]);
  ::close(up[1]);
  to_ = down[1];
  from_ = up[0];
  if (error != 0) throw MachineError(fmt::format("cannot start a worker: {}", std::strerror(error)));
}

WorkerProcess::~WorkerProcess() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
}

bool WorkerProcess::send(const Json& head) {
  try {
    write_frame(to_, head);
    return true;
  } catch (const MachineError&) {
    return false;
  }
}

void WorkerProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int WorkerProcess::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace seqbench::run
