#include "harness/run/signals.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <initializer_list>

namespace seqbench::run {
namespace {

std::atomic<int> g_count{0};
std::atomic<int> g_last{0};
std::atomic<int> g_descriptor{-1};

void on_signal(int number) {
  const int saved = errno;
  g_count.fetch_add(1);
  g_last.store(number);
  const std::uint64_t one = 1;
  if (g_descriptor.load() >= 0) static_cast<void>(!::write(g_descriptor.load(), &one, sizeof one));
  errno = saved;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);  // no SA_RESTART: poll must wake up
}

}  // namespace

void count_stop_signals() {
  g_descriptor.store(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) handle(number, &on_signal);
  handle(SIGPIPE, SIG_IGN);
}

void follow_parent(int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(3);  // it was gone before the line above
  for (const int number : {SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGPIPE}) handle(number, SIG_IGN);
  handle(SIGTERM, &on_signal);
}

int stop_signals() { return g_count.load(); }
int last_stop_signal() { return g_last.load(); }
int stop_descriptor() { return g_descriptor.load(); }

void clear_stop_descriptor() {
  std::uint64_t count = 0;
  static_cast<void>(!::read(g_descriptor.load(), &count, sizeof count));
}

}  // namespace seqbench::run
