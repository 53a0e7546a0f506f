#pragma once
// ESM-2 and Nucleotide Transformer: keys of config.json and names of tensors (transformers' modeling_esm; v2's gated
// feed-forward as in the code that its folders bring).

#include "models/pretrained/architecture.h"

namespace seqbench::models {

/// Whether config.json is of the ESM layout: "model_type": "esm", or none and an auto_map to EsmConfig (NT v2).
[[nodiscard]] bool is_esm_layout(const Json& config);
[[nodiscard]] Architecture esm_architecture(const ConfigReader& config);

/// ESM-2. Without a folder: params hidden, layers, heads and feed_forward, by default those of the smallest published one.
[[nodiscard]] const Family& esm2_family();

}  // namespace seqbench::models
