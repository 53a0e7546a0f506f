#pragma once
// The twin as published files.

#include <filesystem>

#include "tasks/tf_expression/twin.h"

namespace seqbench::tasks::tf_expression {

/// Pearson r over the first `rows` rows of y with E[y | bins] and with E[y | set].
struct Ceilings {
  double bins = 0, set = 0;
};
[[nodiscard]] Ceilings ceilings(std::span<const TwinRow> rows);

/// genes.tsv, gene_tfs.tsv, experiments.tsv, k562_peaks.bed (3 % of its lines twice), chromoformer_promoters.tsv, and
/// truth.json with what was planted.
void write_files(const Twin& twin, std::int64_t rows, const std::filesystem::path& folder);

}  // namespace seqbench::tasks::tf_expression
