#pragma once
// The rule of transformers' EsmTokenizer (tokenization_esm.py over Trie of tokenization_python.py): every token of the
// vocabulary is cut out whole; of what lies between, each word by white space is one unknown.

#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {

/// InputError where a token holds white space or the vocabulary is too large for a trie. specials.unk must be there.
[[nodiscard]] std::unique_ptr<Tokenizer> make_unsplittable(TokenizerFrame frame);

}  // namespace seqbench::models
