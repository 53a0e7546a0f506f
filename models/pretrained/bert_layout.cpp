#include "models/pretrained/bert_layout.h"

#include "harness/base/error.h"

namespace seqbench::models {
namespace bert_layout {
namespace {

EncoderNames names() {
  const std::string layer = "bert.encoder.layer.{}.";
  const std::string self = layer + "attention.self.";
  return {.words = "bert.embeddings.word_embeddings",
          .positions = "bert.embeddings.position_embeddings",
          .types = "bert.embeddings.token_type_embeddings",
          .embedding_norm = "bert.embeddings.LayerNorm",
          .attention = {self + "query", self + "key", self + "value", layer + "attention.output.dense"},
          .attention_norm = layer + "attention.output.LayerNorm",
          .feed_forward_in = layer + "intermediate.dense",
          .feed_forward_out = layer + "output.dense",
          .feed_forward_norm = layer + "output.LayerNorm",
          .final_norm = ""};
}

EncoderSettings settings(const ConfigReader& config) {
  EncoderSettings s = read_sizes(config, {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"});
  s.max_positions = config.integer("max_position_embeddings", 512, 1, kMaxRows);
  s.token_types = config.integer("type_vocab_size", 2, 1, kMaxRows);
  s.pad_id = config.integer("pad_token_id", 0, 0, s.vocabulary - 1);
  s.eps = config.number("layer_norm_eps", 1e-12, 0, 1);
  s.hidden_dropout = config.number("hidden_dropout_prob", 0.1, 0, 0.999);
  s.attention_dropout = config.number("attention_probs_dropout_prob", 0.1, 0, 0.999);
  s.activation = config.activation("hidden_act", "gelu");
  return s;
}

}  // namespace
}  // namespace bert_layout

EncoderSettings read_sizes(const ConfigReader& config, const SizeKeys& keys, const EncoderSettings& fallback) {
  constexpr std::int64_t kMaxWidth = 65536, kMaxLayers = 1000;
  const auto size = [&](const char* key, std::int64_t absent, std::int64_t high) {
    return config.integer(key, absent > 0 ? std::optional(absent) : std::nullopt, 1, high);
  };
  EncoderSettings s;
  s.vocabulary = size("vocab_size", fallback.vocabulary, kMaxRows);
  s.width = size(keys.width, fallback.width, kMaxWidth);
  s.layers = size(keys.layers, fallback.layers, kMaxLayers);
  s.heads = size(keys.heads, fallback.heads, kMaxWidth);
  config.check_heads(keys.heads, s.heads, s.width);
  s.feed_forward = size(keys.feed_forward, fallback.feed_forward, 4 * kMaxWidth);
  return s;
}

void refuse_unsupported(const ConfigReader& config) {
  config.only("is_decoder", {false});
  config.only("add_cross_attention", {false});
  config.only("is_encoder_decoder", {false});
  config.only("pruned_heads", {Json::object()});
  config.only("quantization_config", {});
  config.only("alibi_starting_size", {});  // DNABERT-2 calls itself bert
}

Architecture bert_architecture(const ConfigReader& config) {
  refuse_unsupported(config);
  config.only("position_embedding_type", {"absolute"});
  Architecture a;
  a.encoder = bert_layout::settings(config);
  a.names = bert_layout::names();
  a.head = {.kind = HeadKind::kPooler, .first = "bert.pooler.dense", .second = "classifier",
            .activation = Activation::kTanh,
            .dropout = config.number("classifier_dropout", a.encoder.hidden_dropout, 0, 0.999)};
  a.lm_head = {.dense = "cls.predictions.transform.dense", .norm = "cls.predictions.transform.LayerNorm",
               .decoder_weight = "cls.predictions.decoder.weight", .bias = "cls.predictions.bias",
               .decoder_bias = "cls.predictions.decoder.bias", .activation = a.encoder.activation, .eps = a.encoder.eps,
               .tied = config.flag("tie_word_embeddings", true)};
  a.rules.prefix = "bert.";
  a.rules.ignored = {"*.position_ids", "*.embeddings.token_type_ids"};
  a.rules.tied = {{"bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"},
                  {"cls.predictions.bias", "cls.predictions.decoder.bias"}};
  a.head_names = {"bert.pooler.", "classifier."};
  a.lm_head_names = {"cls.predictions."};
  a.unused = {{"cls.seq_relationship.weight", {2, a.encoder.width}}, {"cls.seq_relationship.bias", {2}}};  // the next sentence's head
  a.labels = config.labels();
  a.tokenizer = TokenizerKind::kWordPiece;  // of a vocab.txt; a tokenizer.json says itself what it is
  a.sequence_class = "BertForSequenceClassification";
  return a;
}

Json fresh_bert_config(const Params& params, std::int64_t vocabulary) {
  return {{"model_type", "bert"},
          {"vocab_size", vocabulary},
          {"hidden_size", params.integer("hidden")},
          {"num_hidden_layers", params.integer("layers")},
          {"num_attention_heads", params.integer("heads")},
          {"intermediate_size", params.integer("feed_forward")},
          {"max_position_embeddings", params.integer("max_positions")},
          {"pad_token_id", 0}};
}

}  // namespace seqbench::models
