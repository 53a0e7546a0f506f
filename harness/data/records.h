#pragma once
// Named texts for a model, one after the other: FASTA, FASTQ, a column of a table, or plain lines; plain, gzip or bgzip.
// Memory is bounded by one record, so files of any size pass.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace seqbench::data {

enum class RecordFormat { kAuto, kFasta, kFastq, kTsv, kCsv, kLines };

/// "auto", "fasta", "fastq", "tsv", "csv", "lines". InputError naming them.
[[nodiscard]] RecordFormat record_format(std::string_view name);

struct RecordOptions {
  /// kAuto: by the name without .gz or .bgz; a column makes it a table; else by the first character: '>' FASTA, '@' FASTQ.
  RecordFormat format = RecordFormat::kAuto;
  std::string column = {};     // of the texts, in a table
  std::string id_column = {};  // "": rows are numbered from 0
  std::uint64_t record_bytes = 256u << 20;  // the longest text, and the longest line
};

struct TextRecord {
  std::string id;         // FASTA, FASTQ: up to white space; lines: their number from 0. UTF-8 without control characters
  std::string text;
  std::int64_t line = 0;  // where it begins, from 1
};

/// Faults are InputError "FILE:LINE: ...": a FASTA record without a sequence or with other letters than read_fasta takes, a
/// quality of another length, a NUL byte, a cut gzip stream, an id with control characters. A FASTQ record has four lines.
class RecordReader {
 public:
  /// "-" is standard input.
  RecordReader(const std::filesystem::path& path, RecordOptions options);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;
  /// False at the end.
  bool next(TextRecord& record);
  /// Throws InputError "FILE:LINE: message".
  [[noreturn]] void fail(std::int64_t line, const std::string& message) const;

 private:
  struct Reading;
  std::unique_ptr<Reading> reading_;
};

}  // namespace seqbench::data
