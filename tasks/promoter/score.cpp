#include "tasks/promoter/score.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace seqbench::tasks::promoter {
namespace {

constexpr double kOnConsensus = 0.9;  // probability mass of a position's consensus letters
constexpr double kPresent = 0.7;      // a match that counts as there

double log_odds(double mass, std::size_t letters) { return std::log(mass / static_cast<double>(letters) / 0.25); }

int count(std::string_view sequence, std::string_view word) {
  int found = 0;
  for (auto at = sequence.find(word); at != std::string_view::npos; at = sequence.find(word, at + 1)) ++found;
  return found;
}

double best_match(std::string_view sequence, Window window, std::string_view consensus) {
  double best = 0;
  for (int at = window.first; at <= window.last; ++at) best = std::max(best, match(sequence, kStart + at, consensus));
  return best;
}

double spaced_tata(std::string_view sequence) {
  double best = 0;
  for (int at = kTataWindow.first; at <= kTataWindow.last; ++at) {
    const Window initiator{at + kSpacing.first - 2, at + kSpacing.last - 2};
    if (best_match(sequence, initiator, kInitiator) < kPresent) continue;
    best = std::max(best, match(sequence, kStart + at, kTata));
  }
  return best;
}

int gc_boxes(std::string_view sequence) {
  constexpr auto kFirst = static_cast<std::size_t>(kStart + kGcBoxWindow.first);
  constexpr auto kSpan = static_cast<std::size_t>(kGcBoxWindow.last - kGcBoxWindow.first) + kGcBoxes[0].size();
  const std::string_view window = sequence.substr(kFirst, kSpan);
  return count(window, kGcBoxes[0]) + count(window, kGcBoxes[1]);
}

double cpg_ratio(std::string_view sequence) {
  const auto c = static_cast<double>(std::ranges::count(sequence, 'C'));
  const auto g = static_cast<double>(std::ranges::count(sequence, 'G'));
  return c * g == 0 ? 0 : count(sequence, "CG") * static_cast<double>(sequence.size()) / (c * g);
}

bool has_start_codon(std::string_view sequence) {
  for (std::size_t at = kStart; at + 3 <= sequence.size(); at += 3) {
    if (sequence.substr(at, 3) == "ATG") return true;
  }
  return false;
}

}  // namespace

std::string_view letters_of(char iupac) {
  switch (iupac) {
    case 'A': return "A";
    case 'C': return "C";
    case 'G': return "G";
    case 'T': return "T";
    case 'R': return "AG";
    case 'Y': return "CT";
    case 'W': return "AT";
    case 'V': return "ACG";
    case 'N': return "ACGT";
    default: SEQBENCH_ASSERT(false, "no element uses this letter"); return "";
  }
}

double match(std::string_view sequence, int index, std::string_view consensus) {
  if (index < 0 || static_cast<std::size_t>(index) + consensus.size() > sequence.size()) return 0;
  double value = 0;
  double lowest = 0;
  double highest = 0;
  for (std::size_t i = 0; i < consensus.size(); ++i) {
    const std::string_view letters = letters_of(consensus[i]);
    if (letters.size() == 4) continue;
    const double hit = log_odds(kOnConsensus, letters.size());
    const double miss = log_odds(1 - kOnConsensus, 4 - letters.size());
    value += letters.find(sequence[static_cast<std::size_t>(index) + i]) == std::string_view::npos ? miss : hit;
    lowest += miss;
    highest += hit;
  }
  return std::max(0.0, 2 * (value - lowest) / (highest - lowest) - 1);
}

double Score::total() const {
  return 1.6 * tata + 1.0 * initiator + 0.9 * std::min(gc_boxes, 3) + 2.0 * std::max(0.0, cpg - 0.4) +
         (downstream ? 1.2 : 0.0) - 1.0 * poly_a - (start_codon ? 0.8 : 0.0);
}

Score score(std::string_view sequence) {
  SEQBENCH_ASSERT(sequence.size() == kLength, "the law is one of 300 letters");
  Score result;
  result.tata = spaced_tata(sequence);
  result.initiator = best_match(sequence, kInitiatorWindow, kInitiator);
  result.gc_boxes = gc_boxes(sequence);
  result.cpg = cpg_ratio(sequence);
  result.downstream = match(sequence, kStart - 2, kInitiator) >= kPresent &&
                      match(sequence, kStart + kDownstreamAt, kDownstream) == 1 &&
                      best_match(sequence, kTataWindow, kTata) < kPresent;
  result.poly_a = count(sequence, kPolyA);
  result.start_codon = has_start_codon(sequence);
  return result;
}

std::vector<Element> elements(std::string_view sequence) {
  std::vector<Element> found;
  const auto exact = [&](std::string_view name, std::string_view word, Window window, int step = 1) {
    for (int at = window.first; at <= window.last; at += step) {
      if (sequence.substr(static_cast<std::size_t>(kStart + at), word.size()) == word) found.push_back({name, at});
    }
  };
  for (int at = kTataWindow.first; at <= kTataWindow.last; ++at) {
    const Window initiator{at + kSpacing.first - 2, at + kSpacing.last - 2};
    if (match(sequence, kStart + at, kTata) >= kPresent && best_match(sequence, initiator, kInitiator) >= kPresent) {
      found.push_back({"TATA", at});
    }
  }
  for (int at = kInitiatorWindow.first; at <= kInitiatorWindow.last; ++at) {
    if (match(sequence, kStart + at, kInitiator) >= kPresent) found.push_back({"initiator", at});
  }
  exact("GC box", kGcBoxes[0], kGcBoxWindow);
  exact("GC box", kGcBoxes[1], kGcBoxWindow);
  if (score(sequence).downstream) found.push_back({"downstream", kDownstreamAt});
  constexpr int kEnd = static_cast<int>(kLength) - kStart;
  exact("AATAAA", kPolyA, {-kStart, kEnd - static_cast<int>(kPolyA.size())});
  exact("ATG", "ATG", {0, kEnd - 3}, 3);
  return found;
}

}  // namespace seqbench::tasks::promoter
