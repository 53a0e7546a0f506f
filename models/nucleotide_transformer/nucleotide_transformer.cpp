// Nucleotide Transformer (Dalla-Torre et al. 2023) on 6-mers: v1 with learned positions, v2 with rotary ones and a gated
// feed-forward.
#include "models/pretrained/entry.h"
#include "models/pretrained/esm_layout.h"

namespace seqbench::models::nucleotide_transformer {
namespace {

constexpr std::int64_t kMaxAlphabet = 100;  // as in esm2: more tokens are 6-mers

bool reads(const Json& config) {
  return is_esm_layout(config) && config.value("vocab_size", Json()).is_number() &&
         config.value("vocab_size", Json()).get<double>() > kMaxAlphabet;
}

int generation(const Params& params) { return params.text("generation") == "v1" ? 1 : 2; }

Json fresh_config(const Params& params) {
  const bool first = generation(params) == 1;
  Json config = {{"model_type", "esm"},
                 {"vocab_size", first ? 4105 : 4107},
                 {"hidden_size", params.integer("hidden")},
                 {"num_hidden_layers", params.integer("layers")},
                 {"num_attention_heads", params.integer("heads")},
                 {"intermediate_size", params.integer("feed_forward")},
                 {"max_position_embeddings", first ? 1002 : 2050},
                 {"position_embedding_type", first ? "absolute" : "rotary"},
                 {"token_dropout", first},
                 {"pad_token_id", 1},
                 {"mask_token_id", 2},
                 {"tie_word_embeddings", false},
                 {"layer_norm_eps", 1e-12},
                 {"hidden_dropout_prob", 0.0},
                 {"attention_probs_dropout_prob", 0.0}};
  if (!first) config["add_bias_fnn"] = false;
  return config;
}

std::unique_ptr<Tokenizer> fresh_tokenizer(const Params& params) { return nucleotide_tokenizer(generation(params)); }

std::vector<ParamSpec> fresh_params() {
  std::vector<ParamSpec> params = fresh_sizes(512, 12, 16, 2048);
  params.push_back({.name = "generation", .fallback = std::string("v2"), .help = "of a model without a folder",
                    .choices = {"v1", "v2"}});
  return params;
}

const Family& family() {
  static const Family kFamily{
      .name = "nucleotide_transformer",
      .summary = "Nucleotide Transformer v1 and v2: DNA language models on 6-mers",
      .citation = "Dalla-Torre et al. 2023",
      .views = {"dna"},
      .reads = &reads,
      .architecture = &esm_architecture,
      .fresh_params = fresh_params(),
      .fresh_config = &fresh_config,
      .fresh_tokenizer = &fresh_tokenizer,
  };
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::nucleotide_transformer

namespace seqbench {

SEQBENCH_MODEL(nucleotide_transformer) { return models::pretrained_entry<&models::nucleotide_transformer::family>(); }

}  // namespace seqbench
