#include "tasks/dream_expression/law.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>

#include "harness/base/error.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::size_t kRepressors = 8, kHelical = 7, kPairs = 6;
constexpr std::size_t kWords = std::size_t{1} << (2 * kWord);
constexpr double kFaintest = 0.02;  // strength of a site that is no site
constexpr double kPairWeight = 0.8;
constexpr double kWave = 0.4, kTurn = 10.5;
constexpr double kMean = 11.15, kSpread = 1.80;
constexpr std::uint32_t kCalibrationRows = 100'000;

double between(double low, double high, Draws& draws) { return low + (high - low) * draws.uniform(); }

Motif draw_motif(std::size_t length, Draws& draws) {
  Motif motif;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint64_t best = draws.below(4);
    motif.consensus += kBases[best];
    for (std::size_t letter = 0; letter < 4; ++letter) motif.energy[i][letter] = letter == best ? 0 : 1.8 * between(0.6, 1.4, draws);
  }
  motif.reverse = between(0.3, 1, draws);
  motif.centre = between(0, 73, draws);
  motif.width = between(20, 60, draws);
  motif.weight = std::abs(0.9 + 0.4 * draws.normal());
  return motif;
}

/// Strength of a motif at the first letters of a word; `word` holds codes.
double strength(const Motif& motif, std::span<const std::uint8_t, kWord> word, bool reverse) {
  const std::size_t length = motif.consensus.size();
  double energy = 0;
  for (std::size_t i = 0; i < length; ++i) {
    energy += motif.energy[i][reverse ? 3U - word[length - 1 - i] : word[i]];
  }
  return std::exp(0.8 - energy) * (reverse ? motif.reverse : 1);
}

}  // namespace

std::string construct(std::string_view insert) {
  return std::string(kLeftFlank).append(insert).append(kRightFlank);
}

std::string random_insert(std::size_t length, Draws& draws) {
  std::string insert(length, 'A');
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < length; ++i, bits >>= 2) {
    if (i % 16 == 0) bits = draws.word();
    insert[i] = kBases[bits & 3];
  }
  return insert;
}

Law::Law(std::uint64_t seed) {
  const Streams streams(seed);
  const Stream motifs = streams.open("twin/motifs");
  std::array<std::size_t, kMotifs> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  Draws draws = motifs.at({.item = kMotifs});
  for (std::size_t m = 0; m < kMotifs; ++m) {
    Draws own = motifs.at({.item = static_cast<std::uint32_t>(m)});
    motifs_[m] = draw_motif(6 + m % 3, own);
  }
  draws.shuffle(std::span<std::size_t>(order));
  for (std::size_t i = 0; i < kRepressors; ++i) motifs_[order[i]].weight *= -1;
  draws.shuffle(std::span<std::size_t>(order));
  for (std::size_t i = 0; i < kHelical; ++i) motifs_[order[i]].helical = true;
  draws.shuffle(std::span<std::size_t>(order));
  for (std::size_t i = 0; i < kPairs; ++i) {
    pairs_.push_back({order[2 * i], order[2 * i + 1], motifs_[order[2 * i]].weight < 0 ? -1.0 : 1.0});
  }
  for (std::size_t m = 0; m < kMotifs; ++m) {
    for (std::size_t at = 0; at < kWindows; ++at) {
      const double off = (static_cast<double>(at) - motifs_[m].centre) / motifs_[m].width;
      const double wave = std::cos(2 * std::numbers::pi * static_cast<double>(at) / kTurn);
      place_[m][at] = std::exp(-0.5 * off * off) * (motifs_[m].helical ? 1 + kWave * wave : 1);
    }
  }
  list_hits();
  const Stream inserts = streams.open("twin/calibration");
  double sum = 0, squares = 0;
  for (std::uint32_t i = 0; i < kCalibrationRows; ++i) {
    Draws own = inserts.at({.item = i});
    const double z = activity(random_insert(kInsert, own));
    sum += z;
    squares += z * z;
  }
  mean_ = sum / kCalibrationRows;
  sd_ = std::sqrt(squares / kCalibrationRows - mean_ * mean_);
}

void Law::list_hits() {
  first_hit_.reserve(kWords + 1);
  for (std::size_t code = 0; code < kWords; ++code) {
    first_hit_.push_back(static_cast<std::uint32_t>(hits_.size()));
    std::array<std::uint8_t, kWord> word{};
    for (std::size_t i = 0; i < kWord; ++i) word[i] = static_cast<std::uint8_t>(code >> (2 * (kWord - 1 - i)) & 3);
    for (std::size_t m = 0; m < kMotifs; ++m) {
      for (const bool reverse : {false, true}) {
        const double kappa = strength(motifs_[m], word, reverse);
        if (kappa > kFaintest) hits_.push_back({kappa, m});
      }
    }
  }
  first_hit_.push_back(static_cast<std::uint32_t>(hits_.size()));
}

template <typename OnHit>
void Law::scan(std::string_view insert, OnHit&& on_hit) const {
  SEQBENCH_ASSERT(insert.size() >= kWord && insert.size() <= kLongestInsert, "an insert is as long as the law knows");
  std::size_t code = 0;
  for (std::size_t i = 0; i < insert.size(); ++i) {
    code = (code * 4 + base_code(insert[i])) % kWords;
    if (i + 1 < kWord) continue;
    for (std::size_t hit = first_hit_[code]; hit < first_hit_[code + 1]; ++hit) on_hit(i + 1 - kWord, hits_[hit]);
  }
}

double Law::activity(std::string_view insert) const {
  std::array<double, kMotifs> occupied{};
  scan(insert, [&](std::size_t at, const Hit& hit) { occupied[hit.motif] += hit.strength * place_[hit.motif][at]; });
  double z = 0;
  for (std::size_t m = 0; m < kMotifs; ++m) {
    occupied[m] = std::log1p(occupied[m]);
    z += motifs_[m].weight * occupied[m];
  }
  for (const Pair& pair : pairs_) z += kPairWeight * pair.sign * std::tanh(occupied[pair.a]) * std::tanh(occupied[pair.b]);
  return z;
}

double Law::expression(std::string_view insert) const {
  return std::clamp(kMean + kSpread * (activity(insert) - mean_) / sd_, kLowest, kHighest);
}

Site Law::strongest_site(std::string_view insert) const {
  Site best;
  scan(insert, [&](std::size_t at, const Hit& hit) {
    const double strength = hit.strength * place_[hit.motif][at];
    if (strength > best.strength) best = {hit.motif, at, strength};
  });
  return best;
}

}  // namespace seqbench::tasks::dream_expression
