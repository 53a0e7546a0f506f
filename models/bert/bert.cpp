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

const Family& family() {
  static const Family kFamily = [] {
    Family f;
    f.name = "bert";
    f.summary = "BERT: a pretrained folder, or from scratch on single DNA letters";
    f.citation = "Devlin et al. 2019";
    f.views = {"dna", "sentence", "protein"};
    f.lora_targets = {"query", "value"};
    f.reads = &reads;
    f.architecture = &bert_architecture;
    f.fresh_params = fresh_sizes(768, 12, 12, 3072);
    f.fresh_params.push_back(fresh_size("max_positions", 512, "tokens that the position table has rows for"));
    f.fresh_params.push_back({.name = "add_cls", .fallback = false,
                              .help = "[CLS] before the letters; without it the head reads the first letter, as the paper's does; of a model without a folder",
                              .choices = {}});
    f.fresh_config = &fresh_config;
    f.fresh_tokenizer = &fresh_tokenizer;
    return f;
  }();
  return kFamily;
}

}  // namespace
}  // namespace seqbench::models::bert

namespace seqbench {

SEQBENCH_MODEL(bert) { return models::pretrained_entry<&models::bert::family>(); }

}  // namespace seqbench
