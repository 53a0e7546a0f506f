#pragma once
// What BERT, GENA-LM and BigBird have in common: keys of config.json and names of tensors.

#include "models/pretrained/architecture.h"

namespace seqbench::models {

/// Post-norm BERT with pooler and classifier; families change what differs.
[[nodiscard]] Architecture bert_architecture(const ConfigReader& config);

/// config.json of a BERT of these params: hidden, layers, heads, feed_forward, max_positions, dropout; `vocabulary` rows.
[[nodiscard]] Json fresh_bert_config(const Params& params, std::int64_t vocabulary);
}  // namespace seqbench::models
