#pragma once
// Generated tables as text, hexadecimal; their form is told in tests/parity/tokenizers/make_unicode.py.

#include <string_view>

namespace seqbench::models {

extern const std::string_view kDroppedRanges, kSpaceRanges, kPunctuationRanges, kIdeographRanges, kAccentRanges;
extern const std::string_view kLowerRows, kClassRows, kDecompositionRows;

}  // namespace seqbench::models
