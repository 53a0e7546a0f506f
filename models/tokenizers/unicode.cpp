#include "models/tokenizers/unicode.h"

#include <algorithm>
#include <charconv>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/unicode_data.h"

namespace seqbench::models {
namespace {

constexpr std::uint32_t kCodePoints = 0x110000;

std::uint32_t parse_hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  SEQBENCH_ASSERT(parsed.ptr == text.data() + text.size() && !text.empty(), "the tables hold hexadecimal numbers");
  return value;
}

}  // namespace

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto push = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return push(code_point);
  if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      push(0xE0 | code_point >> 12);
    } else {
      push(0xF0 | code_point >> 18);
      push(0x80 | (code_point >> 12 & 0x3F));
    }
    push(0x80 | (code_point >> 6 & 0x3F));
  }
  push(0x80 | (code_point & 0x3F));
}

bool is_white_space(std::uint32_t c) {
  return (9 <= c && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (0x2000 <= c && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_python_space(std::uint32_t c) { return is_white_space(c) || (0x1C <= c && c <= 0x1F); }

const UnicodeTables& UnicodeTables::get() {
  static const UnicodeTables tables;
  return tables;
}

UnicodeTables::UnicodeTables() : flags_(kCodePoints) {
  mark(kDroppedRanges, kDropped);
  mark(kSpaceRanges, kSpace);
  mark(kPunctuationRanges, kPunctuation);
  mark(kIdeographRanges, kIdeograph);
  mark(kAccentRanges, kAccent);
  mark("ac00-d7a3", kDecomposes);
  read_rows(kDecompositionRows, kDecomposes, decompositions_);
  read_rows(kLowerRows, kHasLower, lowers_);
  read_rows(kClassRows, kOrdered, classes_);
}

void UnicodeTables::mark(std::string_view ranges, std::uint8_t flag) {
  for (const std::string_view range : split(ranges, ' ')) {
    const std::size_t dash = range.find('-');
    const std::uint32_t first = parse_hex(range.substr(0, dash));
    const std::uint32_t last = dash == range.npos ? first : parse_hex(range.substr(dash + 1));
    for (std::uint32_t c = first; c <= last; ++c) flags_[c] |= flag;
  }
}

void UnicodeTables::read_rows(std::string_view text, std::uint8_t flag, std::vector<Row>& rows) {
  for (const std::string_view line : split(text, ',')) {
    const std::vector<std::string_view> parts = split(line, ' ');
    Row row{parse_hex(parts[0]), static_cast<std::uint32_t>(pool_.size()), static_cast<std::uint32_t>(parts.size() - 1)};
    SEQBENCH_ASSERT(rows.empty() || rows.back().code_point < row.code_point, "rows are in order");
    for (std::size_t i = 1; i < parts.size(); ++i) pool_.push_back(parse_hex(parts[i]));
    flags_[row.code_point] |= flag;
    rows.push_back(row);
  }
}

std::span<const std::uint32_t> UnicodeTables::find(const std::vector<Row>& rows, std::uint32_t code_point) const {
  const auto row = std::lower_bound(rows.begin(), rows.end(), code_point,
                                    [](const Row& a, std::uint32_t c) { return a.code_point < c; });
  SEQBENCH_ASSERT(row != rows.end() && row->code_point == code_point, "a flag promised this row");
  return std::span(pool_).subspan(row->begin, row->count);
}

std::span<const std::uint32_t> UnicodeTables::decomposition(std::uint32_t c) const { return find(decompositions_, c); }
std::span<const std::uint32_t> UnicodeTables::lower(std::uint32_t c) const { return find(lowers_, c); }
std::uint8_t UnicodeTables::combining_class(std::uint32_t c) const {
  return static_cast<std::uint8_t>(find(classes_, c)[0]);
}

}  // namespace seqbench::models
