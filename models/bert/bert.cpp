// BERT (Devlin et al. 2019): pretrained folders, and from scratch on DNA letters as the DREAM paper trains it.
#include "models/pretrained/bert_layout.h"
#include "models/pretrained/entry.h"

namespace seqbench::models::bert {
namespace {

/// GENA-LM's folders say "bert" as well.
bool reads(const Json& config) {
  return config.value("model_type", Json()) == "bert" && config.value("pre_layer_norm", Json()) != true;
}

Json fresh_config(const Params& params) { return fresh_bert_config(params, dna_character_tokenizer(false)->size()); }

std::unique_ptr<Tokenizer> fresh_tokenizer(const Params& params) { return dna_character_tokenizer(params.flag("add_cls")); }

std::vector<ParamSpec> fresh_params() {
  std::vector<ParamSpec> params = fresh_sizes(768, 12, 12, 3072);
  params.push_back(fresh_size("max_positions", 512, "tokens that the position table has rows for"));
  params.push_back({.name = "add_cls", .fallback = false,
                    .help = "[CLS] before the letters; without it the head reads the first letter, as the paper's does; of a model without a folder",
                    .choices = {}});
  return params;
}

const Family& family() {
  static const Family kFamily{
      .name = "bert",
      .summary = "BERT: a pretrained folder, or from scratch on single DNA letters",
      .citation = "Devlin et al. 2019",
      .views = {"dna", "sentence", "protein"},
      .reads = &reads,
      .architecture = &bert_architecture,
      .fresh_params = fresh_params(),
      .fresh_config = &fresh_config,
      .fresh_tokenizer = &fresh_tokenizer,
  };
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::bert

namespace seqbench {

SEQBENCH_MODEL(bert) { return models::pretrained_entry<&models::bert::family>(); }

}  // namespace seqbench
