#include "tasks/tf_expression/twin_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::tasks::tf_expression {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBetweenGenes = 40'000'000;  // past the last gene of chr1: every factor has a peak there
constexpr double kTwice = 0.03;
constexpr std::size_t kChunk = 1u << 20;

using Line = std::tuple<std::string, std::int64_t, std::int64_t, std::string>;  // of a BED file

double pearson(std::span<const TwinRow> rows, double TwinRow::*member) {
  const auto n = static_cast<double>(rows.size());
  double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (const TwinRow& row : rows) {
    mean_x += row.*member / n;
    mean_y += row.gene.expression / n;
  }
  for (const TwinRow& row : rows) {
    const double x = row.*member - mean_x, y = row.gene.expression - mean_y;
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

char strand_of(const TwinRow& row) { return row.minus ? '-' : '+'; }

std::string genes_table(std::span<const TwinRow> rows) {
  std::string text = "symbol\tensembl\tentrez\tchrom\ttss_hg19\tstrand\tlog_expression\n";
  for (const TwinRow& row : rows) {
    fmt::format_to(std::back_inserter(text), "{0}\t{0}\t{1}\t{2}\t{3}\t{4}\t{5}\n", row.gene.id, row.gene.source + 1,
                   row.gene.chromosome, row.tss, strand_of(row), format_double(row.gene.expression));
  }
  return text;
}

/// One experiment a factor, numbered as the factors are.
std::string binding_table(const Law& law, std::span<const TwinRow> rows, std::vector<std::int64_t>& genes) {
  std::string text = "entrez\tsymbol\tensembl\tn_tf\ttfs\texperiments\n";
  for (const TwinRow& row : rows) {
    std::vector<std::string> names, numbers;
    for (const std::uint16_t factor : row.gene.bound()) {
      names.push_back(law.names[factor]);
      numbers.push_back(std::to_string(factor));
      ++genes[factor];
    }
    fmt::format_to(std::back_inserter(text), "{0}\t{1}\t{1}\t{2}\t{3}\t{4}\n", row.gene.source + 1, row.gene.id,
                   names.size(), join(names, ","), join(numbers, ","));
  }
  return text;
}

std::string experiments_table(const Law& law, std::span<const std::int64_t> genes) {
  std::string text = "exp\taccession\ttf\tcell\ttreatment\tn_genes\n";
  for (std::size_t i = 0; i < genes.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{0}\tTWIN{0:03}.{1}.K562\t{1}\tK562\t\t{2}\n", i, law.names[i], genes[i]);
  }
  return text;
}

/// Peaks end anywhere inside of their outer bins.
std::string peaks_table(const Law& law, std::span<const TwinRow> rows, const Stream& stream) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < law.names.size(); ++i) {
    const std::int64_t start = kBetweenGenes + 1000 * static_cast<std::int64_t>(i);
    lines.emplace_back("chr1", start, start + 300, law.names[i]);
  }
  for (const TwinRow& row : rows) {
    Draws draws = stream.at({.item = static_cast<std::uint32_t>(row.gene.source)});
    for (const Peak& peak : row.gene.peaks) {
      const Span span = span_of(row.tss, row.minus, peak);
      const auto inside = [&] { return static_cast<std::int64_t>(draws.below(kBinWidth / 2)); };
      const std::int64_t start = span.start + inside();
      lines.emplace_back(row.gene.chromosome, start, span.end - inside(), law.names[peak.factor]);
      if (draws.uniform() < kTwice) lines.push_back(lines.back());
    }
  }
  std::ranges::sort(lines);
  std::string text;
  for (const auto& [chromosome, start, end, name] : lines) {
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\n", chromosome, start, end, name);
  }
  return text;
}

void write_histones(const Twin& twin, std::span<const TwinRow> rows, const fs::path& path) {
  AtomicFile file(path);
  std::string text = "gene_id\tlog_expression\tchrom\ttss_hg19\tstrand\tmark";
  for (std::int64_t bin = 0; bin < kTwinBins; ++bin) text += fmt::format("\tb{}", bin);
  text += '\n';
  std::vector<float> values(kTwinMarks * kTwinBins);
  for (const TwinRow& row : rows) {
    twin.histone(row.gene.source, values);
    for (std::int64_t mark = 0; mark < kTwinMarks; ++mark) {
      const auto bins = std::span(values).subspan(static_cast<std::size_t>(mark * kTwinBins), kTwinBins);
      if (row.minus) std::ranges::reverse(bins);
      fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{}\t{}", row.gene.id, format_double(row.gene.expression),
                     row.gene.chromosome, row.tss, strand_of(row), mark);
      for (const float value : bins) fmt::format_to(std::back_inserter(text), "\t{}", static_cast<std::int64_t>(value));
      text += '\n';
    }
    if (text.size() < kChunk) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
}

Json elements_json(const Law& law) {
  Json list = Json::array();
  const std::pair<const char*, const std::vector<Element>*> kinds[] = {
      {"additive", &law.additive}, {"and", &law.both}, {"or", &law.either}, {"and not", &law.unless}, {"near", &law.near}};
  for (const auto& [kind, elements] : kinds) {
    for (const Element& element : *elements) {
      Json factors = {law.names[element.first]};
      if (element.second != element.first) factors.push_back(law.names[element.second]);
      list.push_back({{"kind", kind}, {"factors", factors}, {"weight", element.weight}});
    }
  }
  return list;
}

}  // namespace

Ceilings ceilings(std::span<const TwinRow> rows) {
  return {pearson(rows, &TwinRow::expected), pearson(rows, &TwinRow::expected_set)};
}

void write_files(const Twin& twin, std::int64_t rows, const fs::path& folder) {
  std::vector<TwinRow> made;
  for (std::int64_t i = 0; i < rows; ++i) made.push_back(twin.row(i));
  std::vector<std::int64_t> genes(twin.law().names.size());
  write_file_atomically(folder / "genes.tsv", genes_table(made));
  write_file_atomically(folder / "gene_tfs.tsv", binding_table(twin.law(), made, genes));
  write_file_atomically(folder / "experiments.tsv", experiments_table(twin.law(), genes));
  write_file_atomically(folder / "k562_peaks.bed", peaks_table(twin.law(), made, twin.streams().open("twin/peaks")));
  write_histones(twin, made, folder / "chromoformer_promoters.tsv");
  const Ceilings ceiling = ceilings(made);
  const Json truth = {{"task", "tf_expression"},
                      {"rows", rows},
                      {"near_bins", kNear},
                      {"near_if_both_bound", twin.law().meets},
                      {"ceiling_pearson", ceiling.bins},
                      {"ceiling_pearson_set", ceiling.set},
                      {"planted", elements_json(twin.law())}};
  write_file_atomically(folder / "truth.json", truth.dump(1) + "\n");
}

}  // namespace seqbench::tasks::tf_expression
