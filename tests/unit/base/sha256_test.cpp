#include "harness/base/sha256.h"

#include <gtest/gtest.h>

namespace seqbench {
namespace {

// FIPS 180-4 examples, and lengths around the padding's edge (hashlib).
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct Padding {
  std::size_t length;
  const char* hex;
};
class Sha256Padding : public testing::TestWithParam<Padding> {};

TEST_P(Sha256Padding, EveryEdgeOfTheBlock) {
  EXPECT_EQ(sha256_hex(std::string(GetParam().length, 'x')), GetParam().hex);
}

INSTANTIATE_TEST_SUITE_P(
    Lengths, Sha256Padding,
    testing::Values(Padding{55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
                    Padding{56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
                    Padding{63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
                    Padding{64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
                    Padding{65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"},
                    Padding{119, "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"},
                    Padding{120, "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"}));

TEST(Sha256, PiecesGiveTheHashOfTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + i % 26);
  for (std::size_t piece = 1; piece <= 130; ++piece) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += piece) hash.update(std::string_view(text).substr(at, piece));
    const Sha256Digest digest = hash.finish();
    ASSERT_EQ(to_hex(digest.data(), digest.size()), sha256_hex(text)) << "pieces of " << piece;
  }
}

TEST(Sha256, HexIsLowerCaseHighDigitFirst) {
  const std::uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xab};
  EXPECT_EQ(to_hex(bytes, 4), "000ff0ab");
  EXPECT_EQ(to_hex(bytes, 0), "");
}

}  // namespace
}  // namespace seqbench
