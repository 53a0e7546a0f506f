#pragma once
// BERT's WordPiece (Schuster & Nakajima 2012; Devlin et al. 2018) behind BertNormalizer and BertPreTokenizer.

#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {

struct WordPieceOptions {
  bool strip_accents = true, lowercase = true, space_ideographs = true;
  std::int32_t unknown = -1;
  std::uint32_t longest_word = 100;  // code points; a longer word is one unknown
  std::string continuation = "##";
};

/// clean_text is always on. InputError where the vocabulary is too large for a trie.
[[nodiscard]] std::unique_ptr<Tokenizer> make_word_piece(TokenizerFrame frame, AddedTokens added,
                                                         const WordPieceOptions& options);

}  // namespace seqbench::models
