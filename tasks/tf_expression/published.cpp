#include "tasks/tf_expression/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tasks/tf_expression/binding.h"
#include "tasks/tf_expression/expression.h"
#include "tasks/tf_expression/histone.h"

namespace seqbench::tasks::tf_expression {
namespace {

const Source& source_of(const Choice& choice) {
  std::set<std::string> tables, cells;
  for (const Source& source : sources()) {
    if (source.table == choice.table && source.cell == choice.cell) return source;
    tables.insert(source.table);
    if (source.table == choice.table) cells.insert(source.cell);
  }
  throw InputError(fmt::format("'cell' is \"{}\"; the table {} is of {}", printable(choice.cell), choice.table,
                               join(std::vector(cells.begin(), cells.end()), ", ")));
}

/// The chosen value of a gene: NaN = none.
double expression_of(const GeneRow& gene, const Choice& choice) {
  if (choice.target == "e123") return gene.e123;
  return choice.cell == "k562" ? gene.k562 : gene.gm12878;
}

/// A gene of the table of genes; false where it has no value.
bool take_gene(const GeneRow& row, const Choice& choice, Table& table) {
  const double expression = expression_of(row, choice);
  if (std::isnan(expression)) {
    ++table.counts["genes without a value"];
    return false;
  }
  table.genes.push_back({.id = row.symbol, .chromosome = row.chromosome, .expression = expression, .peaks = {},
                         .part = part_of(row.chromosome)});
  return true;
}

Table bound_genes(const Files& files, const Choice& choice) {
  Table table;
  Binding binding = read_binding(files.at(choice.table + "_gene_tfs.tsv"), files.at(choice.table + "_experiments.tsv"));
  std::set<std::int64_t> joined;
  table.counts["genes not in the table"] = 0;
  for (const GeneRow& row : read_genes(files.at("genes.tsv"))) {
    const auto found = binding.by_gene.find(row.entrez);
    if (row.entrez < 0 || found == binding.by_gene.end()) {
      ++table.counts["genes not in the table"];
      continue;
    }
    joined.insert(row.entrez);
    if (!take_gene(row, choice, table)) continue;
    for (const std::uint16_t factor : found->second) table.genes.back().peaks.push_back({factor, 0, 0});
  }
  table.counts["rows of the table"] = static_cast<std::int64_t>(binding.by_gene.size());
  table.counts["rows of the table without expression"] = static_cast<std::int64_t>(binding.by_gene.size() - joined.size());
  table.factors = std::move(binding.factors);
  return table;
}

Table with_peaks(const Files& files, const Choice& choice, const std::string& role,
                 const std::map<std::string, Annotation>* hg38) {
  Table table;
  Peaks peaks = read_peaks(files.at(role));
  for (const GeneRow& row : read_genes(files.at("genes.tsv"))) {
    Place place{row.chromosome, row.tss, row.minus};
    if (hg38 != nullptr) {
      const auto found = hg38->find(row.ensembl);
      if (found == hg38->end() || !peaks.by_chromosome.contains(found->second.hg38.chromosome)) {
        ++table.counts["genes elsewhere"];
        continue;
      }
      place = found->second.hg38;
    }
    if (take_gene(row, choice, table)) table.genes.back().peaks = peaks.around(place.chromosome, place.tss, place.minus);
  }
  table.counts["peaks"] = peaks.rows;
  table.counts["duplicate peaks"] = peaks.duplicates;
  table.factors = std::move(peaks.factors);
  table.positions = true;
  return table;
}

/// The values move into the table's function.
void take_histones(Histones&& read, Table& table) {
  table.marks = read.marks;
  table.bins = read.bins;
  for (Histones::Row& row : read.rows) {
    table.genes.push_back({.id = std::move(row.gene), .chromosome = row.chromosome.empty() ? "unknown" : row.chromosome,
                           .expression = row.expression, .peaks = {},
                           .source = static_cast<std::int64_t>(table.genes.size()), .part = row.part});
  }
  const auto values = std::make_shared<const std::vector<float>>(std::move(read.values));
  table.histone = [values, width = table.marks * table.bins](std::int64_t source, std::span<float> row) {
    std::copy_n(values->begin() + source * width, width, row.begin());
  };
}

constexpr std::pair<const char*, Part> kParts[] = {{"train", Part::kTrain}, {"valid", Part::kValidation}, {"test", Part::kTest}};

Table deepdiff(const Files& files, const Choice& choice) {
  const std::string cell = choice.cell == "k562" ? "deepdiff_cell1_" : "deepdiff_cell2_";
  Histones read;
  for (const auto& [name, part] : kParts) read_deepdiff(files.at(cell + name + ".csv"), part, read);
  const std::map<std::string, double> counts = read_counts(files.at(cell + "expr.csv"));
  std::map<std::string, Annotation> annotation;  // without it, chromosomes are not known
  if (const auto file = files.find("annotation.tsv"); file != files.end()) annotation = read_annotation(file->second);
  for (Histones::Row& row : read.rows) {
    const auto count = counts.find(row.gene);
    if (count == counts.end()) {
      throw InputError(fmt::format("{}: no line for the gene \"{}\"", printable(files.at(cell + "expr.csv").string()),
                                   printable(row.gene)));
    }
    row.expression = log_of(count->second);
    if (const auto found = annotation.find(row.gene); found != annotation.end()) {
      row.chromosome = found->second.hg19.chromosome;
    }
  }
  Table table;
  take_histones(std::move(read), table);
  return table;
}

Table attentivechrome(const Files& files) {
  Histones read;
  for (const auto& [name, part] : kParts) {
    read_attentivechrome(files.at(fmt::format("attentivechrome_{}.csv", name)), part, read);
  }
  Table table;
  take_histones(std::move(read), table);
  return table;
}

Table chromoformer(const Files& files) {
  Histones read = read_chromoformer(files.at("chromoformer_promoters.tsv"));
  for (Histones::Row& row : read.rows) row.part = part_of(row.chromosome);
  Table table;
  take_histones(std::move(read), table);
  return table;
}

Table read_any(const Files& files, const Choice& choice) {
  if (choice.table == "peaks13") return with_peaks(files, choice, choice.cell + "_peaks.bed", nullptr);
  if (choice.table == "peaks_chr4") {
    const std::map<std::string, Annotation> annotation = read_annotation(files.at("annotation.tsv"));
    return with_peaks(files, choice, "gm12878_chr4_peaks.bed", &annotation);
  }
  if (choice.table == "histone_deepdiff") return deepdiff(files, choice);
  if (choice.table == "histone_attentivechrome") return attentivechrome(files);
  if (choice.table == "histone_chromoformer") return chromoformer(files);
  return bound_genes(files, choice);
}

/// "31-34,58" of one factor.
std::vector<bool> reference_bins(const data::TableReader& in, std::string_view cell) {
  std::vector<bool> bins(kBins);
  if (cell.empty()) return bins;
  for (const std::string_view range : split(cell, ',')) {
    const std::vector<std::string_view> ends = split(range, '-');
    const auto first = parse_int(ends.front()), last = parse_int(ends.back());
    if (ends.size() > 2 || !first || !last || *first < 0 || *first > *last || *last >= kBins) {
      in.fail(fmt::format("bins are FIRST-LAST from 0 to {}, got \"{}\"", kBins - 1, printable(range)));
    }
    std::fill(bins.begin() + *first, bins.begin() + *last + 1, true);
  }
  return bins;
}

/// The ready-made bins must be those that the peaks give.
std::string check_reference(const std::filesystem::path& path, const Table& table) {
  std::vector<std::string> columns = {"symbol"};
  columns.insert(columns.end(), table.factors.begin(), table.factors.end());
  data::TableReader in(path, columns);
  for (const Gene& gene : table.genes) {
    if (!in.next() || in.cell(0) != gene.id) in.fail(fmt::format("the gene \"{}\" is due, as in genes.tsv", gene.id));
    std::vector<std::vector<bool>> bins(table.factors.size(), std::vector<bool>(kBins));
    for (const Peak& peak : gene.peaks) std::fill_n(bins[peak.factor].begin() + peak.first, peak.last - peak.first + 1, true);
    for (std::size_t factor = 0; factor < bins.size(); ++factor) {
      if (reference_bins(in, in.cell(factor + 1)) == bins[factor]) continue;
      in.fail(fmt::format("the peaks of {} give other bins for {}", gene.id, table.factors[factor]));
    }
  }
  if (in.next()) in.fail("more genes than in genes.tsv");
  return fmt::format("{}: {} genes, equal to the bins that the peaks give", path.filename().string(), table.genes.size());
}

std::string describe(const Source& source, const Table& table) {
  std::string text = fmt::format("{}, {}: {} genes", source.table, source.cell, table.genes.size());
  if (!table.factors.empty()) text += fmt::format(", {} factors", table.factors.size());
  if (table.marks > 0) text += fmt::format(", {} marks in {} bins", table.marks, table.bins);
  for (const auto& [name, count] : table.counts) text += fmt::format("; {} {}", count, name);
  return text;
}

}  // namespace

Table read_table(const Files& files, const Choice& choice) {
  const Source& source = source_of(choice);
  for (const std::string& role : source.roles) {
    if (files.contains(role)) continue;
    throw InputError(fmt::format("the table {} of {} needs {}, of which {} was not imported", choice.table, choice.cell,
                                 join(source.roles, ", "), role));
  }
  const bool is_joined = std::ranges::find(source.roles, "genes.tsv") != source.roles.end();
  if (choice.target == "e123" && (!is_joined || choice.cell != "k562")) {
    throw InputError(fmt::format("'target' is \"e123\", which is K562 for the genes of genes.tsv; the table {} of {} has "
                                 "its own alone",
                                 choice.table, choice.cell));
  }
  Table table = read_any(files, choice);
  if (table.genes.empty()) throw InputError(fmt::format("the table {} of {} has no gene left", choice.table, choice.cell));
  return table;
}

std::vector<std::string> check_all(const Files& files) {
  std::vector<std::string> report;
  for (const Source& source : sources()) {
    const bool whole = std::ranges::all_of(source.roles, [&](const std::string& role) { return files.contains(role); });
    if (!whole) continue;
    const Table table = read_table(files, {source.table, source.cell, "own"});
    report.push_back(describe(source, table));
    const auto reference = files.find("k562_bins.tsv");
    if (source.table == "peaks13" && source.cell == "k562" && reference != files.end()) {
      report.push_back(check_reference(reference->second, table));
    }
  }
  return report;
}

}  // namespace seqbench::tasks::tf_expression
