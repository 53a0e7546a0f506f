#include "harness/table/declared.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/table/dataset.h"

namespace seqbench::table {
namespace {

namespace fs = std::filesystem;

/// What the data are, by content: the meaning of the declaration and the bytes of the files.
std::string fingerprint(const spec::TableTask& task) {
  Json files = Json::array({sha256_file_hex(task.file)});
  if (!task.sha256.empty() && files[0] != task.sha256) {
    throw InputError(fmt::format("{}: its sha256 is {}, but {} says {}", printable(task.file.string()), files[0].get<std::string>(),
                                 printable(task.path.string()), task.sha256));
  }
  if (!task.labels.empty()) files.push_back(sha256_file_hex(task.labels));
  return sha256_hex(canonical_json({{"declared", task.meaning()}, {"files", files}}));
}

TaskEntry entry_of(const spec::TableTask& task) {
  TaskEntry entry;
  static_cast<TaskInfo&>(entry) = task.info;
  entry.load = [task](const LoadRequest& request) {
    SEQBENCH_ASSERT(!request.twin, "a declared task has no twin");
    return load_dataset(task);
  };
  entry.fingerprint = [task] { return fingerprint(task); };
  entry.declaration = task.meaning();
  entry.room = "harness/table";
  return entry;
}

/// The first faults, each with its place.
std::string faults_text(const std::vector<spec::Diagnostic>& faults) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(faults.size(), kShown); ++i) {
    text += fmt::format("{}{}: error: {}", i == 0 ? "" : "\n", faults[i].place, faults[i].message);
  }
  return text + (faults.size() > kShown ? fmt::format("\nand {} more", faults.size() - kShown) : "");
}

std::vector<fs::path> declarations(const std::vector<fs::path>& folders) {
  std::vector<fs::path> found;
  for (const fs::path& folder : folders) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() == ".toml") found.push_back(entry->path().lexically_normal());
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

void add_declared(Tables& tables, const std::vector<fs::path>& folders) {
  std::vector<TaskEntry> entries;
  std::map<std::string, std::string, std::less<>> broken;
  std::map<std::string, fs::path> places;
  const Catalog catalog = tables.catalog();
  for (const fs::path& path : declarations(folders)) {
    const std::string name = path.stem().string();
    const auto [first, is_new] = places.emplace(name, path);
    const spec::Result<spec::TableTask> task = spec::load_table_task(path, catalog);
    if (!is_new) {
      broken[name] = fmt::format("{} and {} both declare it", printable(first->second.generic_string()), printable(path.generic_string()));
      std::erase_if(entries, [&](const TaskEntry& entry) { return entry.name == name; });
    } else if (!task) {
      broken[name] = faults_text(task.error());
    } else {
      entries.push_back(entry_of(*task));
    }
  }
  tables.add(std::move(entries), std::move(broken));
}

}  // namespace seqbench::table
