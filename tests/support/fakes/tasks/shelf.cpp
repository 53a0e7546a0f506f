// A task of files alone, for the tests of fetching and importing: a file's first line, "#ROLE", says what it is.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "harness/base/error.h"
#include "harness/contract/task.h"

namespace seqbench::fakes::shelf {
namespace {

ImportPlan import_files(std::span<const std::filesystem::path> files) {
  ImportPlan plan;
  for (const auto& path : files) {
    std::string line;
    if (!std::getline(std::ifstream(path), line) || !line.starts_with('#') || line.size() > 50) {
      throw InputError(fmt::format("{}:1: must begin with #ROLE", path.string()));
    }
    plan.files.push_back({line.substr(1), path});
    plan.report.push_back(fmt::format("{}: read", path.filename().string()));
  }
  if (std::ranges::find(plan.files, "book", &ImportedFile::role) == plan.files.end()) throw InputError("no file of the role 'book'");
  return plan;
}

}  // namespace
}  // namespace seqbench::fakes::shelf

namespace seqbench {

SEQBENCH_TASK(shelf) {
  TaskEntry entry;
  entry.title = "Shelf";
  entry.summary = "files that are fetched and imported, for tests";
  entry.targets = {{"y", "", ""}};
  entry.metrics = {"mse"};
  entry.views = {{"features", "none"}};
  entry.splits = {"holdout"};
  entry.has_real = true;
  entry.import_hint = "seqbench data fetch shelf";
  entry.load = [](const LoadRequest&) -> std::unique_ptr<Dataset> { throw InputError("the shelf holds no rows"); };
  entry.import_files = &fakes::shelf::import_files;
  return entry;
}

}  // namespace seqbench
