#include "harness/data/hub.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace seqbench::data {
namespace {

const std::string kOid(40, 'a'), kSha(64, 'b');

std::string entry(const std::string& path, const std::string& size = "3", const std::string& oid = kOid) {
  return "{\"type\":\"file\",\"path\":\"" + path + "\",\"size\":" + size + ",\"oid\":\"" + oid + "\"}";
}

TEST(Hub, ListsFilesLargeAndSmall) {
  const auto files = parse_hub_list("[" + entry("a/b.json") + ",{\"type\":\"directory\",\"path\":\"a\",\"oid\":\"x\",\"size\":0}," +
                                        "{\"type\":\"file\",\"path\":\"w\",\"size\":9,\"oid\":\"x\",\"lfs\":{\"oid\":\"" + kSha + "\",\"size\":9}}]", "list");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "a/b.json");
  EXPECT_EQ(files[0].blob_sha1, kOid);
  EXPECT_EQ(files[1].sha256, kSha);
  EXPECT_EQ(files[1].bytes, 9u);
  EXPECT_EQ(files[1].blob_sha1, "");
}

TEST(Hub, LiesAreRefused) {
  for (const std::string& bad : {std::string("{}"), "[" + entry("../x") + "]", "[" + entry("/x") + "]", "[" + entry("a//b") + "]",
                                 "[" + entry("x", "-1") + "]", "[" + entry("x", "1.5") + "]", "[" + entry("x", "3", "zz") + "]",
                                 "[" + entry("x") + "," + entry("x") + "]", std::string("[1]"),
                                 "[{\"type\":\"file\",\"path\":\"w\",\"size\":9,\"lfs\":{\"oid\":\"" + kSha + "\",\"size\":8}}]"}) {
    EXPECT_THROW(static_cast<void>(parse_hub_list(bad, "list")), InputError) << bad;
  }
  EXPECT_EQ(parse_hub_commit("{\"sha\":\"" + kOid + "\"}", "commit"), kOid);
  for (const char* bad : {"[]", "{}", "{\"sha\":1}", "{\"sha\":\"main\"}"}) {
    EXPECT_THROW(static_cast<void>(parse_hub_commit(bad, "commit")), InputError) << bad;
  }
}

}  // namespace
}  // namespace seqbench::data
