// Tokenizers that a description determines: the files are written in memory and read like any others.
#include "harness/base/error.h"
#include "harness/base/json.h"
#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {
namespace {

/// One token a line, no newline at the end, as published.
std::string lines(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += (text.empty() ? "" : "\n") + token;
  return text;
}

/// In the order A T C G, last letter fastest.
void append_six_mers(std::vector<std::string>& tokens) {
  for (int index = 0; index < 4096; ++index) {
    std::string token;
    for (int shift = 10; shift >= 0; shift -= 2) token += "ATCG"[index >> shift & 3];
    tokens.push_back(token);
  }
}

Json angled_config(Json eos, Json max_length) {
  return {{"tokenizer_class", "EsmTokenizer"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}, {"mask_token", "<mask>"},
          {"cls_token", "<cls>"}, {"eos_token", std::move(eos)}, {"model_max_length", std::move(max_length)}};
}

std::unique_ptr<Tokenizer> made(std::string name, std::map<std::string, std::string> text) {
  return read_tokenizer({std::move(name), std::move(text)});
}

}  // namespace

std::unique_ptr<Tokenizer> nucleotide_tokenizer(int generation) {
  SEQBENCH_ASSERT(generation == 1 || generation == 2, "there are two generations");
  std::vector<std::string> tokens = {"<unk>", "<pad>", "<mask>", "<cls>"};
  const std::vector<std::string> ends = {"<eos>", "<bos>"};
  if (generation == 2) tokens.insert(tokens.end(), ends.begin(), ends.end());
  append_six_mers(tokens);
  for (const char* base : {"A", "T", "C", "G", "N"}) tokens.emplace_back(base);
  if (generation == 1) tokens.insert(tokens.end(), ends.begin(), ends.end());
  const Json config = angled_config(nullptr, generation == 1 ? 1000 : 2048);
  return made("nucleotide tokenizer", {{"vocab.txt", lines(tokens)}, {"tokenizer_config.json", config.dump(2)}});
}

std::unique_ptr<Tokenizer> esm_tokenizer() {
  std::vector<std::string> tokens = {"<cls>", "<pad>", "<eos>", "<unk>"};
  for (const char residue : std::string("LAGVSERTIDPKQNFYMHWCXBUZO.-")) tokens.emplace_back(1, residue);
  tokens.insert(tokens.end(), {"<null_1>", "<mask>"});
  return made("ESM-2 tokenizer", {{"vocab.txt", lines(tokens)}, {"tokenizer_config.json", angled_config("<eos>", nullptr).dump(2)}});
}

std::unique_ptr<Tokenizer> dna_character_tokenizer(bool add_cls) {
  const std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "A", "C", "G", "T", "N"};
  Json vocab = Json::object(), added = Json::array(), before = Json::array();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    vocab[tokens[id]] = id;
    if (id < 5) added.push_back({{"id", id}, {"content", tokens[id]}, {"single_word", false}, {"lstrip", false}, {"rstrip", false}, {"normalized", false}, {"special", true}});
  }
  if (add_cls) before.push_back({{"SpecialToken", {{"id", "[CLS]"}, {"type_id", 0}}}});
  Json single = before, pair;
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  const Json json = {
      {"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", added}, {"normalizer", nullptr},
      {"pre_tokenizer", nullptr}, {"decoder", nullptr},
      {"post_processor", {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair},
                          {"special_tokens", {{"[CLS]", {{"id", "[CLS]"}, {"ids", {2}}, {"tokens", {"[CLS]"}}}}}}}},
      {"model", {{"type", "BPE"}, {"dropout", nullptr}, {"unk_token", "[UNK]"}, {"fuse_unk", false}, {"vocab", vocab}, {"merges", Json::array()}}}};
  const Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"unk_token", "[UNK]"}, {"pad_token", "[PAD]"},
                       {"cls_token", "[CLS]"}, {"sep_token", "[SEP]"}, {"mask_token", "[MASK]"}, {"model_max_length", 128}};
  return made("DNA characters", {{"tokenizer.json", json.dump(2)}, {"tokenizer_config.json", config.dump(2)}});
}

}  // namespace seqbench::models
