// Readers that live in rooms with LibTorch: the import of every task on damaged twins.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/mutate.h"
#include "tests/support/temp_folder.h"

namespace seqbench::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMutations = 40;  // of each file of a twin
constexpr std::int64_t kRows = 80;

std::string text_of(const fs::path& path) {
  data::LineReader lines(path);
  std::string text;
  for (std::string_view line; lines.next(line);) text.append(line).push_back('\n');
  return text;
}

/// The published files; the truth of a twin is none.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "truth.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ImportOfDamage : public testing::TestWithParam<std::string> {};

TEST_P(ImportOfDamage, IsReadOrRefused) {
  const auto named = std::ranges::find(tasks_table(), GetParam(), &NamedTask::name);
  const TaskEntry task = named->make();
  if (!task.import_files || !task.write_twin) GTEST_SKIP() << "the task writes no twin as published files";
  const TempFolder folder;
  const Params params(task.params);
  task.write_twin({.twin = true, .folder = {}, .params = params, .rows = kRows}, folder.path());
  const std::vector<fs::path> files = files_in(folder.path());
  ASSERT_FALSE(files.empty());
  ASSERT_NO_THROW(static_cast<void>(task.import_files(files)));
  const Stream stream = Streams(0).open("test");
  for (std::uint32_t i = 0; i < files.size(); ++i) {
    const std::string bytes = read_file(files[i]), text = text_of(files[i]);
    for (std::uint32_t k = 0; k < kMutations; ++k) {
      write(files[i], mutated(k % 4 == 0 ? bytes : text, stream.at({i, k, 0})));  // as it is, or unpacked
      SCOPED_TRACE(testing::Message() << files[i].filename() << ", mutation " << k);
      EXPECT_NO_THROW(survive([&] { static_cast<void>(task.import_files(files)); }));
    }
    write(files[i], std::string_view(bytes).substr(0, bytes.size() / 2));
    EXPECT_NO_THROW(survive([&] { static_cast<void>(task.import_files(files)); }));
    write(files[i], bytes);
  }
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const NamedTask& task : tasks_table()) names.emplace_back(task.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Tasks, ImportOfDamage, testing::ValuesIn(task_names()), [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace seqbench::fuzz
