#pragma once
// The published files: which is which, and which of them make up a table.

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace seqbench::tasks::tf_expression {

using Files = std::map<std::string, std::filesystem::path>;  // role ("genes.tsv") -> file, plain or gzip

/// A table of one cell and the files that it is read from.
struct Source {
  std::string table, cell;
  std::vector<std::string> roles;
  std::string optional = {};  // a role that may be there
};
/// All that the task can read.
[[nodiscard]] const std::vector<Source>& sources();

/// By content; by name where two have the same: the cell of peaks, the parts of CSVs. Throws InputError for a file of
/// no kind, two of one kind, and one that belongs to no whole table.
[[nodiscard]] Files recognize(std::span<const std::filesystem::path> paths);
/// What a folder of the data home holds.
[[nodiscard]] Files in_folder(const std::filesystem::path& folder);

}  // namespace seqbench::tasks::tf_expression
