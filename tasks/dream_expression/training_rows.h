#pragma once
// Measured promoters, packed as they are read: the training format "sequence<TAB>expression" and the gpra table.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::dream_expression {

inline constexpr std::int64_t kMostLetters = 150;

/// Hashes of sequences, as many as come.
class HashSet {
 public:
  /// False where it was there.
  bool insert(std::uint64_t hash);
  [[nodiscard]] bool contains(std::uint64_t hash) const;

 private:
  [[nodiscard]] std::size_t slot(std::uint64_t hash) const;
  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1024);  // 0 = free
  std::size_t used_ = 0;
};

/// Different sequences with a label each: of a repeated sequence the first row stays, and none that the test has.
struct MeasuredRows {
  PackedDna dna{kMostLetters};
  std::vector<double> expression;
  HashSet seen, test;
  std::int64_t read = 0, repeated = 0, in_test = 0, with_n = 0;

  void add(std::string_view sequence, double value);
};

/// Plain text or gzip, read ahead by a thread. Throws InputError at the first line that is no such row: letters ACGTN,
/// at most kMostLetters of them, and a number from 0 to 17.
void read_training_rows(const std::filesystem::path& path, MeasuredRows& rows);
/// The rows of one medium ("" = of all): columns sequence, expression, medium.
void read_gpra_rows(const std::filesystem::path& path, std::string_view medium, MeasuredRows& rows);
/// "" for a sequence of the task, else what is wrong with it.
[[nodiscard]] std::string sequence_fault(std::string_view sequence);

}  // namespace seqbench::tasks::dream_expression
