#include "harness/base/catalog.h"

#include <gtest/gtest.h>

#include "harness/base/code_hashes.h"

namespace seqbench {
namespace {

TEST(Catalog, FindsByExactName) {
  TaskInfo gfp, promoters;
  gfp.name = "gfp";
  promoters.name = "promoters";
  ModelInfo ridge;
  ridge.name = "ridge";
  const Catalog catalog{.tasks = {&gfp, &promoters}, .models = {&ridge}, .broken = {}};
  EXPECT_EQ(catalog.task("promoters"), &promoters);
  EXPECT_EQ(catalog.task("gfp"), &gfp);
  EXPECT_EQ(catalog.task("gf"), nullptr);
  EXPECT_EQ(catalog.task("ridge"), nullptr);
  EXPECT_EQ(catalog.model("ridge"), &ridge);
  EXPECT_EQ(catalog.model("Ridge"), nullptr);
  EXPECT_EQ(Catalog{}.model("ridge"), nullptr);
}

TEST(Catalog, KindsAsText) {
  EXPECT_EQ(to_string(TaskKind::kRegression), "regression");
  EXPECT_EQ(to_string(TaskKind::kBinary), "binary");
}

TEST(CodeHashes, OfARoom) {
  constexpr CodeHash kRooms[] = {{"harness", "aa"}, {"models/blocks", "bb"}};
  const CodeHashes hashes{kRooms};
  EXPECT_EQ(hashes.of("harness"), "aa");
  EXPECT_EQ(hashes.of("models/blocks"), "bb");
  EXPECT_EQ(hashes.of("models"), "");
  EXPECT_EQ(CodeHashes{}.of("harness"), "");
}

}  // namespace
}  // namespace seqbench
