#pragma once
// Work that a hostile file could make endless, done where it cannot hurt the tests.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <functional>

namespace seqbench {

/// Whether `run` returns, without a failed expectation, in a child that may map `memory` bytes more than this process has
/// and must end in 20 s.
inline bool ends_within(std::uint64_t memory, const std::function<void()>& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    unsigned long pages = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
      std::fclose(file);
    }
    const std::uint64_t bound = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + memory;
    const rlimit limit{bound, bound};
    if (pages == 0 || ::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(2);
    ::alarm(20);
    run();  // an exception that leaves it ends the child by a signal
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace seqbench
