#include "models/tokenizers/configuration.h"

#include <algorithm>
#include <array>

namespace seqbench::models {
namespace {

Json object_of(const TokenizerFiles& files, const char* name, const std::string& place) {
  const auto file = files.text.find(name);
  if (file == files.text.end()) return Json::object();
  Json value = parse_json(file->second, place);
  if (!value.is_object()) JsonPlace(value, place).refuse("object");
  return value;
}

}  // namespace

TokenizerConfiguration::TokenizerConfiguration(const TokenizerFiles& files)
    : config_place_(files.place + "/tokenizer_config.json"), map_place_(files.place + "/special_tokens_map.json") {
  config_ = object_of(files, "tokenizer_config.json", config_place_);
  map_ = object_of(files, "special_tokens_map.json", map_place_);
  if (config().has("truncation_side")) config().require_string("truncation_side", "right");
  config().require_boolean("split_special_tokens", false);
}

std::string TokenizerConfiguration::tokenizer_class() const {
  std::string name = config().string("tokenizer_class", "");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

std::int64_t TokenizerConfiguration::model_max_length() const {
  const char* key = config().has("model_max_length") ? "model_max_length" : "max_len";  // of old
  if (!config().has(key)) return 0;
  const JsonPlace place = config().at(key);
  if (!place.value().is_number() || place.value().get<double>() < 1) place.refuse("number of tokens, at least 1");
  const double limit = place.value().get<double>();
  return limit > 1e15 ? 0 : static_cast<std::int64_t>(limit);  // 1e30 is the reference's "no limit"
}

std::int32_t TokenizerConfiguration::special(const char* key, const char* otherwise, const Vocabulary& vocabulary) const {
  const bool in_config = config_.contains(key);
  if (!in_config && !map_.contains(key)) return vocabulary.id_of(otherwise).value_or(-1);
  JsonPlace written = in_config ? config().at(key) : JsonPlace(map_, map_place_).at(key);
  if (written.value().is_null()) return -1;
  if (written.value().is_object()) written = written.at("content");
  const auto id = vocabulary.id_of(written.string());
  if (!id) written.refuse("token of the vocabulary");
  return *id;
}

std::vector<std::string> TokenizerConfiguration::extra_specials() const {
  constexpr std::array<std::string_view, 7> kKnown = {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
  std::vector<std::string> tokens;
  const auto add = [&](const JsonPlace& token) { tokens.push_back(token.value().is_object() ? token.at("content").string() : token.string()); };
  for (const JsonPlace& from : {config(), JsonPlace(map_, map_place_)}) {
    for (const auto& [key, value] : from.value().items()) {
      const bool named = key.ends_with("_token") && std::ranges::find(kKnown, key) == kKnown.end() && (value.is_string() || value.is_object());
      if (named) add(from.at(key.c_str()));
      if (key != "additional_special_tokens" && key != "extra_special_tokens") continue;
      if (value.is_null()) continue;
      if (!value.is_structured()) from.at(key.c_str()).refuse("list of tokens");
      for (const auto& [index, token] : value.items()) add({token, fmt::format("{}: {}: {}", from.place(), key, index)});
    }
  }
  return tokens;
}

SpecialIds TokenizerConfiguration::specials(const Vocabulary& vocabulary, bool angled) const {
  const auto find = [&](const char* key, const char* in_brackets, const char* in_angles) {
    return special(key, angled ? in_angles : in_brackets, vocabulary);
  };
  SpecialIds ids;
  ids.pad = find("pad_token", "[PAD]", "<pad>");
  ids.unk = find("unk_token", "[UNK]", "<unk>");
  ids.cls = find("cls_token", "[CLS]", "<cls>");
  ids.sep = find("sep_token", "[SEP]", "<sep>");
  ids.mask = find("mask_token", "[MASK]", "<mask>");
  ids.eos = find("eos_token", "[EOS]", "<eos>");
  if (ids.pad < 0) throw InputError(fmt::format("{}: pad_token: a token of the vocabulary expected, there is none", config_place_));
  return ids;
}

}  // namespace seqbench::models
