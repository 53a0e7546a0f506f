#pragma once
// Tables from outside whose cells may be quoted (RFC 4180), with commas, tabs or any other separator.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/reader.h"

namespace seqbench::data {

/// The first row is the header. A cell that begins with '"' ends at the next lone '"', may hold separators and line
/// breaks, and '""' in it is one quote; a quote further inside a cell is itself. Lines of no character are passed over.
/// Errors are InputError "FILE:LINE: ...".
class CsvReader {
 public:
  CsvReader(const std::filesystem::path& path, char separator, ReadLimits limits = {});
  [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
  /// False at the end; a row of another width than the header's is an error.
  bool next();
  [[nodiscard]] std::span<const std::string> cells() const { return cells_; }
  /// Where the current row begins.
  [[nodiscard]] std::int64_t line_number() const { return row_line_; }
  [[noreturn]] void fail(const std::string& message) const;

 private:
  bool read_row(std::vector<std::string>& cells);
  std::size_t read_quoted(std::string& line, std::size_t at, std::string& cell);

  LineReader lines_;
  std::string path_;
  char separator_;
  ReadLimits limits_;
  std::int64_t row_line_ = 1;
  std::uint64_t row_bytes_ = 0;
  std::vector<std::string> header_, cells_;
};

}  // namespace seqbench::data
