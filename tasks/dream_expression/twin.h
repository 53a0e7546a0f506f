#pragma once
// The synthetic twin: any number of training rows with a rough label, and deeply measured test rows after them.

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tasks/data/packed_dna.h"
#include "tasks/dream_expression/test_rows.h"

namespace seqbench::tasks::dream_expression {

inline constexpr std::int64_t kPublishedTrainingRows = 6'739'258;

struct TwinSize {
  std::int64_t training, test;
};
/// `training` rows and a fifth as many for the test, at most the published number; of both together at most about
/// `limit`, 0 = no limit.
[[nodiscard]] TwinSize twin_size(std::int64_t training, std::int64_t limit, bool with_test);

struct Twin {
  PackedDna dna;                  // training rows, then test rows
  std::vector<double> noiseless;  // of each row
  std::vector<double> labels;
  std::vector<double> expected;   // E[label | row]
  std::int64_t training = 0;
  Boards boards;
};

/// A function of seed and size alone. A `cache` folder keeps the rows packed in a file, from which they are mapped when
/// it is there and whole.
[[nodiscard]] Twin make_twin(std::uint64_t seed, TwinSize size, const std::filesystem::path& cache);

}  // namespace seqbench::tasks::dream_expression
