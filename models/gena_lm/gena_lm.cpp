// GENA-LM's BERTs (Fishman et al. 2023): LayerNorm before attention and feed-forward, some with one after the last layer.
#include "models/pretrained/bert_layout.h"
#include "models/pretrained/entry.h"

namespace seqbench::models::gena_lm {
namespace {

bool reads(const Json& config) {
  return config.value("model_type", Json()) == "bert" && config.value("pre_layer_norm", Json()) == true;
}

Architecture architecture(const ConfigReader& config) {
  config.only("sparse_config_cls", {});  // the DeepSpeed variants
  config.only("sparse_attention", {});
  config.only("rotary_dim", {0});
  Architecture a = bert_architecture(config);
  a.encoder.pre_norm = true;
  a.encoder.final_norm = config.flag("last_layer_norm", true);  // absent: as pre_layer_norm, in its authors' code
  a.names.attention_norm = "bert.encoder.layer.{}.pre_attention_ln";
  a.names.feed_forward_norm = "bert.encoder.layer.{}.post_attention_ln";
  a.names.final_norm = "bert.encoder.last_layer_ln";
  return a;
}

const Family& family() {
  static const Family kFamily{
      .name = "gena_lm",
      .summary = "GENA-LM: BERT with LayerNorm first, pretrained on human and many genomes",
      .citation = "Fishman et al. 2023",
      .views = {"dna"},
      .reads = &reads,
      .architecture = &architecture,
  };
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::gena_lm

namespace seqbench {

SEQBENCH_MODEL(gena_lm) { return models::pretrained_entry<&models::gena_lm::family>(); }

}  // namespace seqbench
