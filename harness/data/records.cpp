#include "harness/data/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/csv.h"
#include "harness/data/reader.h"

namespace seqbench::data {
namespace {

constexpr std::array<std::pair<std::string_view, RecordFormat>, 6> kFormats = {{{"auto", RecordFormat::kAuto},
                                                                               {"fasta", RecordFormat::kFasta},
                                                                               {"fastq", RecordFormat::kFastq},
                                                                               {"tsv", RecordFormat::kTsv},
                                                                               {"csv", RecordFormat::kCsv},
                                                                               {"lines", RecordFormat::kLines}}};

RecordFormat format_by_name(std::filesystem::path path) {
  if (path.extension() == ".gz" || path.extension() == ".bgz") path.replace_extension();
  const std::string end = path.extension().string();
  for (const char* known : {".fa", ".fasta", ".fna", ".faa", ".ffn"}) {
    if (end == known) return RecordFormat::kFasta;
  }
  if (end == ".fq" || end == ".fastq") return RecordFormat::kFastq;
  if (end == ".tsv" || end == ".tab") return RecordFormat::kTsv;
  if (end == ".csv") return RecordFormat::kCsv;
  return end == ".txt" ? RecordFormat::kLines : RecordFormat::kAuto;
}

bool is_table(RecordFormat format) { return format == RecordFormat::kTsv || format == RecordFormat::kCsv; }

/// What can be said before the first line is seen; kAuto: nothing.
RecordFormat format_before(const std::filesystem::path& path, const RecordOptions& options) {
  RecordFormat format = options.format == RecordFormat::kAuto ? format_by_name(path) : options.format;
  const bool columns = !options.column.empty() || !options.id_column.empty();
  const std::string name = printable(path.string());
  if (columns && options.format == RecordFormat::kAuto && !is_table(format)) format = RecordFormat::kTsv;
  if (columns && !is_table(format)) throw InputError(fmt::format("{}: columns are of tsv and csv, the format is another", name));
  return format;
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(" \t")); }

bool is_sequence(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*' || c == '-' || c == '.'; }

}  // namespace

RecordFormat record_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &std::pair<std::string_view, RecordFormat>::first);
  if (found != kFormats.end()) return found->second;
  throw InputError(fmt::format("an input format is auto, fasta, fastq, tsv, csv or lines, got '{}'", printable(name)));
}

struct RecordReader::Reading {
  std::string path;
  RecordOptions options;
  RecordFormat format;
  std::optional<LineReader> lines;
  std::optional<CsvReader> table;
  std::string ahead;  // a line that was read too early
  bool has_ahead = false;
  std::size_t text_column = 0, id_column = 0;
  std::int64_t count = 0;

  [[noreturn]] void fail(std::int64_t line, const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", path, std::max<std::int64_t>(line, 1), message));
  }
  [[noreturn]] void fail(const std::string& message) const { fail(lines->line_number(), message); }

  void open_table(const std::filesystem::path& file, ReadLimits limits) {
    table.emplace(file, format == RecordFormat::kCsv ? ',' : '\t', limits);
    const auto column = [this](const std::string& name) {
      const std::vector<std::string>& header = table->header();
      const auto found = std::ranges::find(header, name);
      if (std::ranges::count(header, name) > 1) fail(1, fmt::format("more than one column \"{}\"", printable(name)));
      if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
      fail(1, fmt::format("no column \"{}\", there are: {}", printable(name), printable(join(header, ", "))));
    };
    if (options.column.empty()) {
      fail(1, fmt::format("a table needs --column, the name of the column that holds the texts; there are: {}",
                          printable(join(table->header(), ", "))));
    }
    text_column = column(options.column);
    if (!options.id_column.empty()) id_column = column(options.id_column);
  }

  bool next_line(std::string_view& line) {
    if (!std::exchange(has_ahead, false)) return lines->next(line);
    line = ahead;
    return true;
  }

  void hold(std::string_view line) {
    ahead = line;
    has_ahead = true;
  }

  /// Passes over empty lines; false at the end.
  bool next_header(std::string_view& line) {
    while (next_line(line)) {
      if (!line.empty()) return true;
    }
    return false;
  }

  void guess() {
    std::string_view line;
    format = RecordFormat::kLines;
    if (!next_line(line)) return;
    if (line.starts_with('>')) format = RecordFormat::kFasta;
    if (line.starts_with('@')) format = RecordFormat::kFastq;
    hold(line);
  }

  void append(std::string& text, std::string_view part) const {
    if (part.size() > options.record_bytes - text.size()) fail(fmt::format("the record is longer than {} bytes", options.record_bytes));
    text.append(part);
  }

  void append_sequence(std::string& text, std::string_view line) const {
    const auto bad = std::ranges::find_if_not(line, is_sequence);
    if (bad != line.end()) {
      fail(fmt::format("a sequence has letters, \"*\", \"-\" and \".\", got \"{}\" at column {}",
                       printable(std::string_view(&*bad, 1)), bad - line.begin() + 1));
    }
    append(text, line);
  }

  void begin(TextRecord& record, std::string_view line, char mark) const {
    record.line = lines->line_number();
    if (!line.starts_with(mark)) fail(fmt::format("a record begins with \"{}\", got \"{}\"", mark, printable(line, 40)));
    record.id = first_word(line.substr(1));
    if (record.id.empty()) fail("a record without a name");
  }

  bool next_fasta(TextRecord& record) {
    std::string_view line;
    if (!next_header(line)) return false;
    begin(record, line, '>');
    while (next_line(line)) {
      if (line.starts_with('>')) {
        hold(line);
        break;
      }
      append_sequence(record.text, line);
    }
    if (record.text.empty()) fail(record.line, fmt::format("the record \"{}\" has no sequence", printable(record.id)));
    return true;
  }

  bool next_fastq(TextRecord& record) {
    std::string_view line;
    if (!next_header(line)) return false;
    begin(record, line, '@');
    const auto need = [&](const char* what) {
      if (!next_line(line)) fail(fmt::format("the file ends in a record, before its {}", what));
    };
    need("sequence");
    append_sequence(record.text, line);
    need("line \"+\"");
    if (!line.starts_with('+') || (line.size() > 1 && first_word(line.substr(1)) != record.id)) {
      fail(fmt::format("\"+\", alone or with the record's name, follows a sequence of one line, got \"{}\"", printable(line, 40)));
    }
    need("quality");
    if (line.size() != record.text.size()) {
      fail(fmt::format("a quality of {} characters for a sequence of {}", line.size(), record.text.size()));
    }
    const auto bad = std::ranges::find_if(line, [](char c) { return c < '!' || c > '~'; });
    if (bad != line.end()) fail(fmt::format("a quality is of characters \"!\" to \"~\", column {} is none", bad - line.begin() + 1));
    return true;
  }

  bool next_row(TextRecord& record) {
    if (!table->next()) return false;
    record.line = table->line_number();
    record.text = table->cells()[text_column];
    record.id = options.id_column.empty() ? std::to_string(count) : table->cells()[id_column];
    return true;
  }

  bool next_plain(TextRecord& record) {
    std::string_view line;
    if (!next_line(line)) return false;
    record.line = lines->line_number();
    record.id = std::to_string(count);
    record.text = line;
    return true;
  }

  bool next_any(TextRecord& record) {
    switch (format) {
      case RecordFormat::kFasta: return next_fasta(record);
      case RecordFormat::kFastq: return next_fastq(record);
      case RecordFormat::kTsv:
      case RecordFormat::kCsv: return next_row(record);
      case RecordFormat::kAuto:
      case RecordFormat::kLines: return next_plain(record);
    }
    return false;
  }
};

RecordReader::RecordReader(const std::filesystem::path& path, RecordOptions options)
    : reading_(std::make_unique<Reading>()) {
  Reading& r = *reading_;
  r.path = path == "-" ? "standard input" : printable(path.string());
  r.options = std::move(options);
  r.format = format_before(path, r.options);
  const ReadLimits limits{r.options.record_bytes, std::numeric_limits<std::uint64_t>::max(), true};
  if (is_table(r.format)) {
    r.open_table(path, limits);
    return;
  }
  r.lines.emplace(path, limits);
  if (r.format == RecordFormat::kAuto) r.guess();
}

RecordReader::~RecordReader() = default;

bool RecordReader::next(TextRecord& record) {
  Reading& r = *reading_;
  record = {};
  if (!r.next_any(record)) return false;
  ++r.count;
  const auto control = [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; };
  if (std::ranges::any_of(record.id, control) || !is_valid_utf8(record.id)) {
    r.fail(record.line, fmt::format("a name is UTF-8 without control characters, got \"{}\"", printable(record.id)));
  }
  return true;
}

void RecordReader::fail(std::int64_t line, const std::string& message) const { reading_->fail(line, message); }

}  // namespace seqbench::data
