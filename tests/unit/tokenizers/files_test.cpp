// Broken tokenizer files are refused by file and key; written ones read back.
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {
namespace {

std::string edited(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

void expect_refused(TokenizerFiles files, TokenizerKind kind, const std::string& part) {
  try {
    static_cast<void>(read_tokenizer(std::move(files), kind));
    ADD_FAILURE() << "read, but expected: " << part;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(TokenizerFiles, BrokenJsonIsRefusedByKey) {
  const std::string good = read_file(std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/fuzz/corpus/tokenizer_json/byte_pair.json");
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& part) {
    expect_refused({"x", {{"tokenizer.json", edited(good, from, to)}}}, TokenizerKind::kAny, part);
  };
  EXPECT_NE(read_tokenizer({"x", {{"tokenizer.json", good}}}), nullptr);
  expect_refused({"x", {{"tokenizer.json", good.substr(0, 300)}}}, TokenizerKind::kAny, "x/tokenizer.json");
  refused("\"BPE\"", "\"Unigram\"", "type: WordPiece or BPE expected");
  refused("\"Strip\"", "\"NFKC\"", "type: ");
  refused("\"BertProcessing\"", "\"RobertaProcessing\"", "post_processor: type");
  refused("\"A\": 6", "\"A\": -6", "integer from 0");
  refused("\"A\": 6", "\"A\": 7", "an id of its own");
  refused("\"A\": 6", "\"A\": 99999999999", "integer from 0");
}

TEST(TokenizerFiles, AllFaultsOfAFileAreToldAtOnceWithWhatIsRead) {
  std::string text = read_file(std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/fuzz/corpus/tokenizer_json/byte_pair.json");
  text = edited(edited(edited(text, "\"Strip\"", "\"NFKC\""), "\"Split\"", "\"ByteLevel\""), "\"BertProcessing\"", "\"RobertaProcessing\"");
  for (const char* part : {"normalizer", "\nx/tokenizer.json: pre_tokenizer: type: Split or Whitespace expected, got \"ByteLevel\"\n",
                           "post_processor: type", "\nread of BPE: "}) {
    expect_refused({"x", {{"tokenizer.json", text}}}, TokenizerKind::kAny, part);
  }
  const std::filesystem::path words = std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/parity/tokenizers/words/tokenizer.json";
  expect_refused({"x", {{"tokenizer.json", edited(read_file(words), "\"a_b\":", "\"\xC3\xA9\":")}}}, TokenizerKind::kAny, "tokens beyond ASCII");
}

TEST(TokenizerFiles, BrokenVocabulariesAreRefusedByLine) {
  const auto refused = [](const std::string& text, const std::string& part) {
    expect_refused({"x", {{"vocab.txt", text}}}, TokenizerKind::kEsm, part);
  };
  refused("", "the file is empty");
  refused("<pad>\n\n<unk>\n", "x/vocab.txt: line 2");
  refused(std::string("<pad>\na\0b\n", 10), "line 2");
  refused("<pad>\n" + std::string(100000, 'a'), "line 2");
  refused("<pad>\nA\n", "<unk> and <cls> expected");
  refused("<unk>\nA\n", "pad_token");
  expect_refused({"x", {}}, TokenizerKind::kAny, "tokenizer.json or vocab.txt expected");
  expect_refused({"x", {{"vocab.txt", "A\n"}}}, TokenizerKind::kAny, "tokenizer_class");
}

TEST(TokenizerFiles, WrittenOnesReadBack) {
  const auto again = read_tokenizer({"written", tokenizer_files(*nucleotide_tokenizer(1), 77)});
  EXPECT_EQ(again->model_max_length(), 77);
  EXPECT_EQ(again->size(), 4107);
  EXPECT_EQ(again->after().size(), 0u);
  EXPECT_EQ(again->id_of("AAAAAT"), 5);
}

TEST(TokenizerFiles, TokensAddedBesideAVocabularyAreItsSpecialOnesOrRefused) {
  const std::string vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngene\n";
  const auto read = [&](const std::string& config, const std::string& added) {
    return read_tokenizer({"x", {{"vocab.txt", vocab}, {"tokenizer_config.json", config}, {"added_tokens.json", added}}},
                          TokenizerKind::kWordPiece);
  };
  EXPECT_EQ(read(R"({"max_len": 9, "additional_special_tokens": ["[CLS]"]})", "{}")->model_max_length(), 9);
  EXPECT_EQ(read(R"({"added_tokens_decoder": {"2": {"content": "[CLS]"}}})", R"({"[SEP]": 3})")->size(), 6);
  for (const auto& [config, added] : {std::pair{R"({"added_tokens_decoder": {"6": {"content": "[NEW]"}}})", "{}"},
                                      {R"({"added_tokens_decoder": {"5": {"content": "gene"}}})", "{}"},
                                      {R"({"added_tokens_decoder": {"x": {"content": "[CLS]"}}})", "{}"},
                                      {R"({"additional_special_tokens": ["[NEW]"]})", "{}"},
                                      {R"({"extra_special_tokens": {"x_token": "gene"}})", "{}"},
                                      {R"({"other_token": "[NEW]"})", "{}"},
                                      {R"({"truncation_side": "left"})", "{}"},
                                      {R"({"split_special_tokens": true})", "{}"},
                                      {"{}", R"({"[NEW]": 6})"}, {"{}", R"({"[SEP]": 2})"}}) {
    EXPECT_THROW(static_cast<void>(read(config, added)), InputError) << config << added;
  }
}

}  // namespace
}  // namespace seqbench::models
