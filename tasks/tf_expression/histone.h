#pragma once
// Histone marks around genes in the three published layouts.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/examples.h"

namespace seqbench::tasks::tf_expression {

/// Genes of one layout; all have the same number of marks and bins.
struct Histones {
  struct Row {
    std::string gene;
    Part part = Part::kTrain;
    double expression = 0;   // AttentiveChrome: its label; DeepDiff: see read_counts
    std::string chromosome = {};  // "" = not in the file
  };
  std::int64_t marks = 0, bins = 0;
  std::vector<Row> rows = {};
  std::vector<float> values = {};  // [rows, marks, bins]
};

/// Without a header: "ENSG_SYMBOL_bin,m1,...,m5", bins from 1 on. Appends the genes of one part.
void read_deepdiff(const std::filesystem::path& path, Part part, Histones& into);
/// Without a header: "gene,bin,m1,...,m5,label", bins from 1 on.
void read_attentivechrome(const std::filesystem::path& path, Part part, Histones& into);
/// Without a header: "ENSG,reads".
[[nodiscard]] std::map<std::string, double> read_counts(const std::filesystem::path& path);
/// A table with a row for each gene and mark: gene_id, expression (RPKM) or log_expression, chrom, strand, mark, b0, b1,
/// ... in the direction of the genome. Bins of genes on the minus strand are turned round.
[[nodiscard]] Histones read_chromoformer(const std::filesystem::path& path);

}  // namespace seqbench::tasks::tf_expression
