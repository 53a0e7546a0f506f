#pragma once
// The law of the twin: a score u of a 300-nt sequence made of core-promoter elements and their spacing.
// Positions are relative to the transcription start (0, at index 249): -249 ... +50.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace seqbench::tasks::promoter {

inline constexpr std::size_t kLength = 300;
inline constexpr int kStart = 249;  // index of position 0

// Consensus sequences in IUPAC letters (Smale and Kadonaga, Annu Rev Biochem 2003).
inline constexpr std::string_view kTata = "TATAWAWR";
inline constexpr std::string_view kInitiator = "YYANWYY";  // its A is position 0 when it starts at -2
inline constexpr std::string_view kDownstream = "RGWYV";   // +28 ... +32
inline constexpr std::array<std::string_view, 2> kGcBoxes = {"GGGCGG", "CCGCCC"};  // both strands
inline constexpr std::string_view kPolyA = "AATAAA";

struct Window {
  int first, last;  // positions of an element's first letter, inclusive
};
inline constexpr Window kTataWindow{-34, -26};
inline constexpr Window kInitiatorWindow{-4, 0};
inline constexpr Window kGcBoxWindow{-150, -45};
inline constexpr Window kSpacing{28, 34};  // from the first letter of TATA to the A of the initiator
inline constexpr int kDownstreamAt = 28;

/// The letters that an IUPAC letter stands for; an assertion for others than those above.
[[nodiscard]] std::string_view letters_of(char iupac);

/// How well the letters at `index` fit `consensus`: log odds of a matrix with 0.9 on the consensus, scaled to
/// 0 ... 1, then 0 below one half and stretched to 0 ... 1 above. Past the end: 0.
[[nodiscard]] double match(std::string_view sequence, int index, std::string_view consensus);

struct Score {
  double tata = 0;       // best match that has an initiator at the right distance
  double initiator = 0;  // best match in its window
  int gc_boxes = 0;      // exact, in their window
  double cpg = 0;        // observed / expected CpG of the whole sequence
  bool downstream = false;  // initiator and element at exactly +28, and no TATA
  int poly_a = 0;
  bool start_codon = false;  // ATG in frame after the start
  [[nodiscard]] double total() const;
};

/// Of 300 upper-case letters ACGT.
[[nodiscard]] Score score(std::string_view sequence);

/// An element that counts in the score, by the position of its first letter.
struct Element {
  std::string_view name;
  int position;
};
/// Where the score sees TATA (with an initiator at its distance), initiator, GC boxes, the downstream element, AATAAA
/// and ATG in frame: those that match well enough to be there, each kind by position.
[[nodiscard]] std::vector<Element> elements(std::string_view sequence);

}  // namespace seqbench::tasks::promoter
