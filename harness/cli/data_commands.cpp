#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// Every cell of a declared task's file, and what was seen.
void read_declared(const TaskEntry& task) {
  const Params params(task.params);
  const auto dataset = task.load({.twin = false, .folder = {}, .params = params});
  fmt::print("{}: {}, data {}\n", task.name, task.import_hint, task.fingerprint());
  for (const auto& [what, count] : dataset->examples().counts) fmt::print("  {}: {}\n", what, count);
}

}  // namespace

const TaskEntry* find_task(const Context& context, const std::string& beginning) {
  std::vector<const TaskEntry*> matches;
  for (const TaskEntry& task : context.tables.tasks()) {
    if (task.name == beginning) return &task;
    if (!beginning.empty() && task.name.starts_with(beginning)) matches.push_back(&task);
  }
  if (matches.empty()) return nullptr;
  if (matches.size() == 1) return matches.front();
  std::string names;
  for (const TaskEntry* task : matches) names += (names.empty() ? "" : ", ") + task->name;
  throw InputError(fmt::format("task '{}' is ambiguous: {}", printable(beginning), names));
}

const TaskEntry& task_by_prefix(const Context& context, const std::string& name) {
  const TaskEntry* task = find_task(context, name);
  return task != nullptr ? *task : context.tables.task(name);  // throws, naming the nearest
}

ExitCode data_list(const Context& context) {
  Json json = Json::array();
  for (const TaskEntry& task : context.tables.tasks()) {
    const fs::path folder = data::task_folder(context.arguments.data, task.name);
    const std::vector<data::LockedFile> files = data::read_lock(folder);
    if (!context.arguments.json) {
      fmt::print("{}: {}\n", task.name, !files.empty()  ? "real data in " + folder.string()
                                        : task.fingerprint ? task.import_hint
                                        : task.has_real ? "no real data; " + task.import_hint
                                                        : "twin only");
    }
    for (const data::LockedFile& file : files) {
      if (context.arguments.json) {
        json.push_back({{"task", task.name}, {"file", file.role}, {"sha256", file.sha256}, {"bytes", file.bytes}, {"origin", file.origin}});
      } else {
        fmt::print("  {:<24} {:>12} bytes  sha256 {}  from {}\n", file.role, file.bytes, file.sha256.substr(0, 16), printable(file.origin));
      }
    }
  }
  if (context.arguments.json) print_json(json);
  return ExitCode::kDone;
}

void import_into_home(const Context& context, const TaskEntry& task, const std::vector<fs::path>& files,
                      const std::map<std::string, std::string>& licences) {
  if (task.fingerprint) throw InputError(fmt::format("task '{}' is {}, which names its file: nothing to import", task.name, task.import_hint));
  const ImportPlan plan = task.import_files(files);
  std::vector<std::pair<std::string, fs::path>> roles;
  for (const ImportedFile& file : plan.files) roles.emplace_back(file.role, file.source);
  const fs::path folder = data::task_folder(context.arguments.data, task.name);
  const std::vector<data::LockedFile> former = data::read_lock(folder);
  const std::vector<data::LockedFile> locked = data::install_files(folder, roles, licences);
  for (const std::string& line : plan.report) fmt::print("{}\n", printable(line, 1000));
  for (const data::LockedFile& file : locked) fmt::print("{}  {} bytes  sha256 {}\n", file.role, file.bytes, file.sha256);
  for (const data::LockedFile& file : former) {
    if (std::ranges::find(locked, file.role, &data::LockedFile::role) == locked.end()) {
      fmt::print("{}  removed: an import replaces the one before it\n", file.role);
    }
  }
}

ExitCode data_import(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.what);
  if (!task.has_real) throw InputError(fmt::format("task '{}' takes no real data yet; its twin is used", task.name));
  import_into_home(context, task, {a.files.begin(), a.files.end()});
  return ExitCode::kDone;
}

ExitCode data_verify(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string only = a.what.empty() ? "" : task_by_prefix(context, a.what).name;
  bool any = false;
  for (const TaskEntry& task : context.tables.tasks()) {
    if (!only.empty() && task.name != only) continue;
    if (task.fingerprint) {
      if (only.empty()) continue;
      read_declared(task);
      return ExitCode::kDone;
    }
    const fs::path folder = data::task_folder(a.data, task.name);
    if (data::read_lock(folder).empty()) {
      if (!only.empty()) throw InputError(data::no_data_text(task.name, folder, task.import_hint));
      continue;
    }
    any = true;
    data::verify_lock(folder, true);
    fmt::print("{}: every file has its locked hash\n", task.name);
  }
  if (!any) fmt::print("no real data in {}: nothing to verify; see seqbench data list\n", a.data.string());
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
