#pragma once
// The published FASTA files: promoters, and the DNA that they are told from.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/reader.h"

namespace seqbench::tasks::promoter {

/// A sequence of a file.
struct Row {
  std::string id;
  std::string group;  // rows that are not independent of each other share it
  std::string sequence;
};

/// One of the known files; in the data home it is called NAME.fa or NAME.fa.gz.
struct FileKind {
  std::string_view name;  // a choice of the parameter `positives` or `negatives`
  bool promoters;
  std::int64_t length;  // of every sequence; 0 = one long sequence, to be cut
  bool (*has)(const data::FastaRecord& record);  // by its header
};

inline constexpr std::size_t kKinds = 8;
[[nodiscard]] const std::array<FileKind, kKinds>& file_kinds();
[[nodiscard]] const FileKind& file_kind(std::string_view name);

/// The kind that the first record's header speaks of; InputError for a file that is none of them.
[[nodiscard]] const FileKind& recognize(const std::filesystem::path& path);

struct FileRows {
  std::vector<Row> rows;  // in the file's order, ids and sequences distinct
  std::int64_t repeated = 0;  // sequences that were there already
  std::int64_t records = 0;
};

/// Reads a file wholly; a long sequence is cut into pieces of `length`. Throws InputError naming the file and the first
/// record that is of another kind or length, has another letter than A, C, G, T or N, or repeats an id.
[[nodiscard]] FileRows read_rows(const FileKind& kind, const std::filesystem::path& path, std::int64_t length);

/// Gives promoters that share 50 letters in a row, which the starts of one gene do, the group of the first of them.
void group_overlapping(std::vector<Row>& rows);

}  // namespace seqbench::tasks::promoter
