#pragma once
// What all published tables and the twin come down to: genes with an expression value, the bins that factors cover, and
// histone marks.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/examples.h"

namespace seqbench::tasks::tf_expression {

inline constexpr std::int64_t kBins = 120;  // from TSS - 6,000 to TSS + 6,000 in the direction of transcription
inline constexpr std::int64_t kBinWidth = 100;
inline constexpr std::int64_t kFlank = kBins / 2 * kBinWidth;

/// A run of bins that a factor covers; where positions are not known, bin 0.
struct Peak {
  std::uint16_t factor = 0;
  std::uint8_t first = 0;
  std::uint8_t last = 0;
  auto operator<=>(const Peak&) const = default;
};

struct Gene {
  std::string id;
  std::string chromosome;
  double expression = 0;
  std::vector<Peak> peaks;    // ascending
  std::int64_t source = 0;    // its row for Table::histone
  Part part = Part::kTrain;

  [[nodiscard]] std::vector<std::uint16_t> bound() const;  // ascending, each once
};

struct Table {
  std::vector<std::string> factors;  // in the order of bytes; empty where there is no binding
  std::vector<Gene> genes;
  bool positions = false;  // peaks have bins
  std::int64_t marks = 0, bins = 0;  // of the histone matrix, 0 = none
  /// Fills [marks * bins], mark by mark, in the direction of transcription where that is known.
  std::function<void(std::int64_t source, std::span<float> values)> histone;
  std::map<std::string, std::int64_t> counts;  // what reading saw
};

/// By whole chromosomes: chr1, chr8 and chr9 are the test part, chr3 and chr5 the validation part.
[[nodiscard]] Part part_of(std::string_view chromosome);

/// Leaves these factors out; throws InputError for one that the table does not have.
void leave_out(Table& table, std::span<const std::string> factors);

/// The bins of the window around `tss` that [start, end) covers; false where it covers none.
bool bins_of(std::int64_t tss, bool minus, std::int64_t start, std::int64_t end, Peak& peak);

/// Reads a genome-wide position of a bin back: the first base of the run of bins, and one past its last.
struct Span {
  std::int64_t start = 0;
  std::int64_t end = 0;
};
[[nodiscard]] Span span_of(std::int64_t tss, bool minus, const Peak& peak);

/// "The gene has a set of transcription factors A, B, and Z", as in the paper's Table 1.
[[nodiscard]] std::string sentence_of(std::span<const std::string> names);

}  // namespace seqbench::tasks::tf_expression
