#include "harness/spec/manifest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

const std::string kHash(64, 'a');

std::string manifest_with(const std::string& lines) {
  return "version = 1\ntask = \"toy\"\ncitation = \"us\"\n[[file]]\nrole = \"a.tsv\"\nname = \"b.tsv\"\n" + lines;
}

fs::path written(const std::string& text) {
  static const TempFolder kFolder;
  const fs::path path = kFolder.path() / "manifest.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(ManifestFile, IsReadWithItsDefaults) {
  const Manifest manifest = load_manifest(written(manifest_with(
      "rows = 3\nbytes = 40\nsha256 = \"" + kHash + "\"\nurl = \"https://example.org/b.tsv?x=1\"\nlicence = \"MIT\"\n"
      "[[file]]\nrole = \"c\"\nname = \"d\"\nrequired = false\nderived = true\nsource = \"a.tsv\"\n")));
  EXPECT_EQ(manifest.task, "toy");
  ASSERT_EQ(manifest.files.size(), 2u);
  EXPECT_EQ(manifest.files[0].url, "https://example.org/b.tsv?x=1");
  EXPECT_EQ(manifest.files[0].bytes, 40);
  EXPECT_TRUE(manifest.files[0].required);
  EXPECT_FALSE(manifest.files[1].required);
  EXPECT_TRUE(manifest.files[1].derived);
}

struct Fault {
  const char* lines;
  const char* expected;
};
class ManifestFault : public testing::TestWithParam<Fault> {};

TEST_P(ManifestFault, NamesItsPlace) {
  try {
    (void)load_manifest(written(manifest_with(GetParam().lines)));
    FAIL() << GetParam().lines;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(GetParam().expected), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, ManifestFault,
    testing::Values(Fault{"licenze = \"MIT\"\n", "manifest.toml:7:1: error: unknown key 'licenze'; nearest: 'licence'"},
                    Fault{"rows = \"3\"\n", "manifest.toml:7:8: error: 'rows' must be an integer"},
                    Fault{"bytes = 0\n", "'bytes' must be an integer from 1"},
                    Fault{"sha256 = \"ABC\"\n", "manifest.toml:7:10: error: 'sha256' must be 64 digits"},
                    Fault{"url = \"http://example.org/b\"\n", "'url' must begin with https://"},
                    Fault{"url = \"https://a:b@example.org/b\"\n", "no user"},
                    Fault{"url = \"https://example.org/b\"\nbytes = 3\n", "'url' needs 'sha256' beside it"},
                    Fault{"url = \"https://example.org/b\"\nderived = true\n", "a derived one has 'source'"},
                    Fault{"[[file]]\nrole = \"../x\"\nname = \"e\"\n", "manifest.toml:8:8: error: 'role' must be a file name"},
                    Fault{"[[file]]\nrole = \"x\"\nname = \"-e\"\n", "manifest.toml:9:8: error: 'name' must be a file name"},
                    Fault{"[[file]]\nrole = \"a.tsv\"\nname = \"e\"\n", "the role \"a.tsv\" stands twice"},
                    Fault{"[[file]\n", "manifest.toml:7"}));

TEST(ManifestFile, ListOfFilesIsNeeded) {
  EXPECT_THROW((void)load_manifest(written("version = 1\ntask = \"toy\"\n")), InputError);
  EXPECT_THROW((void)load_manifest(written("version = 1\ntask = \"toy\"\nfile = 3\n")), InputError);
  EXPECT_THROW((void)load_manifest(written("task = \"toy\"\nfile = []\n")), InputError);
  EXPECT_TRUE(load_manifest(written("version = 1\ntask = \"toy\"\nfile = []\n")).files.empty());
}

TEST(ManifestFile, OpenLicencesAreTold) {
  for (const char* open : {"MIT", "MIT (the repository's)", "CC-BY-4.0", "CC0-1.0; see there"}) EXPECT_TRUE(is_open_licence(open)) << open;
  for (const char* closed : {"", "none stated", "CC-BY-NC-4.0", "as theirs", "MITRE"}) EXPECT_FALSE(is_open_licence(closed)) << closed;
}

TEST(ManifestFile, EveryTaskHasOneThatIsItsOwn) {
  int read = 0;
  for (const auto& folder : fs::directory_iterator(fs::path(SEQBENCH_SOURCE_DIR) / "tasks")) {
    const std::string task = folder.path().filename();
    if (!folder.is_directory() || task == "data") continue;
    const Manifest manifest = load_manifest(folder.path() / "dataset.toml");
    EXPECT_EQ(manifest.task, task);
    EXPECT_FALSE(manifest.citation.empty()) << task;
    for (const ManifestFile& file : manifest.files) EXPECT_FALSE(file.source.empty()) << task << ": " << file.role;
    ++read;
  }
  EXPECT_GE(read, 2);
}

}  // namespace
}  // namespace seqbench::spec
