#include "harness/run/model_folders.h"

#include <fmt/format.h>

#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/spec/experiment.h"

namespace seqbench::run {
namespace model_folders {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAgain = "since the run was planned; run the experiment again";

/// The folder behind a name. What came to it counts too: a tokenizer.json would be taken before a vocab.txt.
std::string folder_of(const TrialSpec& spec, const std::string& name) {
  fs::path folder;
  std::size_t planned = 0;
  for (auto it = spec.files.lower_bound(name + "/"); it != spec.files.end() && it->first.starts_with(name + "/"); ++it) {
    if (it->first.find('/', name.size() + 1) != std::string::npos) continue;  // of a folder within this one
    const fs::path place = fs::path(it->second).parent_path();
    if (planned > 0 && place != folder) throw InputError(fmt::format("the files of folder '{}' lie in several folders", name));
    folder = place;
    ++planned;
  }
  if (planned == 0) throw InputError(fmt::format("no file of folder '{}' is planned", name));
  if (spec::model_files(folder).size() != planned) throw InputError(fmt::format("files came to folder '{}' {}", name, kAgain));
  return folder.string();
}

void check(std::error_code error, const fs::path& path, const char* what) {
  if (error) throw MachineError(fmt::format("{}: {}: {}", path.string(), what, error.message()));
}

}  // namespace
}  // namespace model_folders

void place_files(const TrialSpec& spec, const ModelEntry& model, Params& params) {
  for (const auto& [name, path] : spec.files) {
    if (sha256_file_hex_once(path) == spec.row.config.at("code").at(code_name_of_file(name))) continue;
    throw InputError(fmt::format("file '{}' changed {}", name, model_folders::kAgain));
  }
  for (const ParamSpec& param : model.params) {
    if (param.files == FileWords::kNone) continue;
    if (is_folder(param.files)) {
      const std::string name = params.text(param.name);
      if (!name.empty()) params.set(param.name, model_folders::folder_of(spec, name));
      continue;
    }
    std::vector<std::string> words = params.texts(param.name);
    for (std::string& word : words) {
      if (const auto found = spec.files.find(word); found != spec.files.end()) word = found->second;
    }
    params.set(param.name, std::move(words));
  }
}

void save_model(const Network& network, const TargetScale& scale, const std::filesystem::path& folder) {
  using model_folders::check;
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  check(error, folder.parent_path(), "cannot be made");
  const fs::path staged = folder.parent_path() / fmt::format(".{}.{}", folder.filename().string(), new_uid());
  const fs::path former = staged.string() + ".former";
  try {
    network.write_folder(staged, scale);
    if (fs::exists(folder, error)) {
      fs::rename(folder, former, error);
      check(error, folder, "cannot be renamed");
    }
    fs::rename(staged, folder, error);
    check(error, folder, "cannot be renamed");
  } catch (...) {
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) fs::rename(former, folder, ignored);
    fs::remove_all(staged, ignored);
    throw;
  }
  fs::remove_all(former, error);  // what is left of it is hidden and costs disk alone
}

}  // namespace seqbench::run
