#include "models/pretrained/esm_layout.h"

#include <string>

namespace seqbench::models {
namespace esm_layout {
namespace {

constexpr char kRotaryTail[] = ".attention.self.rotary_embeddings.inv_freq";

EncoderNames names() {
  const std::string layer = "esm.encoder.layer.{}.";
  const std::string self = layer + "attention.self.";
  return {.words = "esm.embeddings.word_embeddings",
          .positions = "esm.embeddings.position_embeddings",
          .types = "",
          .embedding_norm = "esm.embeddings.layer_norm",
          .attention = {self + "query", self + "key", self + "value", layer + "attention.output.dense"},
          .attention_norm = layer + "attention.LayerNorm",
          .feed_forward_in = layer + "intermediate.dense",
          .feed_forward_out = layer + "output.dense",
          .feed_forward_norm = layer + "LayerNorm",
          .final_norm = "esm.encoder.emb_layer_norm_after"};
}

Positions positions(const ConfigReader& config) {
  const std::string type = config.text("position_embedding_type", "absolute");
  if (type == "rotary") return Positions::kRotary;
  if (type != "absolute") config.refuse("position_embedding_type", "absolute or rotary");
  return Positions::kLearnedFromPad;
}

EncoderSettings settings(const ConfigReader& config) {
  EncoderSettings s = read_sizes(config, {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"});
  s.max_positions = config.integer("max_position_embeddings", 1026, 2, kMaxRows);
  s.pad_id = config.integer("pad_token_id", std::nullopt, 0, s.vocabulary - 1);
  s.token_dropout = config.flag("token_dropout", false);
  s.mask_id = config.integer("mask_token_id", s.token_dropout ? std::nullopt : std::optional<std::int64_t>(-1), -1, s.vocabulary - 1);
  s.eps = config.number("layer_norm_eps", 1e-12, 0, 1);
  s.hidden_dropout = config.number("hidden_dropout_prob", 0.1, 0, 0.999);
  s.attention_dropout = config.number("attention_probs_dropout_prob", 0.1, 0, 0.999);
  s.positions = positions(config);
  if (s.positions == Positions::kRotary && s.width / s.heads % 2 != 0) {
    config.refuse("num_attention_heads", "such that heads are of even width, as rotary positions need");
  }
  s.embedding_norm = config.flag("emb_layer_norm_before", false);
  s.embedding_dropout = false;
  s.mask_embeddings = true;
  s.pre_norm = s.final_norm = true;
  // Only Nucleotide Transformer v2 writes this key, and only its feed-forward is gated.
  s.gated = config.has("add_bias_fnn");
  s.feed_forward_bias = config.flag("add_bias_fnn", true);
  return s;
}

}  // namespace
}  // namespace esm_layout

bool is_esm_layout(const Json& config) {
  if (!config.is_object()) return false;
  const auto type = config.find("model_type");
  if (type != config.end() && type->is_string()) return *type == "esm";
  const auto map = config.find("auto_map");
  return map != config.end() && map->dump().find("EsmConfig") != std::string::npos;
}

Architecture esm_architecture(const ConfigReader& config) {
  refuse_unsupported(config);
  config.only("is_folding_model", {false});
  config.only("rope_theta", {10000, 10000.0});
  Architecture a;
  a.encoder = esm_layout::settings(config);
  a.names = esm_layout::names();
  a.head = {.kind = HeadKind::kDense, .first = "classifier.dense", .second = "classifier.out_proj",
            .activation = Activation::kTanh, .dropout = a.encoder.hidden_dropout};
  a.lm_head = {.dense = "lm_head.dense", .norm = "lm_head.layer_norm", .decoder_weight = "lm_head.decoder.weight",
               .bias = "lm_head.bias", .activation = Activation::kGelu, .eps = a.encoder.eps,
               .tied = config.flag("tie_word_embeddings", true)};
  a.rules.prefix = "esm.";
  a.rules.ignored = {"*.position_ids"};
  // One table for all layers: old files hold it in each layer, of which the first counts; new ones write a literal '*'.
  a.frequency_names = {"esm.rotary_embeddings.inv_freq", std::string("esm.encoder.layer.0") + esm_layout::kRotaryTail,
                       std::string("esm.encoder.layer.*") + esm_layout::kRotaryTail};
  if (a.lm_head.tied) a.rules.tied = {{"esm.embeddings.word_embeddings.weight", "lm_head.decoder.weight"}};
  a.head_names = {"esm.pooler.", "classifier."};
  a.lm_head_names = {"lm_head."};
  a.unused = {{"esm.contact_head.regression.weight", {1, a.encoder.layers * a.encoder.heads}},
              {"esm.contact_head.regression.bias", {1}}};
  if (a.encoder.positions == Positions::kRotary) {
    a.unused.push_back({"esm.embeddings.position_embeddings.weight", {a.encoder.max_positions, a.encoder.width}});
  }
  a.labels = config.labels();
  a.tokenizer = TokenizerKind::kEsm;
  a.sequence_class = "EsmForSequenceClassification";
  return a;
}

}  // namespace seqbench::models
