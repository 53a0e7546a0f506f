#pragma once
// A family of pretrained transformers, as data: how its config.json is read, what its tensors are called, which of the
// shared blocks it is made of.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "models/blocks/encoder.h"
#include "models/blocks/heads.h"
#include "models/pretrained/config_reader.h"
#include "models/tokenizers/tokenizer.h"
#include "models/weights/weights_loader.h"

namespace seqbench::models {

struct UnusedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// What a family makes of one config.json.
struct Architecture {
  EncoderSettings encoder;
  EncoderNames names;
  HeadSettings head;
  LmHeadSettings lm_head;
  NameRules rules;
  /// Beginnings of the names of heads, this family's own: what a folder may lack or hold beside the encoder. Of the
  /// classification head with its pooler, and of language models.
  std::vector<std::string> head_names, lm_head_names;
  /// Where a file may hold the rotary frequencies, the first that is there counts; any other name that ends in
  /// "rotary_embeddings.inv_freq" is passed over.
  std::vector<std::string> frequency_names;
  /// Tensors that checkpoints may hold and no forward pass reads: kept for whoever reads the folder next.
  std::vector<UnusedTensor> unused;
  std::int64_t labels = 2;
  TokenizerKind tokenizer = TokenizerKind::kAny;
  std::string sequence_class;  // "BertForSequenceClassification", for config.json
};

struct Family {
  std::string_view name;
  std::string_view summary;
  std::string_view citation;
  std::vector<std::string> views;
  std::vector<std::string> lora_targets = {"query", "value"};  // default of lora.target_modules
  bool (*reads)(const Json& config) = nullptr;
  Architecture (*architecture)(const ConfigReader& config) = nullptr;
  /// Sizes of a model without a folder, and what it is then; null where the family has no tokenizer of its own.
  std::vector<ParamSpec> fresh_params = {};
  Json (*fresh_config)(const Params& params) = nullptr;
  std::unique_ptr<Tokenizer> (*fresh_tokenizer)(const Params& params) = nullptr;
};

/// What a family calls the sizes that all have.
struct SizeKeys {
  const char* width;
  const char* layers;
  const char* heads;
  const char* feed_forward;
};
inline constexpr std::int64_t kMaxRows = 10'000'000;  // of a table in a configuration that is believed
/// vocabulary, width, layers, heads and feed_forward of config.json; `fallback` has those of absent keys, 0 = required.
[[nodiscard]] EncoderSettings read_sizes(const ConfigReader& config, const SizeKeys& keys, const EncoderSettings& fallback = {});

/// Params hidden, layers, heads and feed_forward of a model without a folder, with these defaults.
[[nodiscard]] std::vector<ParamSpec> fresh_sizes(std::int64_t hidden, std::int64_t layers, std::int64_t heads,
                                                 std::int64_t feed_forward);
[[nodiscard]] ParamSpec fresh_size(const char* name, std::int64_t fallback, const char* help);

/// Keys that all of Hugging Face's encoders share and of which only one value is built here.
void refuse_unsupported(const ConfigReader& config);

}  // namespace seqbench::models
