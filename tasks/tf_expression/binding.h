#pragma once
// Which factors bind a gene: tables of names without positions, and peaks with them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tasks/tf_expression/table.h"

namespace seqbench::tasks::tf_expression {

/// Columns entrez, n_tf, tfs and experiments beside a table of the experiments.
struct Binding {
  std::vector<std::string> factors;                            // of all experiments, in the order of bytes
  std::map<std::int64_t, std::vector<std::uint16_t>> by_gene;  // Entrez id: factors, ascending
};
/// Every row is checked against the experiments that it names, and these against the number of genes they name.
[[nodiscard]] Binding read_binding(const std::filesystem::path& table, const std::filesystem::path& experiments);

/// Peaks of a BED file whose fourth column is the factor. Repeated lines are left out and counted.
struct Peaks {
  struct Interval {
    std::int64_t start = 0, end = 0;
    std::uint16_t factor = 0;
    auto operator<=>(const Interval&) const = default;
  };
  std::vector<std::string> factors;                            // in the order of bytes
  std::map<std::string, std::vector<Interval>> by_chromosome;  // ascending
  std::int64_t longest = 0;
  std::int64_t rows = 0, duplicates = 0;

  /// Of the window around a gene's start, ascending.
  [[nodiscard]] std::vector<Peak> around(const std::string& chromosome, std::int64_t tss, bool minus) const;
};
[[nodiscard]] Peaks read_peaks(const std::filesystem::path& path);

}  // namespace seqbench::tasks::tf_expression
