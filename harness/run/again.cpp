#include <fmt/format.h>

#include "harness/analyze/metrics.h"
#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/home.h"
#include "harness/run/plan.h"

namespace seqbench::run {
namespace fs = std::filesystem;

namespace {

/// A flattened empty object is a null under its own name: no fact.
std::string fact(const Json& facts, const std::string& name) {
  const Json value = facts.value(name, Json());
  if (value.is_null()) return "absent";
  return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

/// A file that the trial's configuration names, with the bytes of then where there are several.
fs::path find_again(const std::string& name, const std::string& sha256, const std::vector<fs::path>& folders) {
  fs::path found;
  for (const fs::path& folder : folders) {
    std::error_code error;
    const fs::path path = fs::absolute(folder / name).lexically_normal();
    if (!fs::is_regular_file(path, error)) continue;
    if (sha256_file_hex(path) == sha256) return path;
    if (found.empty()) found = path;
  }
  if (found.empty()) throw InputError(fmt::format("file '{}' of the trial is not where it was looked for: run this beside its experiment file", name));
  return found;
}

}  // namespace

std::vector<std::string> code_differences(const Json& before, const Json& now) {
  std::vector<std::string> out;
  for (const auto& [room, hash] : now.items()) {
    if (before.value(room, Json()) != hash) out.push_back("code: " + room);
  }
  return out;
}

std::vector<std::string> environment_differences(const Environment& before, const Environment& now) {
  std::vector<std::string> out;
  const Json a = before.to_json().flatten(), b = now.to_json().flatten();
  const auto note = [&](const std::string& name) {
    const std::string was = fact(a, name), is = fact(b, name);
    if (was != is) out.push_back(fmt::format("{}: {} -> {}", name.substr(1), was, is));
  };
  for (const auto& [name, value] : b.items()) note(name);
  for (const auto& [name, value] : a.items()) {
    if (!b.contains(name)) note(name);
  }
  return out;
}

Plan plan_again(const store::TrialResult& before, const Tables& tables, const CodeHashes& code,
                const std::filesystem::path& data_home, const std::vector<fs::path>& file_folders) {
  Plan plan;
  plan.experiment.name = "rerun/" + before.key.substr(0, 8);
  plan.experiment.title = before.label;
  plan.experiment.scale = before.scale;
  PlannedTrial trial;
  trial.why = "--again";
  trial.spec.label = before.label;
  trial.spec.threads = before.environment.threads;
  trial.spec.data_folder = data::task_folder(data_home, before.task);
  trial.spec.cache_folder = data::cache_folder(data_home);
  store::TrialRow& row = trial.spec.row;
  row.task = before.task;
  row.model = before.model;
  row.variant = before.variant;
  row.seed = before.seed;
  row.rep = before.rep;
  row.fold = before.fold;
  row.source = before.source;
  row.scale = before.scale;
  row.split_kind = before.split_kind;
  row.kind = before.kind;
  row.config = before.config;
  row.data_sha256 = before.config.at("data");
  row.task_version = tables.task(before.task).version;
  if (row.kind != "ceiling") row.model_version = tables.model(before.model).version;
  row.config["task"]["version"] = row.task_version;
  if (row.kind != "ceiling") row.config["model"]["version"] = row.model_version;
  for (auto& [name, version] : row.config["metrics"]["versions"].items()) version = analyze::metric(name).version;
  row.config["code"] = code_json(code, tables.task(row.task), row.kind == "ceiling" ? "" : row.model);
  for (const auto& [room, hash] : before.config.at("code").items()) {
    const std::string prefix = code_name_of_file("");
    if (!room.starts_with(prefix)) continue;
    const std::string name = room.substr(prefix.size());
    const fs::path path = find_again(name, hash, file_folders);
    trial.spec.files[name] = path.string();
    row.config["code"][room] = sha256_file_hex(path);
  }
  set_keys(row);
  if (!tables.task(row.task).has_real || row.source == "twin") {
    plan.trials.push_back(std::move(trial));
    return plan;
  }
  const TaskEntry& task = tables.task(row.task);
  const std::string now = task.fingerprint ? task.fingerprint() : data::lock_sha256(data::read_lock(trial.spec.data_folder));
  if (now != row.data_sha256) {
    throw InputError(fmt::format("the data of task '{}' changed since: {} was {}; bring the former files back to rerun",
                                 row.task, now.substr(0, 12), row.data_sha256.substr(0, 12)));
  }
  plan.trials.push_back(std::move(trial));
  return plan;
}

}  // namespace seqbench::run
