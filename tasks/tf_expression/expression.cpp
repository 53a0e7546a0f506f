#include "tasks/tf_expression/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"

namespace seqbench::tasks::tf_expression {
namespace {

using data::TableReader;

bool read_strand(const TableReader& table, std::size_t column) {
  const std::string_view strand = table.cell(column);
  if (strand != "+" && strand != "-") {
    table.fail(fmt::format("the strand must be + or -, got \"{}\"", printable(strand)));
  }
  return strand == "-";
}

double read_tpm(const TableReader& table, std::size_t column) {
  const double value = table.number(column);
  if (value < 0) table.fail(fmt::format("an expression must be 0 or more, got {}", value));
  return log_of(value);
}

std::int64_t read_position(const TableReader& table, std::size_t column) {
  const std::int64_t position = table.integer(column);
  if (position < 0 || position > 1'000'000'000) {
    table.fail(fmt::format("a position is from 0 to 1,000,000,000, got {}", position));
  }
  return position;
}

GeneRow read_gene(const TableReader& table, bool is_log) {
  GeneRow gene{.symbol = std::string(table.cell(0)), .ensembl = std::string(table.cell(1))};
  if (gene.symbol.empty()) table.fail("symbol is empty");
  if (!table.cell(2).empty()) gene.entrez = table.integer(2);
  gene.chromosome = table.cell(3);
  if (gene.chromosome.empty()) table.fail("chrom is empty");
  gene.tss = read_position(table, 4);
  gene.minus = read_strand(table, 5);
  if (is_log) {
    gene.k562 = gene.gm12878 = gene.e123 = table.number(6);
  } else {
    gene.k562 = read_tpm(table, 6);
    gene.gm12878 = read_tpm(table, 7);
    if (!table.cell(8).empty()) gene.e123 = table.number(8);
  }
  return gene;
}

/// Empty cells: the gene is not in this build.
Place read_place(const TableReader& table, std::size_t first) {
  Place place;
  place.chromosome = table.cell(first);
  if (place.chromosome.empty()) return place;
  place.tss = read_position(table, first + 1) - 1;  // 1-based in the file
  if (place.tss < 0) table.fail("a 1-based position is at least 1, got 0");
  place.minus = read_strand(table, first + 2);
  return place;
}

}  // namespace

double log_of(double value) { return std::log10(1 + value); }

std::vector<GeneRow> read_genes(const std::filesystem::path& path) {
  const std::vector<std::string> header = data::header_of(path);
  const bool is_log = std::ranges::find(header, "log_expression") != header.end();
  std::vector<std::string> columns = {"symbol", "ensembl", "entrez", "chrom", "tss_hg19", "strand"};
  if (is_log) {
    columns.emplace_back("log_expression");
  } else {
    for (const char* name : {"k562_tpm", "gm12878_tpm", "e123_k562_log10rpkm1"}) columns.emplace_back(name);
  }
  TableReader table(path, columns);
  std::vector<GeneRow> genes;
  std::set<std::string, std::less<>> symbols;
  while (table.next()) {
    genes.push_back(read_gene(table, is_log));
    if (!symbols.insert(genes.back().symbol).second) {
      table.fail(fmt::format("the gene \"{}\" stands here twice", printable(genes.back().symbol)));
    }
  }
  if (genes.empty()) table.fail("no row follows the header");
  return genes;
}

std::map<std::string, Annotation> read_annotation(const std::filesystem::path& path) {
  TableReader table(path, {"ensembl", "chrom_hg19", "tss_hg19", "strand_hg19", "chrom_hg38", "tss_hg38", "strand_hg38"});
  std::map<std::string, Annotation> genes;
  while (table.next()) {
    const std::string ensembl(table.cell(0));
    if (ensembl.empty()) table.fail("ensembl is empty");
    if (!genes.try_emplace(ensembl, Annotation{read_place(table, 1), read_place(table, 4)}).second) {
      table.fail(fmt::format("the gene \"{}\" stands here twice", printable(ensembl)));
    }
  }
  if (genes.empty()) table.fail("no row follows the header");
  return genes;
}

}  // namespace seqbench::tasks::tf_expression
