#include "models/pretrained/entry.h"

namespace seqbench::models {
namespace entry {
namespace {

ParamSpec integer(const char* name, std::int64_t fallback, double low, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = low, .high = high, .choices = {}};
}

ParamSpec number(const char* name, double fallback, double low, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = low, .high = high, .choices = {}};
}

ParamSpec flag(const char* name, const char* help) { return {.name = name, .fallback = false, .help = help, .choices = {}}; }

ParamSpec text(const char* name, const char* fallback, const char* help, std::vector<std::string> choices = {}) {
  return {.name = name, .fallback = std::string(fallback), .help = help, .choices = std::move(choices)};
}

ParamSpec folder(const char* name, const char* help, FileWords files = FileWords::kFolder) {
  return {.name = name, .fallback = std::string(), .help = help, .choices = {}, .files = files};
}

ParamSpec list(const char* name, std::vector<std::string> fallback, const char* help) {
  return {.name = name, .fallback = std::move(fallback), .help = help, .choices = {}};
}

std::vector<ParamSpec> source_params(const Family& family) {
  return {folder("folder", "model folder as Hugging Face has it: its path, or a checkpoint's name once `weights fetch` has it; "
                             "\"\": made without files",
                 family.fresh_config == nullptr ? FileWords::kNeededFolder : FileWords::kFolder),
          folder("adapter", "folder of a peft adapter to start from; its adapter_config.json decides instead of lora.*", FileWords::kAdapter),
          flag("fresh", "draw all weights anew; only configuration and tokenizer are the folder's"),
          flag("new_head", "draw a new head where the folder has one"),
          integer("max_length", 0, 0, 1e6, "tokens, specials included, that a text is cut to; 0: the tokenizer's own limit"),
          number("dropout", -1, -1, 0.99, "of hidden states, attention and head; -1: the folder's own")};
}

std::vector<ParamSpec> training_params(const Family& family) {
  return {text("trained", "all", "all weights, or those of the head alone; lora.rank says otherwise", {"all", "head"}),
          flag("train_pooler", "with adapters: train the pooler too, which peft's recipe leaves as it was drawn"),
          integer("lora.rank", 0, 0, 4096, "of the adapters; 0: none, the whole model is trained"),
          number("lora.alpha", 8, 0, 1e6, "an adapter is scaled by alpha / rank"),
          number("lora.dropout", 0, 0, 0.99, "of the adapters' inputs"),
          flag("lora.rank_stabilized", "scale by alpha / sqrt(rank)"),
          list("lora.target_modules", family.lora_targets,
               "ends of names of the layers that get an adapter, one regular expression, or all-linear"),
          list("lora.modules_to_save", {}, "ends of names of modules trained whole beside the head")};
}

}  // namespace
}  // namespace entry

std::vector<ParamSpec> fresh_sizes(std::int64_t hidden, std::int64_t layers, std::int64_t heads, std::int64_t feed_forward) {
  return {fresh_size("hidden", hidden, "width"), fresh_size("layers", layers, "number of layers"),
          fresh_size("heads", heads, "attention heads of a layer"),
          fresh_size("feed_forward", feed_forward, "width of the feed-forward's hidden layer")};
}

ParamSpec fresh_size(const char* name, std::int64_t fallback, const char* help) {
  return {.name = name, .fallback = fallback, .help = std::string(help) + "; of a model without a folder", .low = 1,
          .high = 65536, .choices = {}};
}

/// Training defaults are the Hugging Face Trainer's, but for the batch, which is the theses' of promoters and phages.
ModelEntry entry_of(const Family& family) {
  ModelEntry entry;
  entry.summary = family.summary;
  entry.citation = family.citation;
  entry.views = family.views;
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = entry::source_params(family);
  for (ParamSpec& spec : entry::training_params(family)) entry.params.push_back(std::move(spec));
  entry.params.insert(entry.params.end(), family.fresh_params.begin(), family.fresh_params.end());
  entry.train = {{"optimizer", std::string("adamw")}, {"learning_rate", 5e-5}, {"schedule", std::string("linear")},
                 {"batch", std::int64_t{8}},          {"eval_batch", std::int64_t{64}}, {"epochs", std::int64_t{3}},
                 {"clip_norm", 1.0}};
  return entry;
}

}  // namespace seqbench::models
