#pragma once
// UTF-8, and the reference's view of Unicode: its tables are those of an old edition, so no library's own will do.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::models {

/// The code point at `at`, which moves behind it. `text` is UTF-8.
inline std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(at);
  if (first < 0x80) return ++at, first;
  if (first < 0xE0) return at += 2, (first & 0x1F) << 6 | (byte(at - 1) & 0x3F);
  if (first < 0xF0) return at += 3, (first & 0x0F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
  at += 4;
  return (first & 0x07) << 18 | (byte(at - 3) & 0x3F) << 12 | (byte(at - 2) & 0x3F) << 6 | (byte(at - 1) & 0x3F);
}

void append_utf8(std::string& text, std::uint32_t code_point);

/// White_Space of Unicode: what Rust's char::is_whitespace and the reference's Strip take.
[[nodiscard]] bool is_white_space(std::uint32_t code_point);
/// What Python's str.split() takes: the same and U+001C to U+001F.
[[nodiscard]] bool is_python_space(std::uint32_t code_point);

/// Properties of code points as BertNormalizer and BertPreTokenizer see them.
class UnicodeTables {
 public:
  enum : std::uint8_t {
    kDropped = 1,     // by clean_text
    kSpace = 2,       // becomes U+0020 by clean_text
    kPunctuation = 4,
    kIdeograph = 8,   // gets spaces around it
    kAccent = 16,     // category Mn
    kDecomposes = 32,
    kOrdered = 64,    // has a combining class
    kHasLower = 128,
  };
  [[nodiscard]] static const UnicodeTables& get();
  [[nodiscard]] std::uint8_t flags(std::uint32_t code_point) const { return flags_[code_point]; }
  /// Full canonical decomposition, of a kDecomposes that is no Hangul syllable.
  [[nodiscard]] std::span<const std::uint32_t> decomposition(std::uint32_t code_point) const;
  [[nodiscard]] std::span<const std::uint32_t> lower(std::uint32_t code_point) const;
  [[nodiscard]] std::uint8_t combining_class(std::uint32_t code_point) const;

 private:
  struct Row {
    std::uint32_t code_point, begin, count;
  };
  UnicodeTables();
  void mark(std::string_view ranges, std::uint8_t flag);
  void read_rows(std::string_view text, std::uint8_t flag, std::vector<Row>& rows);
  [[nodiscard]] std::span<const std::uint32_t> find(const std::vector<Row>& rows, std::uint32_t code_point) const;

  std::vector<std::uint8_t> flags_;
  std::vector<std::uint32_t> pool_;
  std::vector<Row> decompositions_, lowers_, classes_;
};

}  // namespace seqbench::models
