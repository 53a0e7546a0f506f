// Every tests/golden/spec/NAME.toml is base.toml with something wrong in it; what is said about it must be
// NAME.expected, letter by letter. Lines "# set: KEY=VALUE" and "# scale: NAME" in it are the options it is
// loaded with.
//
// After a wanted change of messages: SEQBENCH_APPROVE=1 test_unit_spec rewrites the expected files; read the
// diff before it is committed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/spec/experiment.h"
#include "tests/unit/spec/fake_catalog.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path path = fs::path(SEQBENCH_SOURCE_DIR) / "tests/golden/spec";
  return path;
}

LoadOptions options_of(const std::string& text) {
  LoadOptions options;
  options.root = folder();
  constexpr std::string_view kSet = "# set: ", kScale = "# scale: ";
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(kSet)) options.set.emplace_back(line.substr(kSet.size()));
    if (line.starts_with(kScale)) options.scale = line.substr(kScale.size());
  }
  return options;
}

std::string outcome(const fs::path& path) {
  const auto result = load(path, fake::catalog(), options_of(read_file(path)));
  return result ? "accepted\n" : format_diagnostics(result.error());
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() == ".toml" && entry.path().stem() != "base")
      names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool approving() {
  const char* value = std::getenv("SEQBENCH_APPROVE");
  return value != nullptr && std::string_view(value) == "1";
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatIsExpected) {
  ASSERT_EQ(outcome(folder() / "base.toml"), "accepted\n") << "the file that all others are broken copies of";
  const fs::path expected = folder() / (GetParam() + ".expected");
  const std::string text = outcome(folder() / (GetParam() + ".toml"));
  if (approving()) write_file_atomically(expected, text);
  ASSERT_TRUE(fs::exists(expected)) << "not approved yet:\n" << text;
  EXPECT_EQ(text, read_file(expected));
}

INSTANTIATE_TEST_SUITE_P(Spec, Golden, testing::ValuesIn(cases()),
                         [](const auto& golden) { return golden.param; });

TEST(GoldenFolder, HasNoExpectedTextWithoutItsFile) {
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().extension() != ".expected") continue;
    EXPECT_TRUE(fs::exists(fs::path(entry.path()).replace_extension(".toml"))) << entry.path();
  }
}

}  // namespace
}  // namespace seqbench::spec
