#pragma once
// The score of the DREAM 2022 challenge: nine components, each a correlation over different positions, or of differences
// over different pairs, and their weighted means. The public board had rows of its own; the final phase leaves them out.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seqbench::tasks::dream_expression {

inline constexpr std::size_t kSingles = 6;  // the first components are of single rows, the others of pairs
inline constexpr std::size_t kComponents = 9;
inline constexpr std::array<std::string_view, kComponents> kComponentNames = {
    "all", "high", "low", "yeast", "random", "challenging", "SNVs", "motif_perturbation", "motif_tiling"};

using Pair = std::pair<std::int64_t, std::int64_t>;  // test indices: alternative, reference

/// Which test rows a component looks at. Repeated ones count once.
struct Phase {
  std::array<std::vector<std::int64_t>, kSingles> singles;
  std::array<std::vector<Pair>, kComponents - kSingles> pairs;
};

/// Of `every` what no row or pair of `board` is: a single row goes if the board has it anywhere, a pair only if the
/// board has that very pair.
[[nodiscard]] Phase without(const Phase& every, const Phase& board);

struct Component {
  double r = 0, rho = 0;  // Pearson, Spearman; NaN: undefined, `note` says why
  std::int64_t n = 0;
  std::string note;
};

struct ChallengeScore {
  std::array<Component, kComponents> components;
  double pearson = 0;   // weighted mean of r^2
  double spearman = 0;  // weighted mean of rho
};

/// `truth` and `prediction` by test index; a NaN prediction is a row without one, which leaves its components undefined.
[[nodiscard]] ChallengeScore challenge_score(const Phase& phase, std::span<const double> truth,
                                             std::span<const double> prediction);

/// NaN where one of both is constant or there are fewer than two.
[[nodiscard]] double pearson(std::span<const double> x, std::span<const double> y);
/// Ties at midranks.
[[nodiscard]] double spearman(std::span<const double> x, std::span<const double> y);

}  // namespace seqbench::tasks::dream_expression
