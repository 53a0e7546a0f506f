// data fetch: the files of tasks/NAME/dataset.toml by https, checked, then imported like files at hand.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/fetch_progress.h"
#include "harness/data/home.h"
#include "harness/run/signals.h"
#include "harness/spec/manifest.h"

namespace seqbench::cli {
namespace {

namespace fs = std::filesystem;
using spec::ManifestFile;

struct Plan {
  std::map<std::string, fs::path> at_hand;  // by role: in the data home, or given with --from
  std::vector<const ManifestFile*> fetch;
  std::vector<const ManifestFile*> missing;  // no url
  bool anything_new = false;
};

std::string origin_of(const ManifestFile& file) {
  std::string text = file.source.empty() ? "no source is named" : file.source;
  if (!file.path.empty()) text += ", " + file.path;
  if (!file.commit.empty()) text += " @ " + file.commit;
  return printable(text + (file.derived ? " (made from it, see the task's README)" : ""), 500);
}

spec::Manifest manifest_of(const Arguments& a, const TaskEntry& task) {
  if (!task.has_real) throw InputError(fmt::format("task '{}' takes no real data yet; its twin is used", task.name));
  const fs::path path = a.manifest.empty() ? a.root / "tasks" / task.name / "dataset.toml" : fs::path(a.manifest);
  spec::Manifest manifest = spec::load_manifest(path);
  if (manifest.task != task.name) {
    throw InputError(fmt::format("{}: it is of task '{}', not '{}'", path.string(), printable(manifest.task), task.name));
  }
  return manifest;
}

/// Files of the home and of --from, by their hashes.
void find_at_hand(const Arguments& a, const spec::Manifest& manifest, const fs::path& home, Plan& plan) {
  const auto by_hash = [&manifest](const std::string& sha256) {
    return std::ranges::find(manifest.files, sha256, &ManifestFile::sha256);
  };
  for (const data::LockedFile& locked : data::read_lock(home)) {
    const auto file = by_hash(locked.sha256);
    std::error_code error;
    if (file == manifest.files.end() || !fs::exists(home / locked.role, error)) continue;
    if (sha256_file_hex(home / locked.role) == locked.sha256) plan.at_hand[file->role] = home / locked.role;
  }
  for (const std::string& given : a.from) {
    const std::string sha256 = sha256_file_hex(given);
    const auto file = by_hash(sha256);
    if (file == manifest.files.end()) {
      throw InputError(fmt::format("{}: its sha256 {} is of no file of the manifest; seqbench data import {} {} reads it for what it is",
                                   printable(given), sha256, manifest.task, printable(given)));
    }
    plan.anything_new = plan.anything_new || !plan.at_hand.contains(file->role);
    plan.at_hand.try_emplace(file->role, given);
  }
}

Plan plan_of(const Arguments& a, const spec::Manifest& manifest, const fs::path& home) {
  std::vector<std::string> roles;
  for (const ManifestFile& file : manifest.files) roles.push_back(file.role);
  for (const std::string& role : a.only) {
    if (std::ranges::find(roles, role) != roles.end()) continue;
    const auto near = nearest(role, roles);
    throw InputError(fmt::format("--only {}: no such role{}", printable(role), near ? fmt::format("; nearest: '{}'", *near) : ""));
  }
  Plan plan;
  find_at_hand(a, manifest, home, plan);
  for (const ManifestFile& file : manifest.files) {
    const bool asked = a.only.empty() || std::ranges::find(a.only, file.role) != a.only.end();
    if (!asked || plan.at_hand.contains(file.role)) continue;
    if (!file.url.empty()) {
      plan.fetch.push_back(&file);
    } else if (file.required || !a.only.empty()) {
      plan.missing.push_back(&file);
    } else {
      fmt::print("{}: left out, it has no address; from {}\n", file.role, origin_of(file));
    }
  }
  plan.anything_new = plan.anything_new || !plan.fetch.empty();
  return plan;
}

void refuse_missing(const Plan& plan, const std::string& task) {
  if (plan.missing.empty()) return;
  std::string text = fmt::format("task '{}': these files have no address to fetch them from:\n", task);
  for (const ManifestFile* file : plan.missing) text += fmt::format("  {}  {}\n", file->name, origin_of(*file));
  throw InputError(text + fmt::format("get them there, then: seqbench data fetch {} --from FILE...  or, with all files at hand: "
                                      "seqbench data import {} FILE...", task, task));
}

/// Licences stand before the first byte is fetched.
void show_licences(const Arguments& a, const Plan& plan) {
  const bool forbidden = is_offline(a);
  std::string closed;
  for (const ManifestFile* file : plan.fetch) {
    if (forbidden) throw InputError(fmt::format("offline: {} would be fetched from {}", file->role, file->url));
    const std::string licence = file->licence.empty() ? "none stated" : printable(file->licence);
    fmt::print("{}  {} bytes  from {}\n  licence: {}\n", file->name, file->bytes, file->url, licence);
    if (!spec::is_open_licence(file->licence)) closed += fmt::format("\n  {}: {}", file->name, licence);
  }
  std::fflush(stdout);
  if (closed.empty() || a.accept_licence) return;
  throw InputError(fmt::format("not known as open licences:{}\nread what they allow at the files' sources, then add --accept-licence", closed));
}

void fetch_files(const Arguments& a, const fs::path& folder, Plan& plan) {
  run::count_stop_signals();
  for (const ManifestFile* file : plan.fetch) {
    FetchProgress progress(a, file->name);
    data::Download(progress.options())
        .fetch({file->url, folder / file->name, static_cast<std::uint64_t>(file->bytes), file->sha256});
    progress.say(fmt::format("{} bytes, sha256 is right", file->bytes));
    plan.at_hand[file->role] = folder / file->name;
  }
}

}  // namespace

ExitCode data_fetch(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.what);
  const spec::Manifest manifest = manifest_of(a, task);
  Plan plan = plan_of(a, manifest, data::task_folder(a.data, task.name));
  refuse_missing(plan, task.name);
  if (!plan.anything_new) {
    fmt::print("{}: every file is here; nothing to fetch\n", task.name);
    return ExitCode::kDone;
  }
  show_licences(a, plan);
  const fs::path folder = fs::absolute(a.data / ".fetch" / task.name);
  fetch_files(a, folder, plan);
  std::vector<fs::path> files;
  std::map<std::string, std::string> licences;
  for (const ManifestFile& file : manifest.files) {
    if (!plan.at_hand.contains(file.role)) continue;
    files.push_back(plan.at_hand.at(file.role));
    licences[file.sha256] = file.licence;
  }
  try {
    import_into_home(context, task, files, licences);
  } catch (const InputError& error) {
    if (plan.fetch.empty()) throw;
    throw InputError(fmt::format("{}\nwhat was fetched, each file with its hash, stays in {}", error.what(), folder.string()));
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::remove(folder.parent_path(), ignored);  // where it is empty
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
