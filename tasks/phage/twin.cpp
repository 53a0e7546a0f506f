#include "tasks/phage/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace seqbench::tasks::phage {
namespace {

constexpr std::int64_t kPhages = 300;
constexpr std::int64_t kBacteria = 40;
constexpr std::uint64_t kLawSeed = 3;

constexpr double kBaseSpread = 0.5;      // of log usage, shared
constexpr double kTableSpread = 0.35;    // added by the table, the same in both classes
constexpr double kClassSpread = 0.012;    // added for phages, taken off for bacteria
constexpr double kNeighbourSpread = 0.0395; // the same, by pairs of neighbours
constexpr double kLeastGc = 0.40;        // of the first table's codons
constexpr double kGcStep = 0.02;         // from table to table
constexpr double kContextSpread = 0.3;   // between genes, shared
constexpr double kContextClass = 0.1;
constexpr std::size_t kBlocks = 12;

/// The same for both classes, so that GC tells nothing.
double gc_target(std::size_t table) { return kLeastGc + kGcStep * static_cast<double>(table); }

double gc_of(std::size_t codon) {
  const auto strong = [](std::size_t letter) { return letter == 1 || letter == 2 ? 1.0 : 0.0; };
  return (strong(codon / 16) + strong(codon / 4 % 4) + strong(codon % 4)) / 3;
}

/// Over the 61 sense codons.
double mean_product(const CodonTable& a, const CodonTable& b) {
  double sum = 0;
  for (std::size_t codon = 0; codon < 64; ++codon) sum += is_stop(codon) ? 0 : a[codon] * b[codon];
  return sum / 61;
}

/// Values of the sense codons without what their mean and their GC say, scaled to exactly this spread.
template <typename Value>
CodonTable scaled(const Value& value_of, double spread) {
  CodonTable one{}, gc{}, values{};
  one.fill(1);
  for (std::size_t codon = 0; codon < 64; ++codon) {
    gc[codon] = gc_of(codon);
    values[codon] = is_stop(codon) ? 0 : value_of(codon);
  }
  const double gc_mean = mean_product(gc, one), mean = mean_product(values, one);
  for (double& value : gc) value -= gc_mean;
  const double slope = mean_product(values, gc) / mean_product(gc, gc);
  for (std::size_t codon = 0; codon < 64; ++codon) values[codon] -= mean + slope * gc[codon];
  const double deviation = std::sqrt(mean_product(values, values));
  for (double& value : values) value *= spread / deviation;
  return values;
}

CodonTable offsets(double spread, Draws& draws) {
  return scaled([&](std::size_t) { return draws.normal(); }, spread);
}

/// Of codons by the two pairs of neighbours in them, which any window of letters sees, alike on both strands.
CodonTable neighbour_offsets(double spread, Draws& draws) {
  std::array<double, 16> pairs{};
  for (std::size_t pair = 0; pair < 16; ++pair) {
    const std::size_t other = 15 - (pair % 4 * 4 + pair / 4);  // on the other strand
    pairs[pair] = other < pair ? pairs[other] : draws.normal();
  }
  return scaled([&](std::size_t codon) { return pairs[codon / 4] + pairs[codon % 16]; }, spread);
}

/// exp(logs + tilt x GC), scaled to a sum of 1.
CodonTable tilted(const CodonTable& logs, double tilt) {
  CodonTable usage{};
  double sum = 0;
  for (std::size_t codon = 0; codon < 64; ++codon) {
    if (!is_stop(codon)) sum += usage[codon] = std::exp(logs[codon] + tilt * gc_of(codon));
  }
  for (double& value : usage) value /= sum;
  return usage;
}

/// The usage with this GC share.
CodonTable usage_of(const CodonTable& logs, double gc) {
  double low = -20, high = 20;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    const CodonTable usage = tilted(logs, middle);
    double share = 0;
    for (std::size_t codon = 0; codon < 64; ++codon) share += usage[codon] * gc_of(codon);
    (share < gc ? low : high) = middle;
  }
  return tilted(logs, (low + high) / 2);
}

/// Three codons by their letters.
CodonTable weights(std::array<std::size_t, 3> codons, std::array<double, 3> shares) {
  CodonTable table{};
  for (std::size_t i = 0; i < 3; ++i) table[codons[i]] = shares[i];
  return table;
}
constexpr std::array<std::size_t, 3> kStarts = {14, 46, 62};  // ATG, GTG, TTG
constexpr std::array<std::size_t, 3> kStops = {48, 50, 56};   // TAA, TAG, TGA

/// Genes of `gene` letters with `between` letters between them, on average.
void set_lengths(Law& law, double gene, double between) {
  const double block = law.blocks.empty() ? 0 : static_cast<double>(law.blocks.front().size());
  law.begin = 1 / (between + 1);
  law.end = 1 / (1 + (gene / 3 - 2 - law.marked * block) / (1 + law.marked));
}

void set_usage(TwinLaw& law, Draws draws) {
  const CodonTable base = offsets(kBaseSpread, draws), own = offsets(kClassSpread, draws);
  const CodonTable neighbours = neighbour_offsets(kNeighbourSpread, draws);
  for (std::size_t table = 0; table < kTables; ++table) {
    const CodonTable shared = offsets(kTableSpread, draws);
    CodonTable phage{}, bacteria{};
    for (std::size_t codon = 0; codon < 64; ++codon) {
      phage[codon] = base[codon] + shared[codon] + own[codon] + neighbours[codon];
      bacteria[codon] = base[codon] + shared[codon] - own[codon] - neighbours[codon];
    }
    law.phage.usage[table] = usage_of(phage, gc_target(table));
    law.bacteria.usage[table] = usage_of(bacteria, gc_target(table));
  }
}

void set_between(TwinLaw& law, Draws draws) {
  for (std::size_t pair = 0; pair < 16; ++pair) {
    auto& phage = law.phage.between[pair];
    auto& bacteria = law.bacteria.between[pair];
    double phages = 0, bacterias = 0;
    for (std::size_t letter = 0; letter < 4; ++letter) {
      const double shared = kContextSpread * draws.normal(), own = kContextClass * draws.normal();
      phages += phage[letter] = std::exp(shared + own);
      bacterias += bacteria[letter] = std::exp(shared - own);
    }
    for (double& weight : phage) weight /= phages;
    for (double& weight : bacteria) weight /= bacterias;
  }
}

}  // namespace

TwinLaw twin_law() {
  const Stream stream = Streams(kLawSeed).open("twin/law");
  Draws blocks = stream.at({.step = 2});
  TwinLaw law;
  law.phage.turn = 0.2;
  law.phage.start = weights(kStarts, {0.86, 0.08, 0.06});
  law.phage.stop = weights(kStops, {0.58, 0.12, 0.30});
  law.phage.marked = 0.04;
  law.phage.kept = 0.9;
  law.bacteria.turn = 0.35;
  law.bacteria.start = weights(kStarts, {0.80, 0.12, 0.08});
  law.bacteria.stop = weights(kStops, {0.52, 0.16, 0.32});
  for (std::size_t block = 0; block < kBlocks; ++block) {
    auto& codons = law.phage.blocks.emplace_back();
    while (codons.size() < kMaxBlock) {
      const std::size_t codon = blocks.below(64);
      if (!is_stop(codon)) codons.push_back(codon);
    }
  }
  set_lengths(law.phage, 600, 70);
  set_lengths(law.bacteria, 950, 90);
  set_usage(law, stream.at({.step = 0}));
  set_between(law, stream.at({.step = 1}));
  return law;
}

Twin::Twin(std::uint64_t seed, std::int64_t rows, double share)
    : law_(twin_law()),
      phage_(law_.phage),
      bacteria_(law_.bacteria),
      stream_(Streams(seed).open("twin/genomes")),
      positives_(positives_of(rows, share)),
      negatives_(rows - positives_),
      prior_(std::log(share / (1 - share))) {}

std::int64_t Twin::genomes() const { return kPhages + kBacteria; }

Genome Twin::genome(std::int64_t index) const {
  SEQBENCH_ASSERT(index >= 0 && index < genomes(), "there are so many genomes");
  const bool phage = index < kPhages;
  const std::int64_t of = phage ? kPhages : kBacteria, number = phage ? index : index - kPhages;
  const std::int64_t rows = phage ? positives_ : negatives_;
  const std::int64_t segments = (number + 1) * rows / of - number * rows / of;
  Genome genome;
  genome.phage = phage;
  genome.name = fmt::format("{}_{:03}", phage ? "phage" : "bacterium", number + 1);
  genome.source_group = phage ? "twin_phage" : "twin_bacterium";
  genome.group = phage ? fmt::format("T{:04}", number + 1) : "twin bacterium " + genome.name;
  Draws draws = stream_.at({.item = static_cast<std::uint32_t>(index)});
  const std::size_t table = draws.below(kTables);
  if (segments > 0) {
    genome.sequence = (phage ? law_.phage : law_.bacteria)
                          .draw(table, static_cast<std::size_t>((segments - 1) * kStep + kLength), draws);
  }
  return genome;
}

double Twin::logit(std::string_view segment) const {
  return phage_.log_ratio(segment) - bacteria_.log_ratio(segment) + prior_;
}

}  // namespace seqbench::tasks::phage
