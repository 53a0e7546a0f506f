#pragma once
// Texts that tokenizers find hard, drawn by number: the same on every machine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/streams.h"
#include "models/tokenizers/unicode.h"

namespace seqbench::tokenizer_texts {

inline std::uint32_t any_code_point(Draws& draws) {
  constexpr std::uint32_t kTops[] = {0x80, 0x300, 0x3000, 0x10000, 0x20000, 0x110000};
  const auto c = static_cast<std::uint32_t>(draws.below(kTops[draws.below(6)]));
  return 0xD800 <= c && c < 0xE000 ? 0xFFFD : c;
}

inline std::string_view odd_piece(Draws& draws) {
  static constexpr std::string_view kPieces[] = {
      "[MASK]", "[MASK", "[mask]", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "<mask>", "<cls>", "<eos>", "<pad>", "<unk>", "<<mask>",
      "<mas", "<null_1>", "-", "--", " ", "\t", "\r\n", "\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\xA8", "\x1C", "\xC2\x85", "e\xCC\x81\xCC\xA3",
      "\xCC\xA3\xCC\x81", "\xEA\xB0\x81", "\xED\x95\x9C\xEA\xB5\xAD", "\xE4\xB8\xAD", "\xF0\xAB\xA0\xA0", "\xC4\xB0", "\xCE\xA3",
      "NNNNNNNNN", "NNNNNNNNNN", "NNNNNNNNNNNNNNNNNNNNNN", "##ing", "don't", "the", "Binding", "factor", "K562", "-8.5",
      "\xE0\xBD\xB3\xE0\xBD\xB2", "\xCD\x84", "\xE2\x80\x8B", "acgt", "MKTAYIAK", "*"};
  return kPieces[draws.below(std::size(kPieces))];
}

/// The text of this number, of one of eight kinds.
inline std::string text(std::uint64_t number) {
  Draws draws = Streams(7).open("test").at({0, static_cast<std::uint32_t>(number >> 32), static_cast<std::uint32_t>(number)});
  const std::uint64_t kind = draws.below(8);
  std::uint64_t length = draws.below(40);
  if (draws.below(200) == 0) length *= 30;
  const auto of = [&](std::string_view letters) { return letters[draws.below(letters.size())]; };
  std::string made;
  for (std::uint64_t i = 0; i < length; ++i) {
    switch (kind) {
      case 0: models::append_utf8(made, any_code_point(draws)); break;
      case 1: made += of("ACGT"); break;
      case 2: made += draws.below(8) == 0 ? of("NRYKMSWBDHV acgtn") : of("ACGT"); break;
      case 3: made += odd_piece(draws); break;
      case 4: made += of("LAGVSERTIDPKQNFYMHWCXBUZO.-J*"); break;
      case 5: made += of("etaoinshrdlu etaoinshrdlu.,'-ABCXYZ0159"); break;
      case 6:
        if (draws.below(3) == 0) models::append_utf8(made, any_code_point(draws)); else made += odd_piece(draws);
        break;
      default:  // marks on letters
        made += of("aeioucn ");
        for (std::uint64_t marks = draws.below(4); marks > 0; --marks) {
          models::append_utf8(made, static_cast<std::uint32_t>(draws.below(4) == 0 ? 0x591 + draws.below(0x120) : 0x300 + draws.below(0x70)));
        }
    }
  }
  return made;
}

}  // namespace seqbench::tokenizer_texts
