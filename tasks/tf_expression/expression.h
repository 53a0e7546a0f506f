#pragma once
// Where genes start and how much they are expressed.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace seqbench::tasks::tf_expression {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// A row of the table of genes. Expression is log10(1 + what was measured).
struct GeneRow {
  std::string symbol, ensembl;
  std::int64_t entrez = -1;  // -1: none
  std::string chromosome = {};
  std::int64_t tss = 0;  // hg19
  bool minus = false;
  double k562 = 0, gm12878 = 0, e123 = kMissing;
};
/// Columns symbol, ensembl, entrez, chrom, tss_hg19, strand, and k562_tpm, gm12878_tpm, e123_k562_log10rpkm1 or, in
/// place of these three, log_expression: values on a log scale that are taken as they are, for all.
[[nodiscard]] std::vector<GeneRow> read_genes(const std::filesystem::path& path);

struct Place {
  std::string chromosome;  // "" = none in this build
  std::int64_t tss = 0;    // 0-based
  bool minus = false;
};
struct Annotation {
  Place hg19, hg38;
};
/// By Ensembl id.
[[nodiscard]] std::map<std::string, Annotation> read_annotation(const std::filesystem::path& path);

/// log10(1 + value).
[[nodiscard]] double log_of(double value);

}  // namespace seqbench::tasks::tf_expression
