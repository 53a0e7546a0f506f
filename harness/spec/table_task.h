#pragma once
// A task declared by a TOML alone: what its file must say, and where in a table of the user's its parts are.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/spec/experiment.h"

namespace seqbench::spec {

struct TableTask {
  TaskInfo info;  // complete
  std::filesystem::path path;    // of the declaration
  std::filesystem::path file;    // the table or FASTA file
  std::filesystem::path labels;  // FASTA: a table of the other columns; empty = they stand in the headers as key=value
  std::string format;            // csv | tsv | fasta
  std::string sha256;            // of `file`, or ""
  // Names of columns, "" = none; features may hold one "*" each.
  std::string id, sequence, sentence, label, weight, group, split;
  std::vector<std::string> features, fields;
  std::string positive;   // binary: the label that counts as 1; "" = labels are 0 and 1
  std::string transform;  // of the label: "", log10, log2, log10(x+1), log2(x+1)
  std::map<std::string, std::string> parts;  // value of the column `split` -> train | validation | test
  std::string alphabet;  // of `sequence`: dna | protein
  std::int64_t kmer = 0;

  /// All that makes examples and views of the file's bytes, without its name: part of the trial key.
  [[nodiscard]] Json meaning() const;
};

/// What the letters of an alphabet are counted over: 4 or 20.
[[nodiscard]] std::int64_t letters_of(const std::string& alphabet);

/// Never throws for what the file says. The task's name is the file's stem; `catalog` holds the names and metrics there are.
[[nodiscard]] Result<TableTask> load_table_task(const std::filesystem::path& path, const Catalog& catalog);
/// The keys with their help, as `help table` prints them.
[[nodiscard]] std::string table_reference();

}  // namespace seqbench::spec
