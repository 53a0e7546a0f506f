#include "harness/data/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

constexpr std::size_t kMostColumns = 1u << 16;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& path, char separator, ReadLimits limits)
    : lines_(path, limits), path_(printable(path.string())), separator_(separator), limits_(limits) {
  if (!read_row(header_)) fail("the file is empty, a header is needed");
}

void CsvReader::fail(const std::string& message) const {
  throw InputError(fmt::format("{}:{}: {}", path_, row_line_, message));
}

bool CsvReader::next() {
  if (!read_row(cells_)) return false;
  if (cells_.size() != header_.size()) fail(fmt::format("{} cells, the header has {}", cells_.size(), header_.size()));
  return true;
}

bool CsvReader::read_row(std::vector<std::string>& cells) {
  std::string_view next;
  do {
    if (!lines_.next(next)) return false;
  } while (next.empty());
  row_line_ = lines_.line_number();
  if (row_line_ == 1 && next.starts_with(kByteOrderMark)) next.remove_prefix(kByteOrderMark.size());
  std::string line(next);
  row_bytes_ = line.size();
  cells.clear();
  for (std::size_t at = 0;; ++at) {
    if (cells.size() == kMostColumns) fail(fmt::format("more than {} columns", kMostColumns));
    std::string& cell = cells.emplace_back();
    if (at < line.size() && line[at] == '"') {
      at = read_quoted(line, at + 1, cell);
    } else {
      const std::size_t end = std::min(line.find(separator_, at), line.size());
      cell = line.substr(at, end - at);
      at = end;
    }
    if (at == line.size()) return true;  // else the separator is there
  }
}

/// From behind the opening quote; `line` becomes the next one where the cell goes on. Returns where the cell ends.
std::size_t CsvReader::read_quoted(std::string& line, std::size_t at, std::string& cell) {
  while (true) {
    if (at == line.size()) {
      std::string_view more;
      if (!lines_.next(more)) fail("a quoted cell is never closed");
      row_bytes_ += more.size() + 1;
      if (row_bytes_ > limits_.line_bytes) fail(fmt::format("the row is longer than {} bytes", limits_.line_bytes));
      cell += '\n';
      line = more;
      at = 0;
      continue;
    }
    if (line[at] != '"') {
      cell += line[at++];
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      cell += '"';
      at += 2;
    } else if (at + 1 == line.size() || line[at + 1] == separator_) {
      return at + 1;
    } else {
      fail(fmt::format("a closing quote is followed by \"{}\"", printable(line.substr(at + 1, 20))));
    }
  }
}

}  // namespace seqbench::data
