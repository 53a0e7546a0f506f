#pragma once
// Tokens and their ids, and the longest token at a place of a text.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/text.h"
#include "models/tokenizers/encoding.h"
#include "models/tokenizers/unicode.h"

namespace seqbench::models {

class Vocabulary {
 public:
  Vocabulary() = default;
  /// `tokens[id]`; an empty string is a hole. Of equal tokens the last id wins, as in the reference.
  explicit Vocabulary(std::vector<std::string> tokens);
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()); }
  [[nodiscard]] std::optional<std::int32_t> id_of(std::string_view token) const;
  [[nodiscard]] const std::string& token(std::int32_t id) const;
  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, std::int32_t> ids_;  // views into tokens_
};

/// Byte strings with values, matched from a place on. Edges lie in one open table, so a step is about one cache line.
class Trie {
 public:
  struct Match {
    std::int32_t value = -1;  // -1: nothing matches
    std::size_t length = 0;   // bytes
  };
  static constexpr std::uint32_t kMostNodes = (1u << 24) - 1;

  Trie();
  /// Values are at least 0; of equal strings the last wins. False where the trie would outgrow kMostNodes.
  [[nodiscard]] bool insert(std::string_view bytes, std::int32_t value, std::uint32_t root = 0);
  [[nodiscard]] std::uint32_t add_root();
  [[nodiscard]] Match longest(std::string_view text, std::uint32_t root = 0) const;
  /// Whether any string of root 0 begins so.
  [[nodiscard]] bool begins(char byte) const { return begins_[static_cast<unsigned char>(byte)]; }

 private:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFFu;
  struct Edge {
    std::uint32_t key = kEmpty;  // node << 8 | byte
    std::uint32_t child = 0;
  };
  [[nodiscard]] std::size_t slot_of(std::uint32_t key) const;
  void grow();

  std::vector<Edge> edges_;
  std::size_t used_ = 0;
  int shift_ = 0;  // of the hash
  std::vector<std::int32_t> values_;
  std::array<bool, 256> begins_{};
};

/// Special tokens that stand in a text, cut out before all else: literal, leftmost, the longest.
class AddedTokens {
 public:
  void add(std::string_view token, std::int32_t id);
  /// From left to right: special tokens go into `into`, for the text between them (never empty) piece(bytes, place) is
  /// called. Places, in code points, are counted for offsets alone.
  template <typename Piece>
  void cut(std::string_view text, Encoding& into, bool with_offsets, Piece piece) const {
    std::uint32_t place = 0;
    const auto length_of = [&](std::string_view part) { return static_cast<std::uint32_t>(with_offsets ? count_code_points(part) : 0); };
    const auto between = [&](std::string_view part) {
      piece(part, place);
      place += length_of(part);
    };
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      if (!trie_.begins(text[at])) {
        ++at;
        continue;
      }
      const Trie::Match match = trie_.longest(text.substr(at));
      if (match.value < 0) {
        ++at;
        continue;
      }
      if (begin < at) between(text.substr(begin, at - begin));
      into.ids.push_back(match.value);
      const std::uint32_t end = place + length_of(text.substr(at, match.length));
      if (with_offsets) into.offsets.push_back({place, end});
      place = end;
      begin = at += match.length;
    }
    if (begin < text.size()) between(text.substr(begin));
  }

 private:
  Trie trie_;
};

}  // namespace seqbench::models
