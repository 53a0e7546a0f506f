#include "reports/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"

namespace seqbench::reports {
namespace {

/// Zero-width characters, marks of direction, line separators and the byte order mark, as UTF-8.
bool changes_lines_or_direction(std::string_view three_bytes) {
  struct Range {
    std::string_view first, last;
  };
  constexpr Range kRanges[] = {{"\u200b", "\u200f"}, {"\u2028", "\u202e"}, {"\u2060", "\u206f"}, {"\ufeff", "\ufeff"}};
  return std::ranges::any_of(kRanges, [&](const Range& r) { return r.first <= three_bytes && three_bytes <= r.last; });
}

/// Digits after the point that show two significant digits of `spread`.
int decimals_for(double spread) { return std::clamp(1 - static_cast<int>(std::floor(std::log10(spread))), 0, 15); }

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return format_double(value);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool zero = text.find_first_not_of("-0.") == std::string::npos;
  return zero && text.starts_with('-') ? text.substr(1) : text;
}

struct Shown {
  std::string mean, sd, low, high;
};

Shown digits_of(const analyze::Summary& s) {
  const double half = (s.high - s.low) / 2;
  const double spread = half > 0 && std::isfinite(half) ? half : s.sd;
  const double largest = std::max({std::abs(s.mean), std::isfinite(s.low) ? std::abs(s.low) : 0, spread});
  if (!(spread > 0) || !std::isfinite(spread) || largest >= 1e9 || spread < 1e-12) {
    return {four_digits(s.mean), four_digits(s.sd), four_digits(s.low), four_digits(s.high)};
  }
  const int decimals = decimals_for(spread);
  return {fixed(s.mean, decimals), fixed(s.sd, decimals), fixed(s.low, decimals), fixed(s.high, decimals)};
}

}  // namespace

std::string shown(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty() && clean.size() < limit + 8) {
    const bool unseen = text.size() >= 3 && changes_lines_or_direction(text.substr(0, 3));
    clean += unseen ? "?" : text.substr(0, 1);
    text.remove_prefix(unseen ? 3 : 1);
  }
  return printable(clean, limit);
}

std::string escaped(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : shown(text, limit)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\|`*[]>~$#!").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 100)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    const bool inner = !out.empty() && out.back() != '-' && out.back() != '.';
    if (letter) out += c;
    if (!letter && inner) out += c == '.' ? '.' : '-';
  }
  return out.empty() ? "report" : out;
}

std::string file_name(std::string_view name, const std::vector<std::string>& names) {
  const std::string plain = slug(name);
  std::string dashed(name);
  std::ranges::replace(dashed, '/', '-');
  const bool taken = plain != name && std::ranges::any_of(names, [&](const std::string& other) { return other != name && slug(other) == plain; });
  return dashed == plain && !taken ? plain : plain + "-" + sha256_hex(name).substr(0, 8);
}

std::string mean_text(const analyze::Summary& summary) {
  const Shown text = digits_of(summary);
  return std::isnan(summary.sd) ? text.mean : text.mean + " ± " + text.sd;
}

std::string interval_text(const analyze::Summary& summary) {
  if (std::isnan(summary.low) || std::isnan(summary.high)) return "–";
  const Shown text = digits_of(summary);
  return "[" + text.low + ", " + text.high + "]";
}

std::string four_digits(double value) {
  if (!std::isfinite(value)) return format_double(value);
  return fmt::format("{:.4g}", value);
}

std::string count_text(std::int64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t i = text.size(); i > 3 && text[i - 4] != '-'; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string csv_text(std::string_view text) {
  std::string cell(text);
  if (!cell.empty() && std::string_view("=+-@\t\r").find(cell[0]) != std::string_view::npos) cell.insert(0, "'");
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& cells) { return join(cells, ",") + "\r\n"; }

TextTable::TextTable(std::vector<std::string> header, std::size_t left) : widths_(header.size(), 3), left_(left) {
  add(std::move(header));
}

void TextTable::add(std::vector<std::string> cells) {
  SEQBENCH_ASSERT(cells.size() == widths_.size(), "a row has a cell for each column");
  for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], count_code_points(cells[i]));
  rows_.push_back(std::move(cells));
}

std::string TextTable::padded(std::size_t row, std::size_t column) const {
  const std::string& cell = rows_[row][column];
  const std::string space(widths_[column] - count_code_points(cell), ' ');
  return column < left_ ? cell + space : space + cell;
}

std::string TextTable::markdown() const {
  std::string out;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    out += '|';
    for (std::size_t i = 0; i < widths_.size(); ++i) out += " " + padded(row, i) + " |";
    out += '\n';
    if (row > 0) continue;
    out += '|';
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      out += ' ' + std::string(widths_[i] - 1, '-') + (i < left_ ? "- |" : ": |");
    }
    out += '\n';
  }
  return out;
}

std::string TextTable::plain() const {
  std::string out;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    std::string line;
    for (std::size_t i = 0; i < widths_.size(); ++i) line += (i > 0 ? "  " : "") + padded(row, i);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace seqbench::reports
