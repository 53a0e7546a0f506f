#include "harness/store/published_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"

namespace seqbench::store {
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMostBytes = 16u << 20;
constexpr std::array<std::string_view, 4> kStatus = {"printed", "reconstructed", "misprint", "missing"};
constexpr std::array<std::string_view, 3> kOrigins = {"", "printed", "derived"};
constexpr std::array<std::string_view, 4> kParts = {"", "train", "validation", "test"};
constexpr std::array<std::string_view, 8> kForms = {"greater", "at_least", "order", "trend", "best", "bound", "curve", "none"};
constexpr std::array<std::string_view, 3> kCurveRules = {"lowest_first", "falls", "steadier"};

/// Tab-separated, with exactly these columns; lines that begin with '#' are comments.
class Table {
 public:
  Table(const fs::path& path, std::vector<std::string> columns)
      : path_(path), columns_(std::move(columns)), text_(read_file(path, kMostBytes)) {
    if (!is_valid_utf8(text_)) fail("the file is not UTF-8");
    if (!next_line() || join(owned(), "\t") != join(columns_, "\t")) {
      fail(fmt::format("the header must be: {}", join(columns_, " ")));
    }
  }

  bool next() {
    if (!next_line()) return false;
    if (cells_.size() != columns_.size())
      fail(fmt::format("{} cells, the header has {}", cells_.size(), columns_.size()));
    return true;
  }

  [[nodiscard]] std::string cell(std::size_t column) const { return std::string(cells_[column]); }
  /// A cell that must be one of these.
  template <std::size_t N>
  [[nodiscard]] std::string one_of(std::size_t column, const std::array<std::string_view, N>& words) const {
    if (std::ranges::find(words, cells_[column]) == words.end())
      wrong(column, fmt::format("one of: {}", fmt::join(words, " ")));
    return cell(column);
  }
  [[nodiscard]] std::string word(std::size_t column) const {
    if (cells_[column].empty()) wrong(column, "not empty");
    return cell(column);
  }
  [[nodiscard]] std::optional<double> optional_number(std::size_t column) const {
    if (cells_[column].empty()) return std::nullopt;
    const auto value = parse_double(cells_[column]);
    if (!value) wrong(column, "a number or empty");
    return value;
  }
  [[nodiscard]] double number(std::size_t column) const {
    const auto value = optional_number(column);
    if (!value) wrong(column, "a number");
    return *value;
  }
  [[nodiscard]] std::optional<std::int64_t> optional_count(std::size_t column) const {
    if (cells_[column].empty()) return std::nullopt;
    const auto value = parse_int(cells_[column]);
    if (!value || *value < 0) wrong(column, "a whole number or empty");
    return value;
  }
  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", printable(path_.string()), std::max(line_, 1), message));
  }

 private:
  [[noreturn]] void wrong(std::size_t column, const std::string& expected) const {
    fail(fmt::format("column '{}' must be {}, got '{}'", columns_[column], expected, printable(cells_[column])));
  }
  [[nodiscard]] std::vector<std::string> owned() const { return {cells_.begin(), cells_.end()}; }

  bool next_line() {
    while (at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      std::string_view line = std::string_view(text_).substr(at_, end - at_);
      at_ = end + 1;
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.starts_with('#')) continue;
      cells_ = split(line, '\t');
      return true;
    }
    return false;
  }

  fs::path path_;
  std::vector<std::string> columns_;
  std::string text_;
  std::size_t at_ = 0;
  int line_ = 0;
  std::vector<std::string_view> cells_;
};

/// Of a printed number: "0.50" 2, "1e-4" 4, "110e6" -6.
std::int64_t decimals_of(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, e);
  const std::size_t point = digits.find('.');
  std::int64_t decimals = point == digits.npos ? 0 : static_cast<std::int64_t>(digits.size() - point - 1);
  if (e != text.npos) decimals -= parse_int(text.substr(e + (text[e + 1] == '+' ? 2 : 1))).value_or(0);
  return decimals;
}

/// "a; b" -> {"a", "b"}; "" -> {}.
std::vector<std::string> list_of(const std::string& cell, char separator) {
  std::vector<std::string> parts;
  if (cell.empty()) return parts;
  for (std::string_view part : split(cell, separator)) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
  }
  return parts;
}

enum Column {
  kPaper,
  kTable,
  kRow,
  kColumn,
  kTask,
  kModel,
  kMetric,
  kSplit,
  kSelected,
  kValue,
  kLow,
  kHigh,
  kRows,
  kRowsFrom,
  kStatusOf,
  kNote,
  kQuote
};

PublishedRow row_of(const Table& table) {
  PublishedRow row;
  row.paper = table.word(kPaper);
  row.table_ref = table.word(kTable);
  row.row_ref = table.word(kRow);
  row.col_ref = table.word(kColumn);
  row.task = table.cell(kTask);
  row.model = table.cell(kModel);
  row.metric = table.word(kMetric);
  row.split = table.one_of(kSplit, kParts);
  row.selected_on = table.one_of(kSelected, kParts);
  row.value = table.optional_number(kValue);
  row.low = table.optional_number(kLow);
  row.high = table.optional_number(kHigh);
  row.n_eval = table.optional_count(kRows);
  const std::string origin = table.one_of(kRowsFrom, kOrigins);
  if (row.n_eval.has_value() == origin.empty()) table.fail("n_eval and n_eval_from go together");
  row.n_eval_derived = origin == "derived";
  row.status = table.one_of(kStatusOf, kStatus);
  row.note = table.cell(kNote);
  row.quote = table.cell(kQuote);
  if (row.low.has_value() != row.high.has_value() || (row.low && (row.value || *row.low > *row.high))) {
    table.fail("a range is low and high, in this order and without a value");
  }
  if ((row.status == "missing") == (row.value || row.low)) {
    table.fail(fmt::format("status '{}' does not go with {} value", row.status, row.value || row.low ? "a" : "no"));
  }
  if (row.value) row.decimals = decimals_of(table.cell(kValue));
  if (row.low) row.decimals = decimals_of(table.cell(kLow));
  row.uid = sha256_hex(row.paper + '\n' + row.table_ref + '\n' + row.row_ref + '\n' + row.col_ref).substr(0, 32);
  return row;
}

}  // namespace

const Paper& PublishedFolder::paper(const std::string& name) const {
  std::vector<std::string> names;
  for (const Paper& p : papers) {
    if (p.name == name) return p;
    names.push_back(p.name);
  }
  const auto close = nearest(name, names);
  throw InputError(fmt::format("no paper '{}'{}; there are: {}", printable(name),
                               close ? fmt::format(", nearest: '{}'", *close) : "", join(names, ", ")));
}

double half_unit(const PublishedRow& row) {
  return row.decimals ? 0.5 * std::pow(10.0, -static_cast<double>(*row.decimals)) : 0.0;
}

Paper read_published(const fs::path& file) {
  Table table(file, {"paper", "table", "row", "column", "task", "model", "metric", "split", "selected_on", "value",
                     "low", "high", "n_eval", "n_eval_from", "status", "note", "quote"});
  Paper paper{file.stem().string(), sha256_file_hex(file), {}};
  std::set<std::string> seen;
  while (table.next()) {
    PublishedRow row = row_of(table);
    if (row.paper != paper.name)
      table.fail(fmt::format("paper '{}' in the file of '{}'", printable(row.paper), paper.name));
    if (!seen.insert(row.uid).second) table.fail("table, row and column stand here a second time");
    paper.rows.push_back(std::move(row));
  }
  return paper;
}

std::vector<Claim> read_claims(const fs::path& file) {
  Table table(file, {"paper", "claim", "statement", "form", "table", "columns", "left", "right", "place", "note"});
  std::vector<Claim> claims;
  std::set<std::string> seen;
  while (table.next()) {
    Claim claim{table.word(0),
                table.word(1),
                table.word(2),
                table.one_of(3, kForms),
                list_of(table.cell(4), ';'),
                list_of(table.cell(5), ','),
                list_of(table.cell(6), ';'),
                list_of(table.cell(7), ';'),
                table.cell(8),
                table.cell(9)};
    if (!seen.insert(claim.id).second)
      table.fail(fmt::format("claim '{}' stands here a second time", printable(claim.id)));
    if (claim.form == "curve") static_cast<void>(table.one_of(5, kCurveRules));
    const bool one_sided = claim.form == "order" || claim.form == "trend" || (claim.form == "curve" && table.cell(5) != "steadier");
    if (claim.form != "none" &&
        (claim.tables.empty() || claim.columns.empty() || claim.left.empty() || claim.right.empty() != one_sided)) {
      table.fail(fmt::format("form '{}' needs table, columns, left and {}right", claim.form, one_sided ? "no " : ""));
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::vector<Moments> read_moments(const fs::path& file) {
  Table table(file, {"task", "split", "num_mutations", "n", "mean", "variance", "min", "max", "min_length", "max_length"});
  std::vector<Moments> all;
  while (table.next()) {
    Moments m{table.word(0),   table.one_of(1, kParts), std::nullopt,    0,
              table.number(4), table.number(5),         table.number(6), table.number(7)};
    if (table.cell(2) != "all") m.mutations = table.optional_count(2);
    m.n = table.optional_count(3).value_or(0);
    m.min_length = table.optional_count(8).value_or(0);
    m.max_length = table.optional_count(9).value_or(0);
    if (m.n == 0 || !(m.variance >= 0) || m.min > m.mean || m.mean > m.max || m.min_length < 1 || m.min_length > m.max_length)
      table.fail("these are no moments of a sample");
    all.push_back(std::move(m));
  }
  return all;
}

PublishedFolder read_published_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("{}: no such folder", printable(folder.string())));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tsv") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  PublishedFolder found;
  for (const fs::path& file : files) {
    if (file.filename() == "claims.tsv")
      found.claims = read_claims(file);
    else if (file.filename() == "moments.tsv")
      found.moments = read_moments(file);
    else
      found.papers.push_back(read_published(file));
  }
  return found;
}

}  // namespace seqbench::store
