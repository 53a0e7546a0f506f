#pragma once
// Bounded reading of text files from outside: plain, gzip or bgzip (htslib inside).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::data {

struct ReadLimits {
  std::uint64_t line_bytes = 1u << 20;
  std::uint64_t total_bytes = 8ull << 30;  // after decompression
  bool standard_input = false;             // whether the path "-" is that, not a file
};

/// Lines without their ends (LF or CRLF). Errors are InputError "FILE:LINE: ..."; a truncated or corrupt gzip
/// stream is one.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path, ReadLimits limits = {});
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  /// False at the end. The view lives until the next call.
  bool next(std::string_view& line);
  [[nodiscard]] std::int64_t line_number() const { return line_number_; }
  /// Throws InputError "FILE:LINE: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  void fill();

  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string path_;
  ReadLimits limits_;
  std::uint64_t total_ = 0;
  std::int64_t line_number_ = 0;
};

/// A table with a header line. Columns are looked up by name; a row with another number of cells is an error
/// at its line, a surplus column is not. Between commas a cell may stand in quotes, on one line and without quotes in it.
class TableReader {
 public:
  TableReader(const std::filesystem::path& path, std::vector<std::string> needed_columns, char separator = '\t');
  bool next();
  /// Cell of the current row; `column` is an index into needed_columns.
  [[nodiscard]] std::string_view cell(std::size_t column) const;
  [[nodiscard]] double number(std::size_t column) const;         // finite, or fail
  [[nodiscard]] std::int64_t integer(std::size_t column) const;  // or fail
  [[noreturn]] void fail(const std::string& message) const { lines_.fail(message); }
  [[nodiscard]] std::int64_t line_number() const { return lines_.line_number(); }

 private:
  void split_quoted(std::string_view line);

  LineReader lines_;
  char separator_;
  std::vector<std::string> names_;
  std::vector<std::size_t> where_;
  std::size_t width_ = 0;
  std::vector<std::string_view> cells_;
};

/// The header line's cells, to tell which file this is; at most 64 KiB are read.
[[nodiscard]] std::vector<std::string> header_of(const std::filesystem::path& path, char separator = '\t');

/// By its first two bytes; false where it cannot be read.
[[nodiscard]] bool is_gzip(const std::filesystem::path& path);

struct FastaRecord {
  std::string name;         // up to the first white space
  std::string description;  // the rest of the header line, without the white space between
  std::string sequence;
  std::int64_t line = 0;    // of the header
};
/// Calls `on_record` for each; throws InputError at the place of the first fault.
void read_fasta(const std::filesystem::path& path, const std::function<void(FastaRecord&&)>& on_record,
                ReadLimits limits = {});

struct BedRecord {
  std::string chromosome;
  std::int64_t start = 0;  // 0-based
  std::int64_t end = 0;    // past the last, above start
  std::string name;        // fourth column, or ""
};
/// Calls `on_record` for each line of at least three columns; empty lines and lines that begin with "#", "track" or
/// "browser" are passed over. Throws InputError at the place of the first fault.
void read_bed(const std::filesystem::path& path, const std::function<void(BedRecord&&)>& on_record,
              ReadLimits limits = {});

}  // namespace seqbench::data
