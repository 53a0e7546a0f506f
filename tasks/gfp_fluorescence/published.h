#pragma once
// The published tables: Sarkisyan et al. 2016 (genotypes and brightness) and TAPE's split (Rao et al. 2019),
// known by its validation file or by a table that names each genotype's part.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tasks/gfp_fluorescence/genotypes.h"

namespace seqbench::tasks::gfp_fluorescence {

/// Paths; empty where there is none. Any of them may be gzip.
struct PublishedFiles {
  std::filesystem::path genotypes;   // columns aaMutations, medianBrightness
  std::filesystem::path tape_valid;  // columns primary, protein_length, log_fluorescence, num_mutations
  std::filesystem::path splits;      // columns aaMutations, num_mutations, split (train, valid, test)
  std::filesystem::path wild_type;   // FASTA
};

/// Tells the files apart by their first line; throws InputError for one that is none of them, for two of a
/// kind, and where genotypes or both forms of the split are missing.
[[nodiscard]] PublishedFiles recognize(std::span<const std::filesystem::path> files);
/// The files of an imported folder, by their roles; throws InputError where needed ones are missing.
[[nodiscard]] PublishedFiles in_folder(const std::filesystem::path& folder);

struct PublishedRows {
  std::vector<Row> rows;  // in the table's order
  std::int64_t duplicates = 0;
  std::vector<std::string> report;  // what was seen, for the user
};

/// Reads everything and derives the published split: 4 or more mutations are test; of the others those that
/// TAPE's validation file holds (sequence without stops, number of mutations and label as float32 are equal)
/// are validation. Where both forms of the split are given, they must agree.
/// Throws InputError "FILE:LINE: ..." at the first malformed row, conflicting label, or row without its match.
[[nodiscard]] PublishedRows read_published(const PublishedFiles& files);

}  // namespace seqbench::tasks::gfp_fluorescence
