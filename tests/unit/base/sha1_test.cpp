#include "harness/base/sha1.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"

namespace seqbench {
namespace {

std::string sha1_hex(std::string_view text) {
  Sha1 hash;
  hash.update(text);
  return hash.finish_hex();
}

// FIPS 180-4 examples, and lengths around the padding's edge (hashlib).
TEST(Sha1, KnownAnswers) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(std::string(1000000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  const std::pair<std::size_t, const char*> edges[] = {
      {55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1"},  {56, "901305367c259952f4e7af8323f480d59f81335b"},
      {63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec"},  {64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163"},
      {65, "78c741ddc482e4cdf8c474a0876347a0905b6233"},  {119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
      {120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d"}};
  for (const auto& [length, hex] : edges) EXPECT_EQ(sha1_hex(std::string(length, 'x')), hex) << length;
}

// `git hash-object`.
TEST(Sha1, IdsOfGit) {
  std::string bytes;
  for (int i = 0; i < 300 * 256; ++i) bytes += static_cast<char>(static_cast<unsigned char>(i % 256));
  EXPECT_EQ(git_blob_id(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(git_blob_id("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(git_blob_id(bytes), "b0ae7e65ee352e982340b7abfee52b373b6d1673");
  const TempFolder folder;
  std::ofstream(folder.path() / "x", std::ios::binary) << bytes;
  EXPECT_EQ(git_blob_id_of_file(folder.path() / "x"), git_blob_id(bytes));
  EXPECT_THROW(static_cast<void>(git_blob_id_of_file(folder.path() / "absent")), InputError);
}

}  // namespace
}  // namespace seqbench
