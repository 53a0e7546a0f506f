#pragma once
// The synthetic twin: variants of the real wild type in the real table's numbers, with brightness from a known
// law f (threshold of an energy with pairwise epistasis, sloped plateau, dark floor) under known noise. The
// score of E[y|x] is the ceiling of every model.

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "tasks/gfp_fluorescence/variants.h"

namespace seqbench::tasks::gfp_fluorescence {

/// The noise law: y = max(kFloor, N(f, kNoise)), and with probability kDarkShare a dark reading instead.
struct NoiseLaw {
  static constexpr double kFloor = 1.30103;
  static constexpr double kNoise = 0.11;
  static constexpr double kDarkShare = 0.01;
  static constexpr double kDarkMean = 1.37;
  static constexpr double kDarkNoise = 0.1;

  /// One label around `noiseless` from two draws.
  [[nodiscard]] static double draw(double noiseless, Draws draws);
  /// The mean of draw in closed form.
  [[nodiscard]] static double mean(double noiseless);
};

/// f and what it is made of.
class Landscape {
 public:
  Landscape(const Streams& streams, const VariantSpace& space);
  /// f of a set of substitutions at distinct sites: log10 fluorescence without noise.
  [[nodiscard]] double brightness(std::span<const Substitution> variant) const;
  [[nodiscard]] double energy(Substitution s) const { return energy_[s]; }
  [[nodiscard]] double loss(Substitution s) const { return loss_[s]; }
  /// Epistasis of two substitutions at sites in contact; 0 elsewhere.
  [[nodiscard]] double coupling(Substitution a, Substitution b) const;

 private:
  std::vector<double> energy_;          // of a substitution
  std::vector<double> loss_;            // of a substitution
  std::vector<std::int16_t> contacts_;  // [kSites, kSites]: number of the contact, or -1
  Stream couplings_;
};

struct TwinRow {
  Row row;
  double noiseless = 0;  // f(x)
  double expected = 0;   // E[y|x]
};

/// How many rows with so many mutations a part has.
struct Cell {
  std::size_t mutations;
  Part part;
  std::int64_t rows;
};

/// The published counts (54,025 rows), or about `rows` of them in proportion: every part keeps at least 10 rows
/// and the wild type stays. 0 = all.
[[nodiscard]] std::vector<Cell> cells(std::int64_t rows);

class Twin {
 public:
  Twin(std::uint64_t seed, std::int64_t rows);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// A function of the seed, the counts and `index` alone; rows are ordered by number of mutations.
  [[nodiscard]] TwinRow row(std::int64_t index) const;
  [[nodiscard]] const VariantSpace& space() const { return space_; }
  [[nodiscard]] const Landscape& landscape() const { return landscape_; }

 private:
  std::vector<Cell> cells_;
  std::int64_t rows_ = 0;
  VariantSpace space_;
  Landscape landscape_;
  Stream noise_;
};

/// The published tables with the twin's rows, and truth.json: what each substitution and each pair in contact does, and
/// f and E[y|x] of each row.
void write_files(const Twin& twin, const std::filesystem::path& folder);

}  // namespace seqbench::tasks::gfp_fluorescence
