#include "tasks/promoter/twin.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::promoter {
namespace {

constexpr double kGcMean = 0.47;
constexpr double kGcNoise = 0.06;
constexpr double kGcReach = 2;           // standard deviations kept
constexpr double kGcTolerance = 0.0134;  // of a row: four letters
constexpr double kGcLost = 0.02;         // by the depletion of CpG
constexpr double kGcSpread = 0.02;       // of candidates
constexpr double kPositives = 0.53;
constexpr double kLogitMean = 6;
constexpr double kLogitNoise = 2;
constexpr double kLogitReach = 2.5;        // standard deviations kept
constexpr double kLogitTolerance = 1.5;
constexpr double kContextNoise = 0.2;    // of the log weights of the background
constexpr double kCpgDepletion = 0.25;   // of the background
constexpr double kCpgIsland = 1.0;       // of an island
constexpr std::uint32_t kPatience = 1000;  // attempts after which both tolerances grow
constexpr std::uint32_t kMostAttempts = 100000;

double truncated_normal(double reach, Draws& draws) {
  return inverse_normal(normal_cdf(-reach) + draws.uniform() * (normal_cdf(reach) - normal_cdf(-reach)));
}

std::size_t pick(const std::array<double, 4>& weights, Draws& draws) {
  double left = draws.uniform() * (weights[0] + weights[1] + weights[2] + weights[3]);
  for (std::size_t i = 0; i < 3; ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return 3;
}

bool chance(double p, Draws& draws) { return draws.uniform() < p; }

/// A whole number from first to last.
int between(int first, int last, Draws& draws) {
  return first + static_cast<int>(draws.below(static_cast<std::uint64_t>(last - first + 1)));
}

void place(std::string& sequence, int position, std::string_view consensus, Draws& draws) {
  auto at = static_cast<std::size_t>(kStart + position);
  for (const char iupac : consensus) {
    const std::string_view letters = letters_of(iupac);
    sequence[at++] = letters[draws.below(letters.size())];
  }
}

std::string_view gc_box(Draws& draws) { return kGcBoxes[draws.below(2)]; }

void place_island(std::string& sequence, double gc, Draws& draws) {
  const int length = between(80, 150, draws);
  const int first = between(-200, 30 - length, draws);
  for (int at = kStart + first; at < kStart + first + length; ++at) {
    const auto i = static_cast<std::size_t>(at);
    const double after_c = sequence[i - 1] == 'C' ? kCpgIsland : 1;
    sequence[i] = kBases[pick({(1 - gc) / 2, gc / 2, gc / 2 * after_c, (1 - gc) / 2}, draws)];
  }
}

void place_elements(std::string& sequence, double gc, Draws& draws) {
  if (chance(0.85, draws)) place_island(sequence, gc, draws);
  for (int boxes = between(0, 4, draws); boxes > 0; --boxes) {
    place(sequence, between(kGcBoxWindow.first, kGcBoxWindow.last, draws), gc_box(draws), draws);
  }
  if (chance(0.5, draws)) {
    const bool kept = chance(0.75, draws);
    place(sequence, kept ? between(-34, -28, draws) : between(-60, -45, draws), kTata, draws);
  }
  if (chance(0.8, draws)) place(sequence, -2, kInitiator, draws);
  if (chance(0.4, draws)) place(sequence, kDownstreamAt, kDownstream, draws);
}

/// The same words where they mean nothing, and two that speak against a promoter.
void place_decoys(std::string& sequence, Draws& draws) {
  for (int decoys = between(1, 4, draws); decoys > 0; --decoys) {
    switch (draws.below(6)) {
      case 0: place(sequence, between(-249, -165, draws), gc_box(draws), draws); break;
      case 1: place(sequence, between(-249, -50, draws), kTata, draws); break;
      case 2: place(sequence, between(-100, -15, draws), kInitiator, draws); break;
      case 3: place(sequence, between(5, 25, draws), kDownstream, draws); break;
      case 4: place(sequence, between(-249, 44, draws), kPolyA, draws); break;
      default: place(sequence, 3 * between(1, 15, draws), "ATG", draws);
    }
  }
}

}  // namespace

Twin::Twin(std::uint64_t seed, bool hard)
    : slope_(hard ? Law::kSlope / 2 : Law::kSlope),
      table_{},
      wanted_(Streams(seed).open("twin/wanted")),
      candidates_(Streams(seed).open("twin/candidates")),
      labels_(Streams(seed).open("twin/labels")) {
  Draws draws = Streams(seed).open("twin/background").at();
  for (std::size_t context = 0; context < table_.size(); ++context) {
    for (double& weight : table_[context]) weight = std::exp(kContextNoise * draws.normal());
    if (context % 4 == 1) table_[context][2] *= kCpgDepletion;
  }
}

std::string Twin::background(double gc, Draws& draws) const {
  Table below = table_;  // probability of a letter up to and with this one
  for (auto& row : below) {
    row = {row[0] * (1 - gc), row[1] * gc, row[2] * gc, row[3] * (1 - gc)};
    const double sum = row[0] + row[1] + row[2] + row[3];
    row = {row[0] / sum, (row[0] + row[1]) / sum, (row[0] + row[1] + row[2]) / sum, 1};
  }
  std::string sequence(kLength, 'A');
  std::size_t context = draws.below(64);
  for (char& letter : sequence) {
    const double at = static_cast<double>(draws.uniform_float());
    const auto& row = below[context];
    const auto next = static_cast<std::size_t>((at >= row[0]) + (at >= row[1]) + (at >= row[2]));
    letter = kBases[next];
    context = (context * 4 + next) % 64;
  }
  return sequence;
}

std::string Twin::candidate(Counter at, double gc) const {
  Draws draws = candidates_.at(at);
  const double own_gc = gc + kGcLost + kGcSpread * draws.normal();
  std::string sequence = background(own_gc, draws);
  const bool elements = chance(0.5, draws);
  const bool decoys = chance(0.5, draws);
  if (decoys) place_decoys(sequence, draws);
  if (elements) place_elements(sequence, own_gc, draws);
  return sequence;
}

TwinRow Twin::segment(Counter at, const Wanted& wanted, std::string_view half) const {
  // The letters that are left make up for those that are given.
  const double gc = half.empty() ? wanted.gc : std::clamp(2 * wanted.gc - gc_share(half), 0.1, 0.9);
  for (; at.step < kMostAttempts; ++at.step) {
    TwinRow row{.sequence = candidate(at, gc)};
    row.sequence.replace(0, half.size(), half);
    row.gc = gc_share(row.sequence);
    const double slack = 1 + at.step / kPatience;  // where the half that is given makes it hard
    if (std::abs(row.gc - wanted.gc) > slack * kGcTolerance) continue;
    row.score = score(row.sequence).total();
    if (std::abs(Law::kSlope * (row.score - Law::kCentre) - wanted.logit) > slack * kLogitTolerance) continue;
    row.posterior = 1 / (1 + std::exp(-slope_ * (row.score - Law::kCentre)));
    row.label = labels_.at({.step = at.epoch, .item = at.item}).uniform() < row.posterior ? 1 : 0;
    row.attempts = static_cast<int>(at.step) + 1;
    return row;
  }
  SEQBENCH_ASSERT(false, "no candidate of this row fits");
}

std::vector<TwinRow> Twin::locus(std::int64_t index) const {
  SEQBENCH_ASSERT(index >= 0 && index < std::int64_t{1} << 32, "loci are numbered by 32 bits");
  const auto item = static_cast<std::uint32_t>(index);
  Draws draws = wanted_.at({.item = item});
  const double gc = kGcMean + kGcNoise * truncated_normal(kGcReach, draws);
  const double side = chance(kPositives, draws) ? 1 : -1;
  std::vector<TwinRow> rows;
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    const double logit = side * (kLogitMean + kLogitNoise * truncated_normal(kLogitReach, draws));
    const std::string_view half = rows.empty() ? std::string_view() : std::string_view(rows.back().sequence).substr(kStep);
    rows.push_back(segment({.epoch = i, .step = 0, .item = item}, {gc, logit}, half));
  }
  return rows;
}

}  // namespace seqbench::tasks::promoter
