#include "models/tokenizers/tokenizer_json.h"

#include <algorithm>
#include <utility>

#include "models/tokenizers/byte_pair.h"
#include "models/tokenizers/word_piece.h"

namespace seqbench::models {
namespace {

/// Faults of a file, told all at once.
class Refusals {
 public:
  template <typename Look>
  void look(Look part) {
    try {
      part();
    } catch (const InputError& error) {
      faults_.emplace_back(error.what());
    }
  }
  /// Throws them, and below them what is read.
  void finish(std::string_view read) const {
    if (!faults_.empty()) throw InputError(fmt::format("{}\n{}", join(faults_, "\n"), read));
  }

 private:
  std::vector<std::string> faults_;
};

void put(std::vector<std::string>& tokens, std::size_t most, const std::string& token, const JsonPlace& id) {
  const auto at = static_cast<std::size_t>(id.integer(0, static_cast<std::int32_t>(most)));
  if (tokens.size() <= at) tokens.resize(at + 1);
  if (token.empty()) id.refuse("a token that isn't empty");
  if (!tokens[at].empty() && tokens[at] != token) id.refuse(fmt::format("an id of its own ('{}' has it too)", printable(tokens[at], 40)));
  tokens[at] = token;
}

/// The model's tokens and the added ones.
std::vector<std::string> tokens_of(const JsonPlace& root) {
  const JsonPlace vocab = root.at("model").at("vocab");
  if (!vocab.value().is_object()) vocab.refuse("object");
  const std::size_t added = root.has("added_tokens") ? root.at("added_tokens").size_of_array() : 0;
  const std::size_t most = std::min<std::size_t>((vocab.value().size() + added) * 2 + 1000, 1u << 24);  // holes are few
  std::vector<std::string> tokens;
  for (const auto& [token, id] : vocab.value().items()) put(tokens, most, token, {id, fmt::format("{}: '{}'", vocab.place(), printable(token, 40))});
  for (std::size_t i = 0; i < added; ++i) {
    const JsonPlace entry = root.at("added_tokens").at(i);
    const std::string& token = entry.at("content").string();
    if (vocab.value().contains(token) && vocab.value()[token] != entry.at("id").value()) entry.at("id").refuse("the vocabulary's id of the token");
    put(tokens, most, token, entry.at("id"));
  }
  return tokens;
}

/// Special tokens of the other files are cut out of texts where this file adds them; the reference would add the rest.
void check_extra_specials(const JsonPlace& root, const TokenizerConfiguration& configuration) {
  const std::size_t count = root.has("added_tokens") ? root.at("added_tokens").size_of_array() : 0;
  for (const std::string& token : configuration.extra_specials()) {
    bool known = false;
    for (std::size_t i = 0; i < count; ++i) known = known || root.at("added_tokens").at(i).at("content").string() == token;
    if (known) continue;
    throw InputError(fmt::format("{}: the special token '{}' is not among the added_tokens of {}", configuration.config().place(),
                                 printable(token, 80), root.place()));
  }
}

AddedTokens added_of(const JsonPlace& root, const TokenizerFrame& frame) {
  AddedTokens added;
  const std::size_t count = root.has("added_tokens") ? root.at("added_tokens").size_of_array() : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const JsonPlace entry = root.at("added_tokens").at(i);
    for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) entry.require_boolean(key, false);
    added.add(entry.at("content").string(), entry.at("id").integer(0, frame.vocabulary.size() - 1));
  }
  for (const std::int32_t id : {frame.specials.pad, frame.specials.unk, frame.specials.cls, frame.specials.sep, frame.specials.mask}) {
    if (id >= 0) added.add(frame.vocabulary.token(id), id);
  }
  return added;
}

std::int32_t special_of(const JsonPlace& processor, const std::string& name, const Vocabulary& vocabulary) {
  const JsonPlace ids = processor.at("special_tokens").at(name.c_str()).at("ids");
  if (ids.size_of_array() != 1) ids.refuse("one id");
  return ids.at(std::size_t{0}).integer(0, vocabulary.size() - 1);
}

struct Template {
  std::vector<std::int32_t> ids[3];  // before, between, after
  std::vector<std::int32_t> types;   // of the first text, `between`, the second text and `after`
};

/// "single" or "pair": special tokens around the texts A and, in a pair, B.
Template template_of(const JsonPlace& processor, const char* key, const Vocabulary& vocabulary) {
  Template read;
  const JsonPlace parts = processor.at(key);
  std::size_t texts = 0;
  for (std::size_t i = 0; i < parts.size_of_array(); ++i) {
    if (parts.at(i).has("Sequence")) {
      const JsonPlace text = parts.at(i).at("Sequence");
      text.require_string("id", texts == 0 ? "A" : "B");
      if (++texts > (key == std::string_view("pair") ? 2u : 1u)) text.refuse("one text less");
      read.types.push_back(text.at("type_id").integer(0, 1));
      continue;
    }
    const JsonPlace token = parts.at(i).at("SpecialToken");
    const std::size_t slot = key == std::string_view("single") && texts == 1 ? 2 : texts;
    read.ids[slot].push_back(special_of(processor, token.at("id").string(), vocabulary));
    const std::int32_t type = token.at("type_id").integer(0, 1);
    if (type != (slot == 2 && !read.types.empty() ? read.types.back() : 0)) token.refuse("the text's type");
  }
  if (texts != (key == std::string_view("pair") ? 2u : 1u) || read.types.front() != 0) parts.refuse("one text A of type 0, and B in a pair");
  return read;
}

void read_processor(const JsonPlace& root, TokenizerFrame& frame) {
  if (!root.has("post_processor")) return;
  const JsonPlace processor = root.at("post_processor");
  const std::string& type = processor.at("type").string();
  if (type == "BertProcessing") {
    const auto id_of = [&](const char* key) {
      const JsonPlace pair = processor.at(key);
      if (pair.size_of_array() != 2) pair.refuse("[token, id]");
      return pair.at(std::size_t{1}).integer(0, frame.vocabulary.size() - 1);
    };
    frame.before = {id_of("cls")};
    frame.between = frame.after = {id_of("sep")};
    frame.has_pairs = frame.types_of_pairs = true;
  } else if (type == "TemplateProcessing") {
    const Template single = template_of(processor, "single", frame.vocabulary);
    const Template pair = template_of(processor, "pair", frame.vocabulary);
    frame.before = single.ids[0];
    frame.after = single.ids[2];
    frame.between = pair.ids[1];
    frame.has_pairs = pair.ids[0] == single.ids[0] && pair.ids[2] == single.ids[2];
    frame.types_of_pairs = pair.types.back() == 1;
  } else {
    processor.at("type").refuse("BertProcessing or TemplateProcessing");
  }
}

std::int32_t unknown_of(const JsonPlace& model, const Vocabulary& vocabulary) {
  const auto unknown = vocabulary.id_of(model.at("unk_token").string());
  if (!unknown) model.at("unk_token").refuse("token of the vocabulary");
  return *unknown;
}

void read_bert_normalizer(const JsonPlace& normalizer, const JsonPlace& config, WordPieceOptions& options) {
  normalizer.require_string("type", "BertNormalizer");
  normalizer.require_boolean("clean_text", true);
  options.lowercase = config.boolean("do_lower_case", normalizer.boolean("lowercase", true));
  options.space_ideographs = config.boolean("tokenize_chinese_chars", normalizer.boolean("handle_chinese_chars", true));
  const bool accents = normalizer.boolean("strip_accents", options.lowercase);  // null: as lowercase
  options.strip_accents = config.boolean("strip_accents", accents);
}

std::unique_ptr<Tokenizer> word_piece(const JsonPlace& root, const TokenizerConfiguration& configuration, TokenizerFrame frame) {
  const JsonPlace model = root.at("model");
  Refusals refusals;
  WordPieceOptions options;
  AddedTokens added;
  refusals.look([&] { read_bert_normalizer(root.at("normalizer"), configuration.config(), options); });
  refusals.look([&] { root.at("pre_tokenizer").require_string("type", "BertPreTokenizer"); });
  refusals.look([&] { options.continuation = model.string("continuing_subword_prefix", "##"); });
  refusals.look([&] {
    if (model.has("max_input_chars_per_word")) {
      options.longest_word = static_cast<std::uint32_t>(model.at("max_input_chars_per_word").integer(1, 1 << 30));
    }
  });
  refusals.look([&] { options.unknown = unknown_of(model, frame.vocabulary); });
  refusals.look([&] { added = added_of(root, frame); });
  refusals.look([&] { read_processor(root, frame); });
  refusals.finish("read of WordPiece: BertNormalizer, BertPreTokenizer; no post_processor, BertProcessing or TemplateProcessing");
  return make_word_piece(std::move(frame), std::move(added), options);
}

char one_character(const JsonPlace& place) {
  if (place.string().size() != 1 || static_cast<unsigned char>(place.string()[0]) >= 0x80) place.refuse("one ASCII character");
  return place.string()[0];
}

/// Regex "N{10,}".
void read_run(const JsonPlace& replace, BytePairOptions& options) {
  const JsonPlace regex = replace.at("pattern").at("Regex");
  const std::string& text = regex.string();
  const auto count = text.size() < 5 ? std::nullopt : parse_int(std::string_view(text).substr(2, text.size() - 4));
  const bool letter = !text.empty() && ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'));
  if (!letter || !count || *count < 1 || *count > 1000000 || text[1] != '{' || !text.ends_with(",}")) {
    regex.refuse("a letter's run like N{10,}");
  }
  options.run = text[0];
  options.run_length = static_cast<std::uint32_t>(*count);
  options.run_becomes = one_character(replace.at("content"));
}

void read_normalizer(const JsonPlace& normalizer, BytePairOptions& options) {
  const std::string& type = normalizer.at("type").string();
  if (type == "Sequence") {
    const JsonPlace all = normalizer.at("normalizers");
    for (std::size_t i = 0; i < all.size_of_array(); ++i) {
      if (all.at(i).at("type").string() == "Sequence") all.at(i).at("type").refuse("Strip or Replace");
      read_normalizer(all.at(i), options);
    }
  } else if (type == "Strip" && !options.strip && options.run == 0) {
    normalizer.require_boolean("strip_left", true);
    normalizer.require_boolean("strip_right", true);
    options.strip = true;
  } else if (type == "Replace" && options.run == 0) {
    read_run(normalizer, options);
  } else {
    normalizer.at("type").refuse("at most one Strip, then at most one Replace");
  }
}

std::vector<Merge> merges_of(const JsonPlace& model, const Vocabulary& vocabulary) {
  const JsonPlace merges = model.at("merges");
  std::vector<Merge> read;
  const std::size_t count = merges.size_of_array();
  read.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const JsonPlace merge = merges.at(i);
    std::string left, right;
    if (merge.value().is_array() && merge.value().size() == 2) {
      left = merge.at(std::size_t{0}).string();
      right = merge.at(std::size_t{1}).string();
    } else {
      const std::size_t space = merge.string().find(' ');
      if (space == std::string::npos || merge.string().find(' ', space + 1) != std::string::npos) merge.refuse("two tokens");
      left = merge.string().substr(0, space);
      right = merge.string().substr(space + 1);
    }
    const auto a = vocabulary.id_of(left), b = vocabulary.id_of(right), whole = vocabulary.id_of(left + right);
    if (!a || !b || !whole) merge.refuse("two tokens of the vocabulary that make a third");
    read.push_back({*a, *b, *whole});
  }
  return read;
}

void check_model_switches(const JsonPlace& model, Refusals& refusals) {
  for (const char* key : {"fuse_unk", "byte_fallback", "ignore_merges"}) {
    refusals.look([&] { model.require_boolean(key, false); });
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    refusals.look([&] {
      if (!model.string(key, "").empty()) model.at(key).refuse("nothing");
    });
  }
  refusals.look([&] {
    if (model.has("dropout") && model.at("dropout").value() != 0) model.at("dropout").refuse("null");
  });
}

void read_pre_tokenizer(const JsonPlace& split, const Vocabulary& vocabulary, BytePairOptions& options) {
  const JsonPlace type = split.at("type");
  if (type.string() == "Split") {
    split.require_string("behavior", "Isolated");
    split.require_boolean("invert", false);
    options.isolated = one_character(split.at("pattern").at("String"));
  } else if (type.string() == "Whitespace") {
    for (const std::string& token : vocabulary.tokens()) {
      if (std::ranges::all_of(token, [](char c) { return static_cast<unsigned char>(c) < 128; })) continue;
      type.refuse(fmt::format("Split (tokens beyond ASCII, as '{}', do not go with Whitespace here)", printable(token, 40)));
    }
    options.split_words = true;
  } else {
    type.refuse("Split or Whitespace");
  }
}

std::unique_ptr<Tokenizer> byte_pair(const JsonPlace& root, TokenizerFrame frame) {
  const JsonPlace model = root.at("model");
  Refusals refusals;
  BytePairOptions options;
  AddedTokens added;
  std::vector<Merge> merges;
  check_model_switches(model, refusals);
  refusals.look([&] { options.unknown = unknown_of(model, frame.vocabulary); });
  refusals.look([&] {
    if (root.has("normalizer")) read_normalizer(root.at("normalizer"), options);
  });
  refusals.look([&] { added = added_of(root, frame); });
  refusals.look([&] {
    if (root.has("pre_tokenizer")) read_pre_tokenizer(root.at("pre_tokenizer"), frame.vocabulary, options);
  });
  refusals.look([&] { read_processor(root, frame); });
  refusals.look([&] { merges = merges_of(model, frame.vocabulary); });
  refusals.finish("read of BPE: no normalizer or Strip, Replace of a letter's run; no pre_tokenizer, Split at one character or Whitespace; "
                  "no post_processor, BertProcessing or TemplateProcessing");
  return make_byte_pair(std::move(frame), std::move(added), std::move(merges), options);
}

}  // namespace

std::unique_ptr<Tokenizer> read_tokenizer_json(TokenizerFiles files, const TokenizerConfiguration& configuration) {
  const std::string place = files.place + "/tokenizer.json";
  const Json json = parse_json(files.text.at("tokenizer.json"), place);
  const JsonPlace root(json, place);
  TokenizerFrame frame;
  frame.vocabulary = Vocabulary(tokens_of(root));
  if (frame.vocabulary.size() == 0) root.at("model").at("vocab").refuse("at least one token");
  check_extra_specials(root, configuration);
  frame.specials = configuration.specials(frame.vocabulary, frame.vocabulary.id_of("<pad>").has_value());
  frame.model_max_length = configuration.model_max_length();
  frame.files = std::move(files);
  const JsonPlace type = root.at("model").at("type");
  if (type.string() == "WordPiece") return word_piece(root, configuration, std::move(frame));
  if (type.string() == "BPE") return byte_pair(root, std::move(frame));
  type.refuse("WordPiece or BPE");
}

}  // namespace seqbench::models
