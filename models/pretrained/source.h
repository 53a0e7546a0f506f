#pragma once
// The model folder that an experiment's params or a command names, opened: configuration, tokenizer, weights.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/pretrained/assembled.h"

namespace seqbench::models {

struct Source {
  ConfigReader config;
  Architecture architecture;
  std::unique_ptr<Tokenizer> tokenizer;
  Checkpoints checkpoints;
  std::optional<Lora> adapter;     // of the adapter folder
  std::int64_t outputs = 0;        // of the classification head that the files hold; 0: none
  std::string head_place = {};     // the folder that holds it
  bool has_lm_head = false;
  std::filesystem::path folder;    // empty: made without files
};

/// `weights` false: configuration and tokenizer only. InputError names file and key of what is absent or unsupported.
[[nodiscard]] Source open_source(const Family& family, const std::filesystem::path& folder,
                                 const std::filesystem::path& adapter, bool weights);
/// A model of these params without any files; InputError where the family has no tokenizer of its own.
[[nodiscard]] Source fresh_source(const Family& family, const Params& params);

/// Tokens of one batch on the CPU, padded on the right.
struct TokenTensors {
  at::Tensor ids;   // int64 [B, L]
  at::Tensor keep;  // bool [B, L]
};
[[nodiscard]] TokenTensors token_tensors(std::span<const std::vector<std::int32_t>> rows, std::int64_t pad_id);
/// The cut that a text gets: `asked`, else the tokenizer's own limit, else 0 = none; never more than the position table.
[[nodiscard]] std::int64_t max_length_of(const Source& source, std::int64_t asked);
/// Ids with specials. InputError where there is none.
[[nodiscard]] std::vector<std::int32_t> tokens_of(const Tokenizer& tokenizer, std::string_view text, std::int64_t max_length);

/// Texts of the view; InputError for one that holds none.
[[nodiscard]] const Texts& texts_of(const View& view, const Family& family);
/// "input_ids" of these rows and, where any is padded, "attention_mask".
[[nodiscard]] Batch token_batch(const Source& source, const Texts& texts, std::span<const std::int64_t> rows,
                                std::int64_t max_length);
/// Whether the id is one that the tokenizer adds around or behind texts.
[[nodiscard]] bool is_added(const Tokenizer& tokenizer, std::int64_t id);
/// Whether the id is a special token, wherever it stands: those are never masked.
[[nodiscard]] bool is_special(const Tokenizer& tokenizer, std::int64_t id);
/// InputError where the files hold no masked language model's head.
void need_lm_head(const Source& source);

/// What goes into a written folder beside configuration and weights: the tokenizer's files, `max_length` above 0 as its limit,
/// and the modules that auto_map names, which are never run here.
[[nodiscard]] std::map<std::string, std::string> companion_files(const Source& source, std::int64_t max_length);
/// config.json of weights that are written: all in f32.
[[nodiscard]] Json config_of_weights(Json config);
/// LABEL_0 ..., where the configuration has names for another number of outputs.
void name_labels(Json& config, std::int64_t outputs);

/// Biases and normalisations do not decay (transformers' Trainer.get_decay_parameter_names).
[[nodiscard]] bool decays_by_name(std::string_view name);

}  // namespace seqbench::models
