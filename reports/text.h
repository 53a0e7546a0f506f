#pragma once
// For reports and the command line: names and numbers as text that no name can break.

#include <string>
#include <string_view>
#include <vector>

#include "harness/analyze/intervals.h"

namespace seqbench::reports {

/// printable(), and characters that change direction or break lines become '?' too.
[[nodiscard]] std::string shown(std::string_view text, std::size_t limit = 120);
/// shown(), with everything escaped that Markdown or HTML would act on.
[[nodiscard]] std::string escaped(std::string_view text, std::size_t limit = 120);
/// A file name: letters, digits and '_' stay, as does a '.' or '-' within; runs of others become '-'. At most 100 bytes.
[[nodiscard]] std::string slug(std::string_view name);
/// A file name that no other of `names` has: the slug, with 8 digits of the name's SHA-256 behind it unless the slug is
/// the name with "/" as "-", and also where another name has this slug and the name is not the slug itself.
[[nodiscard]] std::string file_name(std::string_view name, const std::vector<std::string>& names);

/// Two significant digits of the interval's half width, else of the standard deviation, else four of the value.
[[nodiscard]] std::string mean_text(const analyze::Summary& summary);      // "0.0123 ± 0.0004"
[[nodiscard]] std::string interval_text(const analyze::Summary& summary);  // "[0.0119, 0.0127]" or "–"
[[nodiscard]] std::string four_digits(double value);
[[nodiscard]] std::string count_text(std::int64_t count);  // "1,000,000"

/// RFC 4180; a cell that a spreadsheet would take for a formula gets a leading apostrophe.
[[nodiscard]] std::string csv_text(std::string_view text);
[[nodiscard]] std::string csv_line(const std::vector<std::string>& cells);

/// Columns padded to their widest cell; all but the first `left` columns aligned right.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header, std::size_t left = 1);
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  [[nodiscard]] std::string markdown() const;
  [[nodiscard]] std::string plain() const;  // two spaces between columns

 private:
  [[nodiscard]] std::string padded(std::size_t row, std::size_t column) const;

  std::vector<std::vector<std::string>> rows_;  // the header first
  std::vector<std::size_t> widths_;
  std::size_t left_;
};

}  // namespace seqbench::reports
