#include "harness/measure/capture.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "harness/base/text.h"
#include "harness/base/version.h"

namespace seqbench::measure {
namespace {

/// The text after "NAME ... :" on the first such line of a file below /proc; empty when there is none.
std::string proc_value(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = line;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || !text.starts_with(name)) continue;
    if (text.substr(name.size(), colon - name.size()).find_first_not_of(" \t") != std::string_view::npos) continue;
    const std::size_t begin = text.find_first_not_of(" \t", colon + 1);
    return begin == std::string_view::npos ? "" : line.substr(begin);
  }
  return "";
}

/// "1234 kB" as bytes; 0 for anything else.
std::int64_t proc_bytes(const std::string& path, std::string_view name) {
  const std::string value = proc_value(path, name);
  return parse_int(split(value, ' ').front()).value_or(0) * 1024;
}

std::string cpu_model(const utsname& system) {
  const std::string model = proc_value("/proc/cpuinfo", "model name");
  return model.empty() ? system.machine : model;
}

std::int64_t allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

/// Whole GiB: what the kernel keeps for itself varies from boot to boot.
std::int64_t memory_gib() {
  constexpr std::int64_t kGib = std::int64_t{1} << 30;
  const std::int64_t bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * std::int64_t{::sysconf(_SC_PAGESIZE)};
  return (bytes + kGib / 2) / kGib;
}

constexpr std::size_t kLargestFamily = 4096;  // processes

bool may_matter(std::string_view name) {
  constexpr std::array<std::string_view, 6> kPrefixes = {"OMP_", "MKL_", "CUDA_", "CUBLAS_", "SEQBENCH_", "LC_"};
  if (name == "SEQBENCH_DATA" || name == "SEQBENCH_STORE") return false;
  const auto begins = [name](std::string_view prefix) { return name.starts_with(prefix); };
  return name == "LANG" || name == "LANGUAGE" || std::any_of(kPrefixes.begin(), kPrefixes.end(), begins);
}

/// Paths are left out: they tell of hosts and users, and never of numbers.
Json variables() {
  Json found = Json::object();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !may_matter(text.substr(0, equals))) continue;
    const std::string_view value = text.substr(equals + 1);
    if (value.find('/') == std::string_view::npos) found[printable(text.substr(0, equals))] = printable(value);
  }
  return found;
}

std::string dotted(int packed) { return fmt::format("{}.{}.{}", packed / 10000, packed / 100 % 100, packed % 100); }

}  // namespace

Environment capture_environment() {
  utsname system{};
  ::uname(&system);  // fails only for a bad address
  const Version program = version();
  Environment environment;
  environment.program = program.program;
  environment.git_commit = program.git_commit;
  environment.git_dirty = program.git_dirty;
  environment.preset = program.preset;
  environment.compiler = program.compiler;
  environment.cpu = printable(cpu_model(system));
  environment.details = {{"kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
                         {"libc", fmt::format("glibc {}", ::gnu_get_libc_version())},
                         {"libraries",
                          {{"fmt", dotted(FMT_VERSION)}, {"nlohmann_json", Json::meta()["version"]["string"]}}},
                         {"flags", program.flags},
                         {"cores", std::int64_t{::sysconf(_SC_NPROCESSORS_ONLN)}},
                         {"cores_allowed", allowed_cores()},
                         {"memory_gib", memory_gib()},
                         {"variables", variables()}};
  return environment;
}

std::int64_t peak_resident_bytes() {
  rusage ended{};
  ::getrusage(RUSAGE_CHILDREN, &ended);
  return std::max(proc_bytes("/proc/self/status", "VmHWM"), std::int64_t{ended.ru_maxrss} * 1024);
}

std::int64_t resident_bytes(int pid) {
  std::vector<int> family = {pid};
  for (std::size_t i = 0; i < family.size() && family.size() < kLargestFamily; ++i) {
    std::error_code error;
    const std::string threads = fmt::format("/proc/{}/task", family[i]);
    for (std::filesystem::directory_iterator thread(threads, error), end; !error && thread != end; thread.increment(error)) {
      std::ifstream children(thread->path() / "children");
      for (int child = 0; children >> child;) family.push_back(child);
    }
  }
  const std::int64_t own = proc_bytes(fmt::format("/proc/{}/status", pid), "VmRSS");
  if (family.size() == 1) return own;
  std::int64_t bytes = 0;  // a forked process shares its parent's pages: each counts in parts
  for (const int member : family) bytes += proc_bytes(fmt::format("/proc/{}/smaps_rollup", member), "Pss");
  return std::max(own, bytes);
}

}  // namespace seqbench::measure
