// weights list and verify: checkpoints that papers name, and those in the weights home.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/base/text.h"
#include "harness/cli/weights.h"
#include "harness/data/home.h"
#include "harness/data/hub.h"
#include "harness/run/folder_use.h"
#include "harness/spec/experiment.h"

namespace seqbench::cli {
namespace {

namespace fs = std::filesystem;
using spec::Checkpoint;

std::vector<fs::path> manifests(const Arguments& a) {
  if (!a.manifest.empty()) return {a.manifest};
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(a.root / "models", error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (fs::exists(it->path() / "checkpoints.toml", ignored)) paths.push_back(it->path() / "checkpoints.toml");
  }
  if (error) throw InputError(fmt::format("{}: cannot be listed: {}", (a.root / "models").string(), error.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

struct State {
  std::string text;     // "fetched", ...
  std::string bytes;    // "123", "123+" of the pinned files alone, or "?"
  std::uint64_t count = 0;
  std::string commit;
};

/// Without reading the files.
State state_of(const fs::path& home, const Checkpoint& checkpoint) {
  State state;
  for (const spec::PinnedFile& pin : checkpoint.pins) state.count += static_cast<std::uint64_t>(pin.bytes);
  state.bytes = state.count > 0 ? fmt::format("{}+", state.count) : "?";
  std::error_code error;
  const fs::path folder = home / checkpoint.name;
  try {
    if (const auto lock = data::read_weights_lock(folder)) {
      const std::string fault = fault_of(checkpoint, *lock);
      return {fault.empty() ? "fetched" : "fetched, but " + fault, std::to_string(lock->bytes()), lock->bytes(), lock->commit};
    }
    const bool begun = fs::exists(home / ".fetch" / checkpoint.name, error);
    state.text = fs::exists(folder, error) ? "a folder without lock.json" : begun ? "partly fetched" : "not fetched";
  } catch (const InputError&) {
    state.text = "a broken lock.json";
  }
  return state;
}

/// Files that would be read beside those that were fetched.
void refuse_strays(const fs::path& folder, const data::WeightsLock& lock) {
  for (const std::string& name : spec::model_files(folder)) {
    if (lock.find(name) != nullptr) continue;
    throw InputError(fmt::format("{}: is not in lock.json, yet it would be read; move it away", (folder / printable(name)).string()));
  }
}

void verify_one(const Context& context, const Checkpoint& checkpoint) {
  const fs::path folder = data::weights_home(context.arguments.root) / checkpoint.name;
  const std::string again = fmt::format("seqbench weights fetch {}", checkpoint.name);
  const auto lock = data::read_weights_lock(folder);
  if (!lock) throw InputError(fmt::format("{}: no fetched weights here; {}", folder.string(), again));
  for (const data::WeightsFile& file : lock->files) {
    if (const std::string fault = data::fault_of(folder, file); !fault.empty()) throw InputError(fmt::format("{}; {}", fault, again));
  }
  refuse_strays(folder, *lock);
  if (const std::string fault = fault_of(checkpoint, *lock); !fault.empty()) {
    throw InputError(fmt::format("{}: {}; {}", folder.string(), fault, again));
  }
  const std::string commit = lock->commit.empty() ? "given files" : lock->commit.substr(0, 12);
  fmt::print("{}: {} files, {} bytes, as locked ({} @ {})\n", checkpoint.name, lock->files.size(), lock->bytes(), lock->repository, commit);
  if (context.arguments.no_open) return;
  const auto model = run::open_folder(context.tables, folder, {.device = "cpu", .threads = context.arguments.threads});
  fmt::print("{}: opens, {}\n", checkpoint.name, model->summary());
}

}  // namespace

std::vector<NamedCheckpoint> all_checkpoints(const Arguments& a) {
  std::vector<NamedCheckpoint> all;
  std::map<std::string, fs::path> seen;
  for (const fs::path& path : manifests(a)) {
    spec::Checkpoints made = spec::load_checkpoints(path);
    for (Checkpoint& checkpoint : made.list) {
      const auto [at, is_new] = seen.emplace(checkpoint.name, path);
      if (!is_new) throw InputError(fmt::format("checkpoint '{}' stands in {} and {}", checkpoint.name, at->second.string(), path.string()));
      all.push_back({made.family, std::move(checkpoint)});
    }
  }
  return all;
}

Checkpoint checkpoint_by_name(const Arguments& a, const std::string& name) {
  std::vector<std::string> names;
  for (NamedCheckpoint& named : all_checkpoints(a)) {
    if (named.checkpoint.name == name) return std::move(named.checkpoint);
    names.push_back(named.checkpoint.name);
  }
  const auto near = nearest(name, names);
  throw InputError(fmt::format("no checkpoint '{}'{}; see seqbench weights list", printable(name), near ? fmt::format("; nearest: '{}'", *near) : ""));
}

const spec::PinnedFile* pin_of(const Checkpoint& checkpoint, const std::string& file) {
  const auto found = std::ranges::find(checkpoint.pins, file, &spec::PinnedFile::name);
  return found == checkpoint.pins.end() ? nullptr : &*found;
}

std::string fault_of(const Checkpoint& checkpoint, const data::WeightsLock& lock) {
  if (lock.repository != checkpoint.repository) {
    return fmt::format("it is of {}, the manifest names {}", printable(lock.repository), checkpoint.repository);
  }
  if (data::is_commit(checkpoint.revision) && !lock.commit.empty() && lock.commit != checkpoint.revision) {
    return fmt::format("it is of commit {}, the manifest names {}", lock.commit, checkpoint.revision);
  }
  for (const std::string& name : checkpoint.required) {
    if (lock.find(name) == nullptr) return fmt::format("it has no {}", name);
  }
  for (const data::WeightsFile& file : lock.files) {
    const spec::PinnedFile* pin = pin_of(checkpoint, file.name);
    if (pin != nullptr && pin->sha256 != file.sha256) return fmt::format("{} has sha256 {}, the manifest pins {}", file.name, file.sha256, pin->sha256);
  }
  return "";
}

ExitCode weights_list(const Context& context) {
  const Arguments& a = context.arguments;
  const fs::path home = data::weights_home(a.root);
  Json json = Json::array();
  if (!a.json) fmt::print("{:<44} {:<24} {:>12}  {:<16} state in {}\n", "name", "family", "bytes", "licence", home.string());
  for (const auto& [family, checkpoint] : all_checkpoints(a)) {
    const State state = state_of(home, checkpoint);
    if (!a.json) {
      fmt::print("{:<44} {:<24} {:>12}  {:<16} {}\n", checkpoint.name, family, state.bytes, checkpoint.licence, state.text);
      continue;
    }
    const bool whole = state.bytes == std::to_string(state.count);
    json.push_back({{"name", checkpoint.name}, {"family", family}, {"bytes", whole ? Json(state.count) : Json()},
                    {"licence", checkpoint.licence}, {"citation", checkpoint.citation}, {"repository", checkpoint.repository},
                    {"revision", checkpoint.revision}, {"commit", state.commit}, {"state", state.text}});
  }
  if (a.json) print_json(json);
  return ExitCode::kDone;
}

ExitCode weights_verify(const Context& context) {
  const Arguments& a = context.arguments;
  if (!a.what.empty()) {
    verify_one(context, checkpoint_by_name(a, a.what));
    return ExitCode::kDone;
  }
  const fs::path home = data::weights_home(a.root);
  bool any = false;
  std::error_code error;
  for (const auto& [family, checkpoint] : all_checkpoints(a)) {
    if (!fs::exists(home / checkpoint.name / "lock.json", error)) continue;
    any = true;
    verify_one(context, checkpoint);
  }
  if (!any) fmt::print("no fetched weights in {}: nothing to verify; see seqbench weights list\n", home.string());
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
