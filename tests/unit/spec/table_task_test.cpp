// Every tests/golden/table/NAME.toml is base.toml with something wrong in it; what is said about it must be
// NAME.expected. After a wanted change of messages: SEQBENCH_APPROVE=1, as for tests/golden/spec.
#include "harness/spec/table_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/base/files.h"
#include "tests/unit/spec/fake_catalog.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path path = fs::path(SEQBENCH_SOURCE_DIR) / "tests/golden/table";
  return path;
}

/// With places that begin at the folder.
std::string outcome(const fs::path& path) {
  const auto task = load_table_task(path, fake::catalog());
  if (task) return "accepted\n";
  std::string text = format_diagnostics(task.error());
  const std::string lead = folder().generic_string() + "/";
  for (std::size_t at = text.find(lead); at != std::string::npos; at = text.find(lead)) text.erase(at, lead.size());
  return text;
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() == ".toml" && entry.path().stem() != "base") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

class TableGolden : public testing::TestWithParam<std::string> {};

TEST_P(TableGolden, SaysWhatIsExpected) {
  const fs::path expected = folder() / (GetParam() + ".expected");
  const std::string text = outcome(folder() / (GetParam() + ".toml"));
  const char* approve = std::getenv("SEQBENCH_APPROVE");
  if (approve != nullptr && std::string_view(approve) == "1") write_file_atomically(expected, text);
  ASSERT_TRUE(fs::exists(expected)) << "not approved yet:\n" << text;
  EXPECT_EQ(text, read_file(expected));
}

INSTANTIATE_TEST_SUITE_P(Spec, TableGolden, testing::ValuesIn(cases()), [](const auto& golden) {
  std::string name = golden.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(TableTask, TheBaseIsReadInFull) {
  ASSERT_EQ(outcome(folder() / "base.toml"), "accepted\n") << "the file that all others are broken copies of";
  const TableTask task = load_table_task(folder() / "base.toml", fake::catalog()).value();
  EXPECT_EQ(task.info.name, "base");
  EXPECT_EQ(task.info.kind, TaskKind::kRegression);
  EXPECT_EQ(task.info.targets.at(0).name, "activity");
  EXPECT_EQ(task.info.targets.at(0).transform, "log10(x+1)");
  EXPECT_EQ(task.info.metrics, (std::vector<std::string>{"mse", "spearman"}));
  EXPECT_EQ(task.info.group, "family");
  EXPECT_EQ(task.info.splits.front(), "published");
  EXPECT_FALSE(task.info.has_twin);
  std::vector<std::string> views;
  for (const ViewInfo& view : task.info.views) views.push_back(view.name);
  EXPECT_EQ(views, (std::vector<std::string>{"dna", "one_hot", "kmer_counts", "features"}));
  EXPECT_EQ(task.file, folder() / "activity.csv.gz");
  EXPECT_EQ(task.format, "csv");
  EXPECT_EQ(task.parts.at("dev"), "train");
  EXPECT_EQ(task.kmer, 3);
}

TEST(TableTask, MeaningLeavesNamesAndWordsOut) {
  const TableTask task = load_table_task(folder() / "base.toml", fake::catalog()).value();
  TableTask other = task;
  other.path = other.file = "elsewhere.csv";
  other.info.name = other.info.title = other.info.licence = "other";
  EXPECT_EQ(other.meaning(), task.meaning());
  for (const auto& change : std::vector<void (*)(TableTask&)>{
           [](TableTask& t) { t.label = "x"; }, [](TableTask& t) { t.parts["dev"] = "test"; }, [](TableTask& t) { t.kmer = 2; },
           [](TableTask& t) { t.transform = ""; }, [](TableTask& t) { t.features = {"gc"}; }, [](TableTask& t) { t.info.version = 3; },
           [](TableTask& t) { t.weight = ""; }, [](TableTask& t) { t.info.kind = TaskKind::kBinary; }}) {
    TableTask changed = task;
    change(changed);
    EXPECT_NE(changed.meaning(), task.meaning());
  }
}

TEST(TableTask, AnAbsentFileIsADiagnostic) {
  const auto task = load_table_task(folder() / "no_such.toml", fake::catalog());
  ASSERT_FALSE(task);
  EXPECT_NE(task.error().at(0).message.find("no_such.toml"), std::string::npos);
}

TEST(TableTask, TheReferenceNamesEveryTable) {
  const std::string text = table_reference();
  for (const char* word : {"[columns]", "[label]", "[split]", "[views]", "features", "alphabet", "transform"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace seqbench::spec
