#pragma once
// Byte-pair encoding (Sennrich et al. 2016) over characters, a whole sequence being one word (GENA-LM's) or its runs of
// letters and of other signs being words (DNABERT-2's); with no merges a tokenizer of characters.

#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {

struct Merge {
  std::int32_t left = 0, right = 0, result = 0;  // its place in the list is its rank
};

struct BytePairOptions {
  std::int32_t unknown = -1;  // of each character outside the alphabet
  bool strip = false;         // white space at both ends of a piece
  char run = 0, run_becomes = 0;  // `run` at least `run_length` times becomes one character; 0: no such rule
  std::uint32_t run_length = 0;
  char isolated = 0;  // a word of its own; 0: none
  /// Words are the matches of \w+|[^\w\s]+, white space between them is gone. The vocabulary's characters are ASCII then:
  /// any other is unknown, so that no merge reaches it and its class decides nothing.
  bool split_words = false;
};

/// Parts and results of merges are ids of the vocabulary.
[[nodiscard]] std::unique_ptr<Tokenizer> make_byte_pair(TokenizerFrame frame, AddedTokens added, std::vector<Merge> merges,
                                                        const BytePairOptions& options);

}  // namespace seqbench::models
