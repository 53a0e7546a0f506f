// DistilBERT (Sanh et al. 2019): half of BERT's layers, no token types, no pooler.
#include "models/pretrained/entry.h"

namespace seqbench::models::distilbert {
namespace {

bool reads(const Json& config) { return config.value("model_type", Json()) == "distilbert"; }

EncoderSettings settings(const ConfigReader& config) {
  EncoderSettings s = read_sizes(config, {"dim", "n_layers", "n_heads", "hidden_dim"},
                                 {.vocabulary = 30522, .width = 768, .layers = 6, .heads = 12, .feed_forward = 3072});
  s.max_positions = config.integer("max_position_embeddings", 512, 1, kMaxRows);
  s.pad_id = config.integer("pad_token_id", 0, 0, s.vocabulary - 1);
  s.hidden_dropout = config.number("dropout", 0.1, 0, 0.999);
  s.attention_dropout = config.number("attention_dropout", 0.1, 0, 0.999);
  s.activation = config.activation("activation", "gelu");
  s.output_dropout = false;
  return s;
}

EncoderNames names() {
  const std::string layer = "distilbert.transformer.layer.{}.";
  return {.words = "distilbert.embeddings.word_embeddings",
          .positions = "distilbert.embeddings.position_embeddings",
          .types = "",
          .embedding_norm = "distilbert.embeddings.LayerNorm",
          .attention = {layer + "attention.q_lin", layer + "attention.k_lin", layer + "attention.v_lin",
                        layer + "attention.out_lin"},
          .attention_norm = layer + "sa_layer_norm",
          .feed_forward_in = layer + "ffn.lin1",
          .feed_forward_out = layer + "ffn.lin2",
          .feed_forward_norm = layer + "output_layer_norm",
          .final_norm = ""};
}

Architecture architecture(const ConfigReader& config) {
  refuse_unsupported(config);
  config.only("sinusoidal_pos_embds", {false});
  Architecture a;
  a.encoder = settings(config);
  a.names = names();
  a.head = {.kind = HeadKind::kPreClassifier, .first = "pre_classifier", .second = "classifier",
            .activation = Activation::kRelu, .dropout = config.number("seq_classif_dropout", 0.2, 0, 0.999)};
  a.lm_head = {.dense = "vocab_transform", .norm = "vocab_layer_norm", .decoder_weight = "vocab_projector.weight",
               .bias = "vocab_projector.bias", .activation = a.encoder.activation, .eps = a.encoder.eps,
               .tied = config.flag("tie_word_embeddings", true)};
  a.rules.prefix = "distilbert.";
  a.rules.ignored = {"*.position_ids"};
  a.rules.tied = {{"distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight"}};
  a.head_names = {"pre_classifier.", "classifier."};
  a.lm_head_names = {"vocab_transform.", "vocab_layer_norm.", "vocab_projector."};
  a.labels = config.labels();
  a.tokenizer = TokenizerKind::kWordPiece;
  a.sequence_class = "DistilBertForSequenceClassification";
  return a;
}

const Family& family() {
  static const Family kFamily{
      .name = "distilbert",
      .summary = "DistilBERT: a small English language model",
      .citation = "Sanh et al. 2019",
      .views = {"sentence"},  // WordPiece of English makes one unknown word of a sequence
      .lora_targets = {"q_lin", "v_lin"},
      .reads = &reads,
      .architecture = &architecture,
  };
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::distilbert

namespace seqbench {

SEQBENCH_MODEL(distilbert) { return models::pretrained_entry<&models::distilbert::family>(); }

}  // namespace seqbench
