#pragma once
// results/published/: what the papers print, as data (results/FORMAT.md has the columns). One file a paper, the
// papers' claims, and the moments of the data that they were measured on.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/store/records.h"

namespace seqbench::store {

/// One statement of a paper with its machine-readable comparison; a row of claims.tsv.
struct Claim {
  std::string paper, id, statement;
  std::string form;                      // greater | at_least | order | trend | best | bound | curve | none
  std::vector<std::string> tables;       // globs
  std::vector<std::string> columns;      // "-x": the smaller one is meant
  std::vector<std::string> left, right;  // row selectors: GLOB or GLOB@COLUMN
  std::string place, note;
};

/// One part of a data set, or its rows with this number of mutations; a row of moments.tsv.
struct Moments {
  std::string task, split;
  std::optional<std::int64_t> mutations;  // nothing: the whole part
  std::int64_t n = 0;
  double mean = 0, variance = 0, min = 0, max = 0;  // of labels; population variance; the task's unit, squared for the variance
  std::int64_t min_length = 0, max_length = 0;      // of sequences
};

struct Paper {
  std::string name;
  std::string source_sha256;  // of its file
  std::vector<PublishedRow> rows;
};

struct PublishedFolder {
  std::vector<Paper> papers;  // sorted by name
  std::vector<Claim> claims;
  std::vector<Moments> moments;
  [[nodiscard]] const Paper& paper(const std::string& name) const;  // InputError naming the nearest
};

/// Half of the last printed digit: 0.005 for 0.50. 0 where nothing is printed.
[[nodiscard]] double half_unit(const PublishedRow& row);

/// Each throws InputError "FILE:LINE: ..." at the first fault.
[[nodiscard]] Paper read_published(const std::filesystem::path& file);
[[nodiscard]] std::vector<Claim> read_claims(const std::filesystem::path& file);
[[nodiscard]] std::vector<Moments> read_moments(const std::filesystem::path& file);
/// All of the folder; claims.tsv and moments.tsv may be absent. Throws InputError where two files name one paper.
[[nodiscard]] PublishedFolder read_published_folder(const std::filesystem::path& folder);

}  // namespace seqbench::store
