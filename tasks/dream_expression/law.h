#pragma once
// The law of the twin: expression of an insert between the two fixed flanks, from the sites of 24 made-up motifs, where
// they stand, on which strand, and which of them meet.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/streams.h"

namespace seqbench::tasks::dream_expression {

inline constexpr std::string_view kLeftFlank = "TGCATTTTTTTCACATC";
inline constexpr std::string_view kRightFlank = "GGTTACGGCTGTT";
inline constexpr std::size_t kInsert = 80;          // letters
inline constexpr std::size_t kLongestInsert = 95;
inline constexpr std::size_t kWord = 8;             // letters that a window looks at
inline constexpr std::size_t kWindows = kLongestInsert - kWord + 1;
inline constexpr std::size_t kMotifs = 24;
inline constexpr double kLowest = 0, kHighest = 17;  // expression bins

/// An insert with its flanks.
[[nodiscard]] std::string construct(std::string_view insert);
/// Uniform letters.
[[nodiscard]] std::string random_insert(std::size_t length, Draws& draws);

struct Motif {
  std::string consensus;                                    // 6 to 8 letters
  std::array<std::array<double, 4>, kWord> energy{};        // of a letter at a position; 0 for the consensus
  double reverse = 0;                                       // factor of a site on the other strand
  double centre = 0, width = 0;                             // of the bell over positions
  bool helical = false;                                     // also a wave of one turn of the helix
  double weight = 0;                                        // below 0: a repressor
};

/// The strongest site of an insert.
struct Site {
  std::size_t motif = 0;
  std::size_t position = 0;
  double strength = 0;
};

class Law {
 public:
  explicit Law(std::uint64_t seed);
  /// Expression without noise of an insert of kWord ... kLongestInsert letters ACGT.
  [[nodiscard]] double expression(std::string_view insert) const;
  [[nodiscard]] Site strongest_site(std::string_view insert) const;
  [[nodiscard]] const std::array<Motif, kMotifs>& motifs() const { return motifs_; }

 private:
  struct Hit {
    double strength;
    std::size_t motif;
  };
  struct Pair {
    std::size_t a, b;
    double sign;
  };

  void list_hits();
  [[nodiscard]] double activity(std::string_view insert) const;
  /// Calls `on_hit(position, hit)` for each hit of each window.
  template <typename OnHit>
  void scan(std::string_view insert, OnHit&& on_hit) const;

  std::array<Motif, kMotifs> motifs_;
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> first_hit_;  // [4^8 + 1]
  std::vector<Hit> hits_;
  std::array<std::array<double, kWindows>, kMotifs> place_{};  // factor of a position
  double mean_ = 0, sd_ = 1;              // of the activity, by a draw of random inserts
};

}  // namespace seqbench::tasks::dream_expression
