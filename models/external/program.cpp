// Three processes: this one, a guardian forked from it, and the program in a process group of its own. The guardian
// reads a pipe that only this process holds: its end, orderly or not, is the end of the program and of all that it
// started (orphans come to the guardian, which adopts them).

#include "models/external/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::models::external {
namespace {

namespace fs = std::filesystem;

constexpr int kPollMilliseconds = 20;
constexpr int kMostSweeps = 500;
constexpr std::size_t kKeptOutput = 2000;
constexpr rlim_t kMostFileBytes = rlim_t{8} << 30;

/// What guardian and program say about the end: `started` false: `value` is the errno of exec, else a wait status.
struct Report {
  bool started = true;
  int value = 0;
};

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw MachineError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  ~Pipe() { close_read(), close_write(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

/// As execvp would find it; "" = nowhere.
std::string executable(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::string found = (fs::path(folder.empty() ? "." : folder) / name).string();
    std::error_code error;
    if (fs::is_regular_file(found, error) && ::access(found.c_str(), X_OK) == 0) return found;
  }
  return "";
}

/// All that the forked processes need, made before the fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::string path, folder;
  std::vector<char*> words, environment;
  int life = -1, output = -1, report = -1;
};

void keep_only(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  for (const int descriptor : kept) {
    const auto end = static_cast<unsigned>(descriptor);
    if (end > first) static_cast<void>(::syscall(SYS_close_range, first, end - 1, 0));
    first = end + 1;
  }
  static_cast<void>(::syscall(SYS_close_range, first, ~0u, 0));
}

[[noreturn]] void become_program(const Prepared& p) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit file{kMostFileBytes, kMostFileBytes}, core{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &file);
  ::setrlimit(RLIMIT_CORE, &core);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, 0);
  ::dup2(p.output, 1);
  ::dup2(p.output, 2);
  if (::chdir(p.folder.c_str()) == 0) ::execve(p.path.c_str(), p.words.data(), p.environment.data());
  const Report report{false, errno};
  static_cast<void>(!::write(p.report, &report, sizeof report));
  ::_exit(127);
}

/// Kills the children of this process that its program's group does not hold.
void kill_adopted() {
  std::array<char, 4096> text{};
  const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : ::read(file, text.data(), text.size());
  if (file >= 0) ::close(file);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c >= '0' && c <= '9') {
      pid = pid * 10 + (c - '0');
    } else if (pid > 0) {
      ::kill(pid, SIGKILL);
      pid = 0;
    }
  }
}

void kill_all(pid_t group) {
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    ::kill(-group, SIGKILL);
    kill_adopted();
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0 && errno == ECHILD) return;
    ::poll(nullptr, 0, 2);
  }
}

[[noreturn]] void guard(const Prepared& p) {
  keep_only({p.life, p.output, p.report});
  ::setpgid(0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGTERM, SIG_IGN);
  const pid_t program = ::fork();
  if (program == 0) become_program(p);
  ::close(p.output);
  Report report{program >= 0, program >= 0 ? 0 : errno};
  pollfd life{p.life, POLLIN, 0};
  bool ended = program < 0;
  while (!ended && ::poll(&life, 1, kPollMilliseconds) <= 0) ended = ::waitpid(program, &report.value, WNOHANG) == program;
  if (program > 0) kill_all(program);
  if (ended) {
    static_cast<void>(!::write(p.report, &report, sizeof report));
    ::_exit(0);
  }
  std::array<char*, 5> words = {const_cast<char*>("rm"), const_cast<char*>("-rf"), const_cast<char*>("--"),
                                const_cast<char*>(p.folder.c_str()), nullptr};
  ::execve("/bin/rm", words.data(), p.environment.data());
  ::_exit(0);
}

/// The end of what the program prints, and how many lines it were.
struct Output {
  std::string end;
  std::int64_t lines = 0;

  /// False at the end of the stream.
  bool read_from(int descriptor) {
    std::array<char, 65536> chunk;
    const ssize_t size = ::read(descriptor, chunk.data(), chunk.size());
    if (size < 0) return errno == EINTR;
    lines += std::count(chunk.begin(), chunk.begin() + size, '\n');
    end.append(chunk.data(), static_cast<std::size_t>(size));
    if (end.size() > kKeptOutput) end.erase(0, end.size() - kKeptOutput);
    return size > 0;
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// The guardian's process; its end is waited for in any case.
class Guardian {
 public:
  explicit Guardian(Prepared& prepared) {
    prepared.life = life_.read_end();
    prepared.output = output_.write_end();
    prepared.report = report_.write_end();
    pid_ = ::fork();
    if (pid_ == 0) guard(prepared);
    if (pid_ < 0) throw MachineError(fmt::format("cannot start a process: {}", std::strerror(errno)));
    life_.close_read();
    output_.close_write();
    report_.close_write();
  }
  ~Guardian() {
    life_.close_write();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  Report watch(Output& output, const std::function<void(std::int64_t)>& while_waiting) {
    std::array<pollfd, 2> watched = {{{report_.read_end(), POLLIN, 0}, {output_.read_end(), POLLIN, 0}}};
    while (true) {
      while_waiting(output.lines);
      if (::poll(watched.data(), watched.size(), 100) <= 0) continue;
      if (watched[1].revents != 0 && !output.read_from(output_.read_end())) watched[1].fd = -1;
      if (watched[0].revents == 0) continue;
      Report report;
      if (::read(report_.read_end(), &report, sizeof report) == sizeof report) {
        while (watched[1].fd >= 0 && output.read_from(output_.read_end())) {
        }
        return report;
      }
      throw std::runtime_error("the program's guardian was killed");
    }
  }

 private:
  Pipe life_, output_, report_;
  pid_t pid_ = -1;
};

}  // namespace

Ended run_program(const Program& program, const std::function<void(std::int64_t lines)>& while_waiting) {
  std::vector<std::string> words = program.words, environment = program.environment;
  Prepared prepared{executable(words.at(0)), program.folder.string(), pointers(words), pointers(environment)};
  if (prepared.path.empty()) throw std::runtime_error(fmt::format("'{}' is not on PATH", printable(words[0])));
  Output output;
  Report report;
  {
    Guardian guardian(prepared);
    report = guardian.watch(output, while_waiting);
  }
  if (!report.started) {
    throw std::runtime_error(fmt::format("'{}' cannot be run: {}", printable(words[0]), std::strerror(report.value)));
  }
  Ended ended;
  ended.signal = WIFSIGNALED(report.value) ? WTERMSIG(report.value) : 0;
  ended.exit_code = WIFEXITED(report.value) ? WEXITSTATUS(report.value) : 0;
  ended.last_output = std::move(output.end);
  return ended;
}

}  // namespace seqbench::models::external
