#include "harness/data/reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <htslib/bgzf.h>
#include <htslib/hts_log.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

constexpr std::size_t kChunk = 1u << 16;

struct CloseBgzf {
  void operator()(BGZF* file) const { bgzf_close(file); }
};
using File = std::unique_ptr<BGZF, CloseBgzf>;

/// A descriptor of our own, since htslib would take a path such as "data:..." or "-" for something else.
File open_file(const std::filesystem::path& path, bool stream) {
  hts_set_log_level(HTS_LOG_OFF);
  const std::string name = printable(path.string());
  const int descriptor = stream ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw InputError(fmt::format("{}: cannot be opened: {}", name, std::strerror(errno)));
  struct stat status {};
  if (!stream && (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))) {
    ::close(descriptor);
    throw InputError(fmt::format("{}: must be a regular file", name));
  }
  File file(bgzf_dopen(descriptor, "r"));
  if (!file) {
    ::close(descriptor);
    throw InputError(fmt::format("{}: is not a readable gzip file", name));
  }
  return file;
}

}  // namespace

struct LineReader::Handle {
  File file;
  std::array<char, kChunk> chunk{};
  std::size_t begin = 0;  // unread part of the chunk
  std::size_t end = 0;
  bool ended = false;  // nothing follows the chunk
  std::string line;    // a line that spans chunks
};

LineReader::LineReader(const std::filesystem::path& path, ReadLimits limits)
    : handle_(std::make_unique<Handle>()), path_(printable(path.string())), limits_(limits) {
  const bool stream = limits.standard_input && path == "-";
  if (stream) path_ = "standard input";
  handle_->file = open_file(path, stream);
  // A bgzip file cut between two blocks reads like a whole one; only its end marker tells.
  if (!stream && bgzf_compression(handle_->file.get()) == 2 && bgzf_check_EOF(handle_->file.get()) == 0) {
    throw InputError(fmt::format("{}: the bgzip file is truncated: its end marker is missing", path_));
  }
}

LineReader::~LineReader() = default;

void LineReader::fail(const std::string& message) const {
  throw InputError(fmt::format("{}:{}: {}", path_, std::max<std::int64_t>(line_number_, 1), message));
}

void LineReader::fill() {
  Handle& in = *handle_;
  in.begin = in.end = 0;
  if (in.ended) return;
  const ssize_t got = bgzf_read(in.file.get(), in.chunk.data(), in.chunk.size());
  if (got < 0) fail("the gzip stream is truncated or corrupt");
  in.end = static_cast<std::size_t>(got);
  in.ended = in.end < in.chunk.size();
  total_ += in.end;
  if (total_ > limits_.total_bytes) fail(fmt::format("more than {} bytes of text", limits_.total_bytes));
}

bool LineReader::next(std::string_view& line) {
  Handle& in = *handle_;
  in.line.clear();
  ++line_number_;
  for (bool whole = false; !whole;) {
    if (in.begin == in.end) fill();
    const char* first = in.chunk.data() + in.begin;
    const char* last = in.chunk.data() + in.end;
    if (first == last && in.line.empty()) {
      --line_number_;
      return false;
    }
    const char* stop = std::find(first, last, '\n');
    const std::string_view part(first, static_cast<std::size_t>(stop - first));
    if (in.line.size() + part.size() > limits_.line_bytes) {
      fail(fmt::format("the line is longer than {} bytes", limits_.line_bytes));
    }
    if (part.find('\0') != part.npos) fail("a NUL byte: this is not a text file");
    in.begin += part.size() + (stop != last ? 1 : 0);
    whole = stop != last || first == last;  // its end, or the file's
    if (whole && in.line.empty()) {
      line = part;
    } else {
      line = in.line.append(part);
    }
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

TableReader::TableReader(const std::filesystem::path& path, std::vector<std::string> needed_columns,
                         char separator)
    : lines_(path), separator_(separator), names_(std::move(needed_columns)) {
  std::string_view line;
  if (!lines_.next(line)) fail(fmt::format("the file is empty, a header with {} is needed", join(names_, ", ")));
  const std::vector<std::string_view> header = split(line, separator_);
  width_ = header.size();
  for (const std::string& name : names_) {
    const auto count = std::count(header.begin(), header.end(), name);
    if (count != 1) {
      fail(fmt::format("{} column \"{}\", the header is \"{}\"", count == 0 ? "no" : "more than one", name,
                       printable(line)));
    }
    where_.push_back(static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin()));
  }
}

/// Cells that may stand in quotes, which may hold the separator but no further quote.
void TableReader::split_quoted(std::string_view line) {
  cells_.clear();
  while (true) {
    const bool quoted = line.starts_with('"');
    const std::size_t end = quoted ? line.find('"', 1) : std::min(line.find(separator_), line.size());
    if (end == line.npos) fail("a quote is not closed");
    cells_.push_back(quoted ? line.substr(1, end - 1) : line.substr(0, end));
    line.remove_prefix(quoted ? end + 1 : end);
    if (line.empty()) return;
    if (line.front() != separator_) fail("a quote inside a quoted cell, or text behind one");
    line.remove_prefix(1);
  }
}

bool TableReader::next() {
  std::string_view line;
  if (!lines_.next(line)) return false;
  if (separator_ == ',' && line.find('"') != line.npos) {
    split_quoted(line);
  } else {
    cells_ = split(line, separator_);
  }
  if (cells_.size() != width_) fail(fmt::format("{} cells, the header has {}", cells_.size(), width_));
  return true;
}

std::string_view TableReader::cell(std::size_t column) const { return cells_[where_[column]]; }

double TableReader::number(std::size_t column) const {
  const std::optional<double> value = parse_double(cell(column));
  if (!value) {
    fail(fmt::format("{} must be a finite number, got \"{}\"", names_[column], printable(cell(column))));
  }
  return *value;
}

std::int64_t TableReader::integer(std::size_t column) const {
  const std::optional<std::int64_t> value = parse_int(cell(column));
  if (!value) fail(fmt::format("{} must be an integer, got \"{}\"", names_[column], printable(cell(column))));
  return *value;
}

std::vector<std::string> header_of(const std::filesystem::path& path, char separator) {
  LineReader lines(path, {.line_bytes = kChunk - 1, .total_bytes = kChunk});
  std::string_view line;
  if (!lines.next(line)) lines.fail("the file is empty");
  std::vector<std::string> cells;
  for (const std::string_view cell : split(line, separator)) cells.emplace_back(cell);
  return cells;
}

bool is_gzip(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 2> magic{};
  return file.read(magic.data(), magic.size()) && magic[0] == '\x1f' && magic[1] == '\x8b';
}

void read_fasta(const std::filesystem::path& path, const std::function<void(FastaRecord&&)>& on_record,
                ReadLimits limits) {
  LineReader lines(path, limits);
  FastaRecord record;
  const auto finish = [&] {
    if (record.name.empty()) return;
    if (record.sequence.empty()) lines.fail(fmt::format("the record \"{}\" has no sequence", printable(record.name)));
    on_record(std::exchange(record, {}));
  };
  std::string_view line;
  bool any = false;
  while (lines.next(line)) {
    if (line.starts_with('>')) {
      finish();
      record.name = line.substr(1, line.find_first_of(" \t") - 1);
      record.line = lines.line_number();
      const std::size_t rest = line.find_first_not_of(" \t", 1 + record.name.size());
      if (rest != line.npos) record.description = line.substr(rest);
      if (record.name.empty()) lines.fail("a record without a name");
      any = true;
      continue;
    }
    if (!any && !line.empty()) lines.fail("a FASTA file must begin with \">\"");
    const auto bad = std::find_if(line.begin(), line.end(), [](char c) {
      return !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*' || c == '-' || c == '.');
    });
    if (bad != line.end()) {
      lines.fail(fmt::format("a sequence has letters, \"*\", \"-\" and \".\", got \"{}\" at column {}",
                             printable(std::string_view(&*bad, 1)), bad - line.begin() + 1));
    }
    record.sequence.append(line);
  }
  if (!any) lines.fail("no FASTA record");
  finish();
}

void read_bed(const std::filesystem::path& path, const std::function<void(BedRecord&&)>& on_record,
              ReadLimits limits) {
  LineReader lines(path, limits);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.starts_with('#') || line.starts_with("track") || line.starts_with("browser")) continue;
    const std::vector<std::string_view> cells = split(line, '\t');
    if (cells.size() < 3) lines.fail(fmt::format("{} columns, a BED line has at least 3", cells.size()));
    const std::optional<std::int64_t> start = parse_int(cells[1]), end = parse_int(cells[2]);
    if (cells[0].empty()) lines.fail("a BED line without a chromosome");
    if (!start || !end || *start < 0 || *end <= *start) {
      lines.fail(fmt::format("start and end must be integers with 0 <= start < end, got \"{}\" and \"{}\"",
                             printable(cells[1]), printable(cells[2])));
    }
    on_record({std::string(cells[0]), *start, *end, cells.size() > 3 ? std::string(cells[3]) : ""});
  }
}

}  // namespace seqbench::data
