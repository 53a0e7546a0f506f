#include "tasks/tf_expression/histone.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tasks/tf_expression/expression.h"

namespace seqbench::tasks::tf_expression {
namespace {

namespace fs = std::filesystem;
using data::LineReader;
using data::TableReader;

constexpr std::int64_t kCsvMarks = 5;
constexpr std::size_t kMostValues = 500'000'000;
constexpr data::ReadLimits kLimits{.total_bytes = 4ull << 30};

/// One line of the two layouts of QData.
struct CsvLine {
  std::string gene;
  std::int64_t bin = 0;
  std::vector<float> marks;
  double label = 0;
};

template <typename Reader>
float read_depth(const Reader& in, std::string_view cell) {
  const auto value = parse_double(cell);
  if (!value || *value < 0 || *value > 1e9) {
    in.fail(fmt::format("a mark must be a number from 0 on, got \"{}\"", printable(cell)));
  }
  return static_cast<float>(*value);
}

std::int64_t read_bin(const LineReader& lines, std::string_view cell) {
  const auto bin = parse_int(cell);
  if (!bin || *bin < 1) lines.fail(fmt::format("a bin must be an integer from 1 on, got \"{}\"", printable(cell)));
  return *bin;
}

CsvLine read_line(const LineReader& lines, std::string_view line, bool has_label) {
  const std::vector<std::string_view> cells = split(line, ',');
  const std::size_t first = has_label ? 2 : 1;
  const std::size_t width = first + kCsvMarks + (has_label ? 1 : 0);
  if (cells.size() != width) lines.fail(fmt::format("{} cells, {} are needed", cells.size(), width));
  CsvLine read;
  if (has_label) {
    read.gene = cells[0];
    read.bin = read_bin(lines, cells[1]);
    if (cells.back() != "0" && cells.back() != "1") {
      lines.fail(fmt::format("the label must be 0 or 1, got \"{}\"", printable(cells.back())));
    }
    read.label = cells.back() == "1" ? 1 : 0;
  } else {
    const std::size_t end = cells[0].rfind('_');
    if (end == cells[0].npos) {
      lines.fail(fmt::format("the first cell must be GENE_SYMBOL_BIN, got \"{}\"", printable(cells[0])));
    }
    read.gene = cells[0].substr(0, cells[0].find('_'));
    read.bin = read_bin(lines, cells[0].substr(end + 1));
  }
  if (read.gene.empty()) lines.fail("a line without a gene");
  for (std::size_t mark = 0; mark < kCsvMarks; ++mark) read.marks.push_back(read_depth(lines, cells[first + mark]));
  return read;
}

/// Collects the lines of one gene after another.
class GeneCollector {
 public:
  GeneCollector(const LineReader& lines, Part part, Histones& into) : lines_(lines), part_(part), into_(into) {
    for (const Histones::Row& row : into.rows) seen_.insert(row.gene);
  }

  void add(const CsvLine& line) {
    if (bins_.empty() || line.gene != into_.rows.back().gene) {
      finish();
      if (!seen_.insert(line.gene).second) {
        lines_.fail(fmt::format("the gene \"{}\" stands here twice", printable(line.gene)));
      }
      into_.rows.push_back({line.gene, part_, line.label, ""});
    }
    const auto due = static_cast<std::int64_t>(bins_.size()) + 1;
    if (line.bin != due) lines_.fail(fmt::format("bin {} of \"{}\" is due, got {}", due, line.gene, line.bin));
    if (line.label != into_.rows.back().expression) lines_.fail("the label differs from that of the gene's first bin");
    bins_.push_back(line.marks);
    if (into_.values.size() + bins_.size() * kCsvMarks > kMostValues) lines_.fail("too many values");
  }

  void finish() {
    if (bins_.empty()) return;
    const auto count = static_cast<std::int64_t>(bins_.size());
    if (into_.bins == 0) into_.bins = count;
    if (count != into_.bins) {
      lines_.fail(fmt::format("the gene \"{}\" has {} bins, others have {}", into_.rows.back().gene, count, into_.bins));
    }
    for (std::size_t mark = 0; mark < kCsvMarks; ++mark) {
      for (const std::vector<float>& bin : bins_) into_.values.push_back(bin[mark]);
    }
    bins_.clear();
  }

 private:
  const LineReader& lines_;
  Part part_;
  Histones& into_;
  std::set<std::string> seen_;
  std::vector<std::vector<float>> bins_;  // of the last gene
};

void read_csv(const fs::path& path, bool has_label, Part part, Histones& into) {
  LineReader lines(path, kLimits);
  into.marks = kCsvMarks;
  GeneCollector genes(lines, part, into);
  std::string_view line;
  while (lines.next(line)) genes.add(read_line(lines, line, has_label));
  genes.finish();
  if (lines.line_number() == 0) lines.fail("the file is empty");
}

constexpr std::int64_t kTableMarks = 7;
constexpr std::size_t kFirstBin = 5;

std::vector<std::string> table_columns(const fs::path& path, std::int64_t& bins) {
  const std::vector<std::string> header = data::header_of(path);
  const bool is_log = std::ranges::find(header, "log_expression") != header.end();
  std::vector<std::string> columns = {"gene_id", is_log ? "log_expression" : "expression", "chrom", "strand", "mark"};
  for (bins = 0; std::ranges::find(header, fmt::format("b{}", bins)) != header.end(); ++bins) {
    columns.push_back(fmt::format("b{}", bins));
  }
  return columns;
}

Histones::Row read_gene(const TableReader& table, bool is_log) {
  Histones::Row row{.gene = std::string(table.cell(0)), .expression = table.number(1)};
  row.chromosome = table.cell(2);
  if (row.gene.empty() || row.chromosome.empty()) table.fail("a row without a gene or a chromosome");
  if (is_log) return row;
  if (row.expression < 0) table.fail(fmt::format("expression must be 0 or more, got {}", row.expression));
  row.expression = log_of(row.expression);
  return row;
}

}  // namespace

void read_deepdiff(const fs::path& path, Part part, Histones& into) { read_csv(path, false, part, into); }

void read_attentivechrome(const fs::path& path, Part part, Histones& into) { read_csv(path, true, part, into); }

std::map<std::string, double> read_counts(const fs::path& path) {
  LineReader lines(path, kLimits);
  std::map<std::string, double> counts;
  std::string_view line;
  while (lines.next(line)) {
    const std::vector<std::string_view> cells = split(line, ',');
    if (cells.size() != 2 || cells[0].empty()) lines.fail("a line is GENE,READS");
    const auto count = parse_double(cells[1]);
    if (!count || *count < 0) {
      lines.fail(fmt::format("reads must be a number from 0 on, got \"{}\"", printable(cells[1])));
    }
    if (!counts.try_emplace(std::string(cells[0]), *count).second) {
      lines.fail(fmt::format("the gene \"{}\" stands here twice", printable(cells[0])));
    }
  }
  if (counts.empty()) lines.fail("the file is empty");
  return counts;
}

Histones read_chromoformer(const fs::path& path) {
  Histones result{.marks = kTableMarks};
  const std::vector<std::string> columns = table_columns(path, result.bins);
  TableReader table(path, columns);
  if (result.bins == 0) table.fail("no column \"b0\"");
  std::set<std::string> seen;
  std::int64_t mark = 0;
  for (; table.next(); mark = (mark + 1) % kTableMarks) {
    Histones::Row row = read_gene(table, columns[1] == "log_expression");
    const bool is_same = mark > 0 && row.gene == result.rows.back().gene;
    if (table.integer(4) != mark || is_same != (mark > 0)) {
      table.fail(fmt::format("mark {} of {} is due", mark, mark > 0 ? printable(result.rows.back().gene) : "another gene"));
    }
    if (is_same && row.expression != result.rows.back().expression) table.fail("the expression differs within the gene");
    if (!is_same && !seen.insert(row.gene).second) table.fail(fmt::format("\"{}\" stands here twice", printable(row.gene)));
    if (!is_same) result.rows.push_back(std::move(row));
    const auto begin = static_cast<std::ptrdiff_t>(result.values.size());
    for (std::size_t i = kFirstBin; i < columns.size(); ++i) result.values.push_back(read_depth(table, table.cell(i)));
    if (table.cell(3) != "+" && table.cell(3) != "-") table.fail("the strand must be + or -");
    if (table.cell(3) == "-") std::reverse(result.values.begin() + begin, result.values.end());
    if (result.values.size() > kMostValues) table.fail("too many values");
  }
  if (mark != 0) table.fail(fmt::format("the last gene has {} of {} marks", mark, kTableMarks));
  if (result.rows.empty()) table.fail("no row follows the header");
  return result;
}

}  // namespace seqbench::tasks::tf_expression
