// ESM-2 as a family: a folder of its own, or an encoder of given sizes without one.
#include "models/pretrained/esm_layout.h"

namespace seqbench::models {
namespace esm2 {
namespace {

constexpr std::int64_t kMaxAlphabet = 100;  // proteins have 33 tokens, Nucleotide Transformers over 4,000

bool reads(const Json& config) {
  return is_esm_layout(config) && config.value("vocab_size", Json()).is_number() &&
         config.value("vocab_size", Json()).get<double>() <= kMaxAlphabet;
}

Json fresh_config(const Params& params) {
  return {{"model_type", "esm"},
          {"vocab_size", esm_tokenizer()->size()},
          {"hidden_size", params.integer("hidden")},
          {"num_hidden_layers", params.integer("layers")},
          {"num_attention_heads", params.integer("heads")},
          {"intermediate_size", params.integer("feed_forward")},
          {"max_position_embeddings", 1026},
          {"position_embedding_type", "rotary"},
          {"token_dropout", true},
          {"pad_token_id", 1},
          {"mask_token_id", 32},
          {"layer_norm_eps", 1e-5},
          {"hidden_dropout_prob", 0.0},
          {"attention_probs_dropout_prob", 0.0}};
}

std::unique_ptr<Tokenizer> fresh_tokenizer(const Params&) { return esm_tokenizer(); }

}  // namespace
}  // namespace esm2

const Family& esm2_family() {
  static const Family kFamily{
      .name = "esm2",
      .summary = "ESM-2: a protein language model with rotary positions",
      .citation = "Lin et al. 2023",
      .views = {"protein"},
      .reads = &esm2::reads,
      .architecture = &esm_architecture,
      .fresh_params = fresh_sizes(320, 6, 20, 1280),
      .fresh_config = &esm2::fresh_config,
      .fresh_tokenizer = &esm2::fresh_tokenizer,
  };
  return kFamily;
}

}  // namespace seqbench::models
