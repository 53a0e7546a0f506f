#pragma once
// tokenizer.json of the `tokenizers` package, as far as the models of the papers use it.

#include "models/tokenizers/configuration.h"
#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {

/// WordPiece behind BertNormalizer and BertPreTokenizer; BPE behind Strip, Replace of a run and Split on a character.
/// "truncation" and "padding" are ignored, as transformers overrides them.
[[nodiscard]] std::unique_ptr<Tokenizer> read_tokenizer_json(TokenizerFiles files, const TokenizerConfiguration& configuration);

}  // namespace seqbench::models
