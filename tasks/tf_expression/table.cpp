#include "tasks/tf_expression/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tasks::tf_expression {
namespace {

constexpr std::array<std::string_view, 3> kTest = {"chr1", "chr8", "chr9"};
constexpr std::array<std::string_view, 2> kValidation = {"chr3", "chr5"};
constexpr std::uint16_t kLeftOut = 0xFFFF;

}  // namespace

std::vector<std::uint16_t> Gene::bound() const {
  std::vector<std::uint16_t> factors;
  for (const Peak& peak : peaks) {
    if (factors.empty() || factors.back() != peak.factor) factors.push_back(peak.factor);
  }
  return factors;
}

Part part_of(std::string_view chromosome) {
  if (std::ranges::find(kTest, chromosome) != kTest.end()) return Part::kTest;
  return std::ranges::find(kValidation, chromosome) != kValidation.end() ? Part::kValidation : Part::kTrain;
}

void leave_out(Table& table, std::span<const std::string> factors) {
  std::vector<std::uint16_t> now(table.factors.size());
  for (const std::string& name : factors) {
    const auto found = std::ranges::find(table.factors, name);
    if (found == table.factors.end()) {
      const auto near = nearest(name, table.factors);
      throw InputError(fmt::format("'exclude': the table has no factor '{}'{}", printable(name),
                                   near ? fmt::format("; nearest: '{}'", *near) : ""));
    }
    now[static_cast<std::size_t>(found - table.factors.begin())] = kLeftOut;
  }
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] == kLeftOut) continue;
    now[i] = static_cast<std::uint16_t>(kept.size());
    kept.push_back(std::move(table.factors[i]));
  }
  table.factors = std::move(kept);
  for (Gene& gene : table.genes) {
    for (Peak& peak : gene.peaks) peak.factor = now[peak.factor];
    std::erase_if(gene.peaks, [](const Peak& peak) { return peak.factor == kLeftOut; });
  }
}

bool bins_of(std::int64_t tss, bool minus, std::int64_t start, std::int64_t end, Peak& peak) {
  const std::int64_t low = tss - kFlank;
  if (end <= low || start >= tss + kFlank) return false;
  std::int64_t first = (std::max(start, low) - low) / kBinWidth;
  std::int64_t last = (std::min(end, tss + kFlank) - 1 - low) / kBinWidth;
  if (minus) first = kBins - 1 - std::exchange(last, kBins - 1 - first);
  peak.first = static_cast<std::uint8_t>(first);
  peak.last = static_cast<std::uint8_t>(last);
  return true;
}

Span span_of(std::int64_t tss, bool minus, const Peak& peak) {
  std::int64_t first = peak.first, last = peak.last;
  if (minus) first = kBins - 1 - std::exchange(last, kBins - 1 - first);
  return {tss - kFlank + first * kBinWidth, tss - kFlank + (last + 1) * kBinWidth};
}

std::string sentence_of(std::span<const std::string> names) {
  if (names.empty()) return "The gene has no transcription factor";
  if (names.size() == 1) return "The gene has a transcription factor " + names[0];
  std::string text = "The gene has a set of transcription factors ";
  for (std::size_t i = 0; i + 1 < names.size(); ++i) text += names[i] + (names.size() == 2 ? " " : ", ");
  return text + "and " + names.back();
}

}  // namespace seqbench::tasks::tf_expression
