#pragma once
// The test rows of the twin and what the challenge scores of them: extremes, random and native-like inserts, hard ones,
// and pairs that differ by one letter, a scrambled motif or a motif put in.

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/dream_expression/law.h"
#include "tasks/dream_expression/score.h"

namespace seqbench::tasks::dream_expression {

inline constexpr std::int64_t kPublishedTestRows = 71'103;

/// What is scored: every row and pair, and those of the public board.
struct Boards {
  Phase every, board;
};

struct TestRows {
  std::vector<std::string> inserts;  // different and in byte order, as the published ones
  std::vector<double> noiseless;
  Boards boards;                     // indices into inserts
};

/// About `rows` of them, in the published proportions; each kind keeps a few.
[[nodiscard]] TestRows make_test_rows(const Law& law, std::uint64_t seed, std::int64_t rows);

/// The first component of high, low, yeast, random, challenging, motif_perturbation, motif_tiling, SNVs that has each of
/// `rows` test rows, or "other".
[[nodiscard]] std::vector<std::string> subset_names(const Phase& every, std::int64_t rows);

}  // namespace seqbench::tasks::dream_expression
