#include "harness/data/hub.h"

#include <gtest/gtest.h>

#include <cstdlib>

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

TEST(Hub, ShardsOfAnIndex) {
  EXPECT_EQ(parse_shards("{\"metadata\":{},\"weight_map\":{\"a\":\"m-2\",\"b\":\"m-1\",\"c\":\"m-2\"}}", "index"), (std::vector<std::string>{"m-1", "m-2"}));
  for (const char* bad : {"[]", "{}", "{\"weight_map\":{}}", "{\"weight_map\":[]}", "{\"weight_map\":{\"a\":1}}", "{\"weight_map\":{\"a\":\"../m\"}}",
                          "{\"weight_map\":{\"a\":\"\"}}"}) {
    EXPECT_THROW(static_cast<void>(parse_shards(bad, "index")), InputError) << bad;
  }
}

TEST(Hub, NamesAndCommits) {
  for (const char* good : {"model.safetensors", "a", "model-00001-of-00002.bin"}) EXPECT_TRUE(is_file_name(good)) << good;
  for (const char* bad : {"", ".", "..", ".x", "-x", "a/b", "a\\b", "a b", "a\n", "\xc3\xa9"}) EXPECT_FALSE(is_file_name(bad)) << bad;
  EXPECT_FALSE(is_file_name(std::string(256, 'a')));
  EXPECT_TRUE(is_commit(kOid));
  for (const std::string& bad : {std::string("main"), std::string(40, 'A'), std::string(41, 'a'), std::string()}) EXPECT_FALSE(is_commit(bad)) << bad;
}

TEST(Hub, Addresses) {
  ::unsetenv("SEQBENCH_HUB");
  EXPECT_EQ(Hub({}).url_of("a/b", kOid, "x+y.json"), "https://huggingface.co/a/b/resolve/" + kOid + "/x%2By.json");
  ::setenv("SEQBENCH_HUB", "https://localhost:1//", 1);
  EXPECT_EQ(Hub({}).address(), "https://localhost:1");
  ::setenv("SEQBENCH_HUB", "http://localhost", 1);
  EXPECT_THROW(Hub({}), InputError);
  ::unsetenv("SEQBENCH_HUB");
}

}  // namespace
}  // namespace seqbench::data
