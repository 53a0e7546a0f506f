#include "models/tokenizers/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "models/tokenizers/configuration.h"
#include "models/tokenizers/tokenizer_json.h"
#include "models/tokenizers/unicode.h"
#include "models/tokenizers/unsplittable.h"
#include "models/tokenizers/word_piece.h"

namespace seqbench::models {
namespace {

constexpr std::uint64_t kMostBytes = 256u << 20;
constexpr std::size_t kMostTokens = 1u << 24, kLongestLine = 1u << 16;
constexpr const char* kNames[] = {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
                                  "added_tokens.json"};

/// One token a line; ESM's are stripped of white space by the reference, which refuses none either.
std::vector<std::string> lines_of_vocabulary(std::string_view text, const std::string& place) {
  if (text.empty()) throw InputError(fmt::format("{}: a token a line expected, the file is empty", place));
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<std::string> tokens;
  for (std::string_view line : split(text, '\n')) {
    const std::size_t number = tokens.size() + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool bad = line.empty() || line.size() > kLongestLine || line.find('\0') != line.npos || line.find('\r') != line.npos;
    if (bad || utf8_fault(line) != line.npos) {
      throw InputError(fmt::format("{}: line {}: a token of 1 to {} bytes of UTF-8 expected, got '{}'", place, number,
                                   kLongestLine, printable(line, 40)));
    }
    if (number > kMostTokens) throw InputError(fmt::format("{}: at most {} tokens expected", place, kMostTokens));
    tokens.emplace_back(line);
  }
  return tokens;
}

std::unique_ptr<Tokenizer> esm_of(TokenizerFrame frame, const std::string& place) {
  const SpecialIds& ids = frame.specials;
  if (ids.unk < 0 || ids.cls < 0) throw InputError(fmt::format("{}: tokens <unk> and <cls> expected", place));
  frame.before = {ids.cls};
  if (ids.eos >= 0) frame.between = frame.after = {ids.eos};
  frame.has_pairs = ids.eos >= 0;
  return make_unsplittable(std::move(frame));
}

std::unique_ptr<Tokenizer> bert_of(TokenizerFrame frame, const TokenizerConfiguration& configuration, const std::string& place) {
  const SpecialIds& ids = frame.specials;
  if (ids.unk < 0 || ids.cls < 0 || ids.sep < 0) {
    throw InputError(fmt::format("{}: tokens [UNK], [CLS] and [SEP] expected", place));
  }
  frame.before = {ids.cls};
  frame.between = frame.after = {ids.sep};
  frame.has_pairs = frame.types_of_pairs = true;
  WordPieceOptions options;
  options.lowercase = configuration.config().boolean("do_lower_case", true);
  options.strip_accents = configuration.config().boolean("strip_accents", options.lowercase);
  options.space_ideographs = configuration.config().boolean("tokenize_chinese_chars", true);
  options.unknown = ids.unk;
  AddedTokens added;
  for (const std::int32_t id : {ids.pad, ids.unk, ids.cls, ids.sep, ids.mask}) {
    if (id >= 0) added.add(frame.vocabulary.token(id), id);
  }
  return make_word_piece(std::move(frame), std::move(added), options);
}

/// Tokens that were added beside a vocab.txt: none but the special ones that it holds are cut out of texts here.
void check_added(const TokenizerFiles& files, const TokenizerConfiguration& configuration, const TokenizerFrame& frame, bool any_known) {
  const SpecialIds& s = frame.specials;
  const std::array special = {s.pad, s.unk, s.cls, s.sep, s.mask};
  const auto check = [&](const std::string& place, const std::string& token, const Json& id) {
    const auto known = frame.vocabulary.id_of(token);
    if (known && id == *known && (any_known || std::ranges::find(special, *known) != special.end())) return;
    throw InputError(fmt::format("{}: the added token '{}' ({}) is no special token of vocab.txt; a tokenizer.json is needed for others",
                                 place, printable(token, 80), printable(id.dump(-1, ' ', true, Json::error_handler_t::replace), 40)));
  };
  for (const std::string& token : configuration.extra_specials()) {
    check(configuration.config().place(), token, frame.vocabulary.id_of(token) ? Json(*frame.vocabulary.id_of(token)) : Json());
  }
  const Json& decoder = configuration.config().value();
  if (decoder.contains("added_tokens_decoder")) {
    const JsonPlace place = configuration.config().at("added_tokens_decoder");
    if (!place.value().is_object()) place.refuse("object");
    for (const auto& [id, token] : place.value().items()) {
      const std::string content = place.at(id.c_str()).at("content").string();
      const bool number = !id.empty() && id.size() < 9 && id.find_first_not_of("0123456789") == id.npos;
      check(files.place + "/tokenizer_config.json", content, number ? Json(std::stoi(id)) : Json(id));
    }
  }
  const auto added = files.text.find("added_tokens.json");
  if (added == files.text.end()) return;
  const std::string place = files.place + "/added_tokens.json";
  const Json tokens = parse_json(added->second, place);
  if (!tokens.is_object()) JsonPlace(tokens, place).refuse("object");
  for (const auto& [token, id] : tokens.items()) check(place, token, id);
}

TokenizerKind kind_of(const TokenizerConfiguration& configuration) {
  const std::string name = configuration.tokenizer_class();
  if (name == "EsmTokenizer") return TokenizerKind::kEsm;
  if (name == "BertTokenizer" || name == "DistilBertTokenizer") return TokenizerKind::kWordPiece;
  throw InputError(fmt::format("{}: tokenizer_class: EsmTokenizer, BertTokenizer or DistilBertTokenizer expected for a "
                               "vocab.txt, got '{}'", configuration.config().place(), printable(name, 80)));
}

}  // namespace

void Tokenizer::encode(std::string_view text, Encoding& into, bool with_offsets) const {
  if (text.size() > 0xFFFFFFF0u) throw InputError(fmt::format("text of {} bytes, at most 4294967280 are read", text.size()));
  if (const std::size_t at = utf8_fault(text); at != text.npos) {
    throw InputError(fmt::format("byte {} of the text: UTF-8 expected", at));
  }
  append(text, into, with_offsets);
}

std::unique_ptr<Tokenizer> read_tokenizer(TokenizerFiles files, TokenizerKind kind) {
  const TokenizerConfiguration configuration(files);
  if (kind != TokenizerKind::kEsm && files.text.contains("tokenizer.json")) {
    return read_tokenizer_json(std::move(files), configuration);
  }
  const auto vocab = files.text.find("vocab.txt");
  if (vocab == files.text.end()) throw InputError(fmt::format("{}: tokenizer.json or vocab.txt expected, there is none", files.place));
  if (kind == TokenizerKind::kAny) kind = kind_of(configuration);
  const std::string place = files.place + "/vocab.txt";
  TokenizerFrame frame;
  frame.vocabulary = Vocabulary(lines_of_vocabulary(vocab->second, place));
  frame.specials = configuration.specials(frame.vocabulary, kind == TokenizerKind::kEsm);
  frame.model_max_length = configuration.model_max_length();
  check_added(files, configuration, frame, kind == TokenizerKind::kEsm);
  frame.files = std::move(files);
  return kind == TokenizerKind::kEsm ? esm_of(std::move(frame), place) : bert_of(std::move(frame), configuration, place);
}

std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& folder, TokenizerKind kind) {
  TokenizerFiles files{folder.string(), {}};
  for (const char* name : kNames) {
    if (std::filesystem::exists(folder / name)) files.text[name] = read_file(folder / name, kMostBytes);
  }
  return read_tokenizer(std::move(files), kind);
}

std::map<std::string, std::string> tokenizer_files(const Tokenizer& tokenizer, std::int64_t max_length) {
  std::map<std::string, std::string> files = tokenizer.files().text;
  if (max_length > 0) {
    std::string& text = files["tokenizer_config.json"];
    Json config = text.empty() ? Json::object() : parse_json(text, "tokenizer_config.json");
    config["model_max_length"] = max_length;
    text = config.dump(2) + "\n";
  }
  return files;
}

}  // namespace seqbench::models
