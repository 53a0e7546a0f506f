#pragma once
// Genomes of both classes, and the segments that examples are made of.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace seqbench::tasks::phage {

inline constexpr std::int64_t kLength = 1024;
inline constexpr std::int64_t kStep = 512;  // half a segment

struct Genome {
  std::string name;          // unique
  std::string source_group;  // "coliphage"
  std::string group;         // what a grouped split keeps together
  bool phage = false;
  std::string sequence;
};

/// A stretch of kLength letters, all of them A, C, G or T.
struct Segment {
  std::size_t genome = 0;  // index
  std::int64_t start = 0;  // from 0

  bool operator==(const Segment&) const = default;
};

/// Every kStep letters from the genome's begin.
[[nodiscard]] std::vector<Segment> segments_of(const Genome& genome, std::size_t index);
/// "NAME:FIRST-LAST", counted from 1, the last one included.
[[nodiscard]] std::string id_of(const Genome& genome, const Segment& segment);

/// Phage segments among so many of both classes.
[[nodiscard]] std::int64_t positives_of(std::int64_t rows, double share);

struct Choice {
  double share = 0;               // of phage segments; 0 = as they come
  std::int64_t rows = 0;          // at most; 0 = as many as the share allows
  std::int64_t max_of_group = 0;  // at most of one group; 0 = all
  std::uint64_t seed = 0;
};
/// A draw by id, so the order of genomes does not matter; a smaller one is part of a larger one. In the order given.
[[nodiscard]] std::vector<Segment> choose(std::span<const Genome> genomes, std::vector<Segment> segments,
                                          const Choice& choice);

}  // namespace seqbench::tasks::phage
