#include "harness/spec/checkpoints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

TEST(Checkpoints, TheCommittedOnesAreSoundAndNamedOnce) {
  std::set<std::string> names;
  int files = 0, pins = 0;
  for (const auto& folder : fs::directory_iterator(fs::path(SEQBENCH_SOURCE_DIR) / "models")) {
    const fs::path path = folder.path() / "checkpoints.toml";
    if (!fs::exists(path)) continue;
    ++files;
    const Checkpoints made = load_checkpoints(path);
    EXPECT_EQ(made.family, folder.path().filename()) << path;
    for (const Checkpoint& one : made.list) {
      EXPECT_TRUE(names.insert(one.name).second) << one.name;
      EXPECT_FALSE(one.licence.empty() || one.citation.empty()) << one.name;
      pins += static_cast<int>(one.pins.size());
    }
  }
  EXPECT_GE(files, 6);
  EXPECT_EQ(pins, 10);
  for (const char* name : {"nucleotide-transformer-v2-50m-multi-species", "gena-lm-bert-base-t2t", "gena-lm-bigbird-base-t2t",
                           "distilbert-base-uncased", "all-MiniLM-L6-v2", "esm2_t33_650M_UR50D"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

std::string fault_of(const std::string& text) {
  const TempFolder folder;
  const fs::path path = folder.path() / "checkpoints.toml";
  std::ofstream(path) << text;
  try {
    static_cast<void>(load_checkpoints(path));
  } catch (const InputError& error) {
    return error.what();
  }
  return "no fault";
}

TEST(Checkpoints, FaultsAreNamed) {
  const std::string good = "family = \"bert\"\n[[checkpoint]]\nname = \"a\"\nrepository = \"o/n\"\nrevision = \"main\"\nweights = [\"w\"]\n";
  EXPECT_EQ(fault_of(good), "no fault");
  EXPECT_NE(fault_of(good + "licences = \"MIT\"\n").find("unknown key 'licences'; nearest: 'licence'"), std::string::npos);
  EXPECT_NE(fault_of(good + "required = [\"../x\"]\n").find("files are file names, got \"../x\""), std::string::npos);
  EXPECT_NE(fault_of(good + "[[checkpoint.pin]]\nname = \"w\"\nbytes = 3\nsha256 = \"00\"\n").find("64 digits"), std::string::npos);
  EXPECT_NE(fault_of(good + good.substr(good.find('['))).find("\"a\" stands twice"), std::string::npos);
  std::string other = good;
  other.replace(other.find("o/n"), 3, "o/n?x=/");
  EXPECT_NE(fault_of(other).find("'repository' must be OWNER/NAME"), std::string::npos);
}

}  // namespace
}  // namespace seqbench::spec
