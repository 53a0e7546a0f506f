#include "harness/store/process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::store {
namespace {

std::string boot_id() {
  std::string text = read_file("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Start time in clock ticks since boot; "" when the process is gone or a zombie (proc(5), /proc/PID/stat).
std::string start_time(std::string_view pid) {
  std::string text;
  try {
    text = read_file(fmt::format("/proc/{}/stat", pid));
  } catch (const InputError&) {
    return "";
  }
  const auto name_end = text.rfind(')');  // the name may hold spaces and parentheses
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return "";
  const auto fields = split(std::string_view(text).substr(name_end + 2), ' ');  // from field 3, the state, on
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return "";
  return std::string(fields[19]);
}

}  // namespace

std::string this_process() {
  const std::string pid = std::to_string(::getpid());
  return fmt::format("{}:{}:{}", boot_id(), pid, start_time(pid));
}

bool process_lives(std::string_view owner) {
  const auto parts = split(owner, ':');
  if (parts.size() != 3 || parts[0] != boot_id() || !parse_int(parts[1])) return false;
  const std::string started = start_time(parts[1]);
  return !started.empty() && started == parts[2];
}

}  // namespace seqbench::store
