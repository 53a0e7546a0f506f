#include "harness/spec/margins.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "tests/support/temp_folder.h"

namespace seqbench::spec {
namespace {

std::filesystem::path written(const std::string& text) {
  static const TempFolder kFolder;
  const std::filesystem::path path = kFolder.path() / "margins.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(Margins, AbsoluteRelativeAndByPaper) {
  const std::string text =
      "[default.mse]\nrelative = 0.05\n[default.f1]\nabsolute = 0.01\n[paper.kim.mse]\nabsolute = 0.1\n";
  const Margins margins = load_margins(written(text));
  EXPECT_EQ(margins.sha256, sha256_hex(text));
  EXPECT_DOUBLE_EQ(*margins.of("mimo", "mse", 2.0), 0.1);
  EXPECT_DOUBLE_EQ(*margins.of("mimo", "mse", -2.0), 0.1);
  EXPECT_DOUBLE_EQ(*margins.of("kim", "mse", 2.0), 0.1);
  EXPECT_DOUBLE_EQ(*margins.of("kim", "mse", 20.0), 0.1);
  EXPECT_DOUBLE_EQ(*margins.of("kim", "f1", 20.0), 0.01);
  EXPECT_FALSE(margins.of("kim", "spearman", 0.5));
}

TEST(Margins, FaultsNameTheirPlace) {
  const auto refused = [](const std::string& text, const std::string& expected) {
    try {
      (void)load_margins(written(text));
      FAIL() << text;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  };
  refused("[default.mse]\nrelative = -1\n", "margins.toml:2:12: error: 'relative' must be a number above 0");
  refused("[default.mse]\nshare = 0.1\n", "unknown key 'share'");
  refused("[default.mse]\nrelative = 0.1\nabsolute = 0.1\n", "either 'absolute' or 'relative'");
  refused("[defaults]\n", "unknown key 'defaults'");
  refused("[default\n", "margins.toml:1");
}

TEST(Margins, TheCommittedOnesAreThoseOfTheDesign) {
  const Margins margins = load_margins(std::filesystem::path(SEQBENCH_SOURCE_DIR) / "results/published/margins.toml");
  EXPECT_DOUBLE_EQ(*margins.of("mimo", "mse", 1.0), 0.05);
  EXPECT_DOUBLE_EQ(*margins.of("guarnieri", "mcc", 0.5), 0.02);
  EXPECT_DOUBLE_EQ(*margins.of("kim", "pearson", 0.85), 0.01);
}

}  // namespace
}  // namespace seqbench::spec
