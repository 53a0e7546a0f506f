#pragma once
// The published files of the challenge: test set, the subsets that the score looks at, the public board, training rows.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tasks/dream_expression/test_rows.h"

namespace seqbench::tasks::dream_expression {

/// Paths; empty where there is none. Any of them may be gzip.
struct PublishedFiles {
  std::filesystem::path test;  // CSV: seq, true_expr
  std::array<std::filesystem::path, kComponents> subsets;  // CSV: tag, sequence, pos; pairs: alt_tag, alt_sequence, ...,
                                                           // SNVs also as TSV: alt_pos, ref_pos; none of "all"
  std::array<std::filesystem::path, kComponents> board;    // JSON: test index, or "alt,ref", -> expression
  std::filesystem::path training;                          // sequence<TAB>expression, more than kMostSampleRows rows
  std::array<std::filesystem::path, 2> samples;            // the same with fewer
  std::filesystem::path gpra;                              // TSV: sequence, expression, medium
  std::filesystem::path plasmid;                           // JSON: one string

  /// Role (without ".gz") and path of each.
  [[nodiscard]] std::vector<std::pair<std::string, std::filesystem::path*>> roles();
};

inline constexpr std::int64_t kMostSampleRows = 100'000;

struct TestSet {
  std::vector<std::string> sequences;  // row i is test index i
  std::vector<double> expression;
  Boards boards;
};

/// Tells the files apart by what is in them, reads all of them wholly and adds a line for each to `report`. Throws
/// InputError at the first fault, for a file that is none of the task's, and for two of a kind.
[[nodiscard]] PublishedFiles recognize(std::span<const std::filesystem::path> files, std::vector<std::string>& report);
/// The files of an imported folder.
[[nodiscard]] PublishedFiles in_folder(const std::filesystem::path& folder);
/// The test and what is scored of it. A position must be a test index whose row is the sequence given, and a value of the
/// board the measured one.
[[nodiscard]] TestSet read_test(const PublishedFiles& files);

}  // namespace seqbench::tasks::dream_expression
