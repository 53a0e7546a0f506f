#pragma once
// What tokenizer_config.json and special_tokens_map.json say.

#include <optional>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "models/tokenizers/read_json.h"
#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {

class TokenizerConfiguration {
 public:
  /// InputError for a key that changes ids in a way that is not built here.
  explicit TokenizerConfiguration(const TokenizerFiles& files);
  [[nodiscard]] JsonPlace config() const { return {config_, config_place_}; }
  /// "BertTokenizer", "" where none is given; without a trailing "Fast".
  [[nodiscard]] std::string tokenizer_class() const;
  [[nodiscard]] std::int64_t model_max_length() const;
  /// The token of "pad_token", "cls_token" ...: tokenizer_config.json decides, null included, then the map, then
  /// `otherwise` where the vocabulary has it. InputError where a written one is not in the vocabulary.
  [[nodiscard]] std::int32_t special(const char* key, const char* otherwise, const Vocabulary& vocabulary) const;
  [[nodiscard]] SpecialIds specials(const Vocabulary& vocabulary, bool angled) const;
  /// Tokens that the files call special beside those of SpecialIds.
  [[nodiscard]] std::vector<std::string> extra_specials() const;

 private:
  Json config_ = Json::object(), map_ = Json::object();
  std::string config_place_, map_place_;
};

}  // namespace seqbench::models
