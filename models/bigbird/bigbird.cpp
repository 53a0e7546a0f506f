// BigBird (Zaheer et al. 2020), as GENA-LM's bigbird-base-t2t has it: full attention on short texts, block-sparse on long.
#include "harness/base/error.h"
#include "models/pretrained/bert_layout.h"
#include "models/pretrained/entry.h"

namespace seqbench::models::bigbird {
namespace {

bool reads(const Json& config) { return config.value("model_type", Json()) == "big_bird"; }

Sparsity sparsity(const ConfigReader& config) {
  const std::string type = config.text("attention_type", "block_sparse");
  if (type == "original_full") return Sparsity::kFull;
  if (type != "block_sparse") config.refuse("attention_type", "block_sparse or original_full");
  return Sparsity::kAuto;
}

Architecture architecture(const ConfigReader& config) {
  config.only("use_bias", {true});
  Architecture a = bert_architecture(config);
  EncoderSettings& s = a.encoder;
  s.dropout_before_norm = true;
  s.rescale_embeddings = config.flag("rescale_embeddings", false);
  s.activation = config.activation("hidden_act", "gelu_new");
  s.max_positions = config.integer("max_position_embeddings", 4096, 1, kMaxRows);
  s.sparsity = sparsity(config);
  s.block = config.integer("block_size", 64, 1, 4096);
  s.random_blocks = config.integer("num_random_blocks", 3, 1, 64);
  a.head.kind = HeadKind::kDense;
  a.head.first = "classifier.dense";
  a.head.second = "classifier.out_proj";
  a.head.activation = a.lm_head.activation = s.activation;
  a.unused.push_back({"bert.pooler.weight", {s.width, s.width}});
  a.unused.push_back({"bert.pooler.bias", {s.width}});
  a.sequence_class = "BigBirdForSequenceClassification";
  return a;
}

const Family& family() {
  static const Family kFamily{
      .name = "bigbird",
      .summary = "BigBird: full attention on short texts, block-sparse on long ones",
      .citation = "Zaheer et al. 2020; Fishman et al. 2023",
      .views = {"dna"},
      .reads = &reads,
      .architecture = &architecture,
  };
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::bigbird

namespace seqbench {

SEQBENCH_MODEL(bigbird) {
  ModelEntry entry = models::pretrained_entry<&models::bigbird::family>();
  entry.params.push_back({.name = "attention", .fallback = std::string("folder"),
                          .help = "folder: as its config.json says, block_sparse meaning auto; auto: block-sparse for texts "
                                  "longer than 5 + 2 random blocks, each as it would be alone; block_sparse: by the padded batch; sticky: full for good after the first short batch, as the reference; a saved folder says full or block_sparse",
                          .choices = {"folder", "full", "auto", "sticky", "block_sparse"}});
  return entry;
}

}  // namespace seqbench
