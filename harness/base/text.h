#pragma once
// Small text functions that do not depend on the locale.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench {

/// "a\tb\t" -> {"a", "b", ""}. Views into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// The whole text as a finite decimal number; nothing otherwise (no white space, no "nan").
[[nodiscard]] std::optional<double> parse_double(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);
/// Shortest text that reads back as the same double; "nan", "inf", "-inf".
[[nodiscard]] std::string format_double(double value);
/// Optimal string alignment distance (insert, delete, substitute, swap neighbours).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate nearest to `word` if within max(2, length / 3), ties alphabetically.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);
/// For terminals and logs: control characters become '?', and more than `limit` bytes are cut with "...".
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 200);
/// Position of the first byte that is not UTF-8 (surrogates and overlong forms aren't), or npos.
[[nodiscard]] std::size_t utf8_fault(std::string_view text);
[[nodiscard]] inline bool is_valid_utf8(std::string_view text) { return utf8_fault(text) == std::string_view::npos; }
/// Of UTF-8: its code points are as many as its bytes that begin one.
[[nodiscard]] inline bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// "1 error", "2 errors"
[[nodiscard]] std::string counted(std::size_t count, std::string_view what);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);

}  // namespace seqbench
