// Ids that the reference gave (MODELS 2): the real uncased vocabulary of MiniLM and BERT; rebuilt ones of the others.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/tokenizer_texts.h"

namespace seqbench::models {
namespace {

using Ids = std::vector<std::int32_t>;
using namespace std::string_view_literals;

const std::filesystem::path kFixtures = std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/parity/tokenizers";

Ids bare(const Tokenizer& tokenizer, std::string_view text) {
  Encoding encoding;
  tokenizer.encode(text, encoding, false);
  return encoding.ids;
}

Ids whole(const Tokenizer& tokenizer, std::string_view text) { return encode_batch(tokenizer, std::array{text}, {}).ids; }

struct Golden {
  std::string_view text;
  Ids ids;
};

TEST(WordPiece, GivesTheReferencesIds) {
  const auto tokenizer = open_tokenizer(kFixtures / "minilm");
  EXPECT_EQ(tokenizer->size(), 30522);
  Ids hundred(50, 20348);
  hundred[0] = 22038;
  const Golden table[] = {
      {"CEBPB PBX2", {8292, 2497, 2361, 2497, 1052, 2497, 2595, 2475}},
      {"Transcription factors CEBPB, PBX2 and MYC bind.", {14193, 5876, 8292, 2497, 2361, 2497, 1010, 1052, 2497, 2595, 2475, 1998, 2026, 2278, 14187, 1012}},
      {"Café naïve ÀÉ", {7668, 15743, 29347}},
      {"İstanbul ß ﬁ", {9960, 1096, 1984}},
      {"中文DNA字", {1746, 1861, 6064, 100}},
      {"a\0b\xEF\xBF\xBD" "c"sv, {5925}},
      {"a\tb\nc\r\nd\xC2\xA0" "e\xE3\x80\x80" "f", {1037, 1038, 1039, 1040, 1041, 1042}},
      {"don't!  $5.00 a_b", {2123, 1005, 1056, 999, 1002, 1019, 1012, 4002, 1037, 1035, 1038}},
      {"##ing", {1001, 1001, 13749}},
      {"K562 -8.5", {1047, 26976, 2475, 1011, 1022, 1012, 1019}},
      {"\xE2\x80\x8Bzero\xE2\x80\x8Dwidth\xC2\xAD", {5717, 9148, 11927, 2232}},
      {"한국어", {1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008}},
      {"", {}},
      {"   ", {}},
      {"[MASK]", {103}}};
  for (const Golden& row : table) EXPECT_EQ(bare(*tokenizer, row.text), row.ids) << row.text;
  EXPECT_EQ(bare(*tokenizer, std::string(100, 'x')), hundred);
  EXPECT_EQ(bare(*tokenizer, std::string(101, 'x')), Ids{100});
  const TokenBatch pair = encode_pairs(*tokenizer, std::array{TextPair{"a b", "c"}}, {});
  EXPECT_EQ(pair.ids, (Ids{101, 1037, 1038, 102, 1039, 102}));
  EXPECT_EQ(pair.type_ids, (std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1}));
}

TEST(Nucleotides, GiveTheReferencesIdsOfThePublishedVocabularies) {
  const auto first = nucleotide_tokenizer(1), second = nucleotide_tokenizer(2);
  EXPECT_EQ(sha256_hex(first->files().text.at("vocab.txt")), "f1b544e27897936b50bbd925850fa8a08b421c33bb9c26e3711c140c061d0d4c");
  EXPECT_EQ(sha256_hex(second->files().text.at("vocab.txt")), "c00e0ad166d6ab3f7540ebc92270392e581bb3106763412f29034b49323e1052");
  EXPECT_EQ(first->model_max_length(), 1000);
  EXPECT_EQ(second->model_max_length(), 2048);
  const Golden table[] = {
      {"ATTCCGATTCCGATTCCG", {3, 367, 367, 367}},
      {"ACGTGTACGTGCACGGACGACTAGTCAGCA", {3, 737, 738, 758, 3223, 1596}},
      {"ACGTGTACNTGCACGGANCGACTAGTCTGA", {3, 737, 4100, 4102, 4104, 1935, 4103, 4100, 4104, 2856, 3488}},
      {"ACGTGTACNNTG", {3, 737, 4100, 4102, 4104, 4104, 4101, 4103}},
      {"acgtgtAC", {3, 0, 4100, 4102}},
      {"ACGTGTRACGTGT", {3, 737, 0, 737}},
      {"ACGTGRTACGTG", {3, 4100, 4102, 4103, 4101, 4103, 0, 1211}},
      {"ACGUGU", {3, 4100, 4102, 4103, 0, 4103, 0}},
      {"ACG TGT", {3, 4100, 4102, 4103, 4101, 4103, 4101}},
      {"ACGTGT<mask>ACGTGT", {3, 737, 2, 737}},
      {"XYZ ACGTGT QQ", {3, 0, 737, 0}},
      {"", {3}},
      {"AAAACCCCGGGGTTTTACGTNACGTNNNNACGTTGCAACGTACGT", {3, 14, 2819, 1366, 4103, 4101, 4104, 4100, 4102, 4103, 4101, 4104, 4104, 4104, 4104, 731, 2097, 4100, 4102, 4103, 4101}}};
  for (const Golden& row : table) {
    EXPECT_EQ(whole(*first, row.text), row.ids) << row.text;
    Ids shifted = row.ids;
    for (std::int32_t& id : shifted) id += id >= 4 ? 2 : 0;
    EXPECT_EQ(whole(*second, row.text), shifted) << row.text;
  }
  EXPECT_THROW(static_cast<void>(encode_pairs(*first, std::array{TextPair{"A", "C"}}, {})), InputError);
}

TEST(Esm, GivesTheReferencesIds) {
  const auto tokenizer = esm_tokenizer();
  EXPECT_EQ(tokenizer->size(), 33);
  const Golden table[] = {{"MKTAYIAK", {0, 20, 15, 11, 5, 19, 12, 5, 15, 2}}, {"MKTJ", {0, 20, 15, 11, 3, 2}}, {"mkt", {0, 3, 2}},
                          {"MK<mask>T", {0, 20, 15, 32, 11, 2}}, {"J*J", {0, 3, 2}}};
  for (const Golden& row : table) EXPECT_EQ(whole(*tokenizer, row.text), row.ids) << row.text;
  EXPECT_EQ(encode_pairs(*tokenizer, std::array{TextPair{"MK", "TA"}}, {}).ids, (Ids{0, 20, 15, 2, 11, 5, 2}));
  EXPECT_EQ(encode_batch(*tokenizer, std::array{"MKTAYIAK"sv}, {.max_length = 5}).ids, (Ids{0, 20, 15, 11, 2}));
}

TEST(BytePairs, KeepTheStructureOfGenaLm) {
  const auto tokenizer = open_tokenizer(kFixtures / "gena");
  const auto around = [](Ids ids) {
    ids.insert(ids.begin(), 1);
    ids.push_back(2);
    return ids;
  };
  const Ids acgt = bare(*tokenizer, "ACGT");
  const auto joined = [&](Ids between) {
    Ids ids = acgt;
    ids.insert(ids.end(), between.begin(), between.end());
    ids.insert(ids.end(), acgt.begin(), acgt.end());
    return ids;
  };
  EXPECT_EQ(whole(*tokenizer, "ACGT"), around(acgt));
  EXPECT_EQ(whole(*tokenizer, "acgt"), (Ids{1, 0, 0, 0, 0, 2}));
  EXPECT_EQ(bare(*tokenizer, "ACGTNNNNNNNNNNACGT"), joined({5}));
  EXPECT_EQ(bare(*tokenizer, "ACGT-ACGT"), joined({5}));
  EXPECT_EQ(bare(*tokenizer, "ACGT--ACGT"), joined({5, 5}));
  EXPECT_EQ(bare(*tokenizer, "ACGT ACGT"), joined({0}));
  EXPECT_EQ(bare(*tokenizer, "  ACGT \n"), acgt);
  const Ids short_runs = bare(*tokenizer, "NNNNNN-NNNNNN");
  EXPECT_EQ(std::count(short_runs.begin(), short_runs.end(), 5), 1);
  const Ids nine = bare(*tokenizer, "NNNNNNNNN");
  EXPECT_EQ(std::count(nine.begin(), nine.end(), 5), 0);
}

TEST(BytePairs, SplitWordsAsTheReference) {
  const auto tokenizer = open_tokenizer(kFixtures / "words");
  const std::vector<std::pair<std::string_view, Ids>> table = {
      {"ACGT-*ACG TTA", {14, 40, 19, 37, 14, 40, 58}},
      {"the factor  K562\t-8.5\n", {89, 111, 69, 8, 13, 9, 11}},
      {"don't a_b--a_b", {84, 28, 6, 31, 74, 63, 74}},
      {"AC\xC2\xA0GT\xC3\xA9" "AC", {14, 15, 16, 19, 0, 14, 15}},
      {"A\x1C" "C", {14, 0, 15}},
      {" \xE3\x80\x80 ", {}},
      {"[MASK]ACGT [SEP]", {4, 14, 40, 19, 2}}};
  for (const auto& [text, ids] : table) EXPECT_EQ(bare(*tokenizer, text), ids) << text;
  Encoding encoding;
  tokenizer->encode("ACGT-*ACG TTA", encoding, true);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (const Offset& offset : encoding.offsets) places.emplace_back(offset.begin, offset.end);
  EXPECT_EQ(places, (decltype(places){{0, 1}, {1, 3}, {3, 4}, {4, 6}, {6, 7}, {7, 9}, {10, 13}}));
  const TokenBatch pair = encode_pairs(*tokenizer, std::array{TextPair{"ACGT", "TT"}}, {});
  EXPECT_EQ(pair.ids, (Ids{1, 14, 40, 19, 2, 35, 2}));
  EXPECT_EQ(pair.type_ids, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 1, 1}));
}

TEST(Characters, AreDreams) {
  EXPECT_EQ(whole(*dna_character_tokenizer(false), "ACGTNx[MASK]"), (Ids{5, 6, 7, 8, 9, 1, 4}));
  EXPECT_EQ(whole(*dna_character_tokenizer(true), "AC"), (Ids{2, 5, 6}));
}

TEST(Batch, IsPaddedAndCutWithThreads) {
  const auto tokenizer = open_tokenizer(kFixtures / "minilm");
  const std::vector<std::string_view> texts = {"a b c d", "a", ""};
  const TokenBatch batch = encode_batch(*tokenizer, texts, {.max_length = 5, .pad_to_multiple = 4, .threads = 2});
  EXPECT_EQ(batch.length, 8);
  EXPECT_EQ(batch.lengths, (Ids{5, 3, 2}));
  EXPECT_EQ(batch.ids, (Ids{101, 1037, 1038, 1039, 102, 0, 0, 0, 101, 1037, 102, 0, 0, 0, 0, 0, 101, 102, 0, 0, 0, 0, 0, 0}));
  EXPECT_THROW(static_cast<void>(encode_batch(*tokenizer, texts, {.max_length = 1})), InputError);
  EXPECT_THROW(static_cast<void>(encode_batch(*tokenizer, texts, {.pad_to = 3})), InputError);
  try {
    static_cast<void>(whole(*tokenizer, "abc\xC3("));
    ADD_FAILURE() << "broken UTF-8 was read";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "text 0: byte 3 of the text: UTF-8 expected");
  }
}

/// A hash for 20 texts' ids and offsets, as compare.py writes it.
class Hashes : public testing::TestWithParam<const char*> {};

TEST_P(Hashes, OfTwentyThousandTextsAreTheReferences) {
  const std::string name = GetParam();
  const std::unique_ptr<Tokenizer> tokenizer = name == "nt1"    ? nucleotide_tokenizer(1)
                                               : name == "nt2"  ? nucleotide_tokenizer(2)
                                               : name == "esm2" ? esm_tokenizer()
                                               : name == "dream" ? dna_character_tokenizer(false)
                                                                 : open_tokenizer(kFixtures / name);
  const bool offsets = name == "minilm" || name == "gena" || name == "words" || name == "dream";  // EsmTokenizer has none
  const Json hashes = parse_json(read_file(kFixtures / "hashes.json"), "hashes.json");
  ASSERT_EQ(hashes.at(name).size(), 1000u);
  for (std::size_t chunk = 0; chunk < 1000; ++chunk) {
    Sha256 hash;
    for (std::size_t i = 20 * chunk; i < 20 * (chunk + 1); ++i) {
      Encoding encoding;
      tokenizer->encode(tokenizer_texts::text(i), encoding, offsets);
      hash.update(encoding.ids.data(), encoding.ids.size() * sizeof(std::int32_t));
      hash.update(encoding.offsets.data(), encoding.offsets.size() * sizeof(Offset));
    }
    const Sha256Digest digest = hash.finish();
    ASSERT_EQ(to_hex(digest.data(), 8), hashes.at(name).at(chunk).get<std::string>()) << "texts from " << 20 * chunk;
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Hashes, testing::Values("minilm", "nt1", "nt2", "esm2", "dream", "gena", "words"));

}  // namespace
}  // namespace seqbench::models
