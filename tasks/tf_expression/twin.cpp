#include "tasks/tf_expression/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::tasks::tf_expression {
namespace {

constexpr double kMean = -6, kVariance = 2.14;
constexpr double kNoise = 0.48;  // of the effect's standard deviation
constexpr double kForced = 0.06, kForcedMean = -8, kForcedSd = 1.3;
constexpr std::uint32_t kCalibrationRows = 20000;

// Genes of each chromosome among 18,000, about as in the human genome.
constexpr std::array<int, 23> kGenes = {1750, 1100, 950, 680, 780, 930, 810, 630, 700, 670, 1120, 930,
                                        300, 560, 560, 800, 1100, 250, 1330, 500, 210, 410, 930};
constexpr std::int64_t kFirstStart = 100'000;
constexpr std::int64_t kSpacing = 13'000;  // windows of two genes never touch
constexpr std::int64_t kStride = 7919;     // prime to 18,000: any first rows are spread over the chromosomes

struct Site {
  std::string chromosome;
  std::int64_t start = 0;
};

Site site_of(std::int64_t index) {
  std::int64_t rank = index * kStride % kPublishedRows;
  for (std::size_t i = 0; i < kGenes.size(); ++i) {
    if (rank < kGenes[i]) {
      return {i + 1 == kGenes.size() ? "chrX" : fmt::format("chr{}", i + 1), kFirstStart + kSpacing * rank};
    }
    rank -= kGenes[i];
  }
  assertion_failed("rank", "the chromosomes hold all genes", __FILE__, __LINE__);
}
static_assert(std::accumulate(kGenes.begin(), kGenes.end(), 0) == kPublishedRows);

/// Sum of draws of at most 16 each, by inversion.
double poisson(double mean, Draws& draws) {
  const double parts = std::ceil(mean / 16);
  double sum = 0;
  for (double part = 0; part < parts; ++part) {
    double p = std::exp(-mean / parts);
    double left = draws.uniform() - p;
    double count = 0;
    for (; left >= 0 && count < 200; left -= p) p *= mean / parts / ++count;
    sum += count;
  }
  return sum;
}

double bell(double x, double width) { return std::exp(-0.5 * (x / width) * (x / width)); }

/// Mean count of a mark `bin` bins downstream of the start.
double mark_mean(std::int64_t mark, double bin, double openness, double effect) {
  switch (mark) {
    case 0: return 3 * std::exp(0.5 * openness) * (bell(bin - 20, 8) + bell(bin + 20, 8));  // H3K4me1
    case 2: return 2;                                                                        // H3K9me3
    case 3: return 4 * std::exp(-0.9 * openness);                                            // H3K27me3
    case 4: return bin > 0 ? 3 * std::exp(0.9 * effect) : 0;                                 // H3K36me3
    default: return 5 * std::exp(0.8 * openness + 0.5 * effect) * bell(bin, 8);  // H3K4me3, H3K27ac, H3K9ac
  }
}

}  // namespace

Twin::Twin(std::uint64_t seed, double coincide, bool unbound)
    : streams_(seed),
      law_(streams_, coincide),
      coincide_(coincide),
      unbound_(0),
      binding_(streams_.open("twin/binding")),
      noise_(streams_.open("twin/noise")),
      histones_(streams_.open("twin/histones")) {
  const Stream stream = streams_.open("twin/calibration");
  double sum = 0, squares = 0, none = 0;
  for (std::uint32_t i = 0; i < kCalibrationRows; ++i) {
    const Bound bound = draw_bound(stream.at({.item = i}));
    const double effect = law_.effect(bound.peaks);
    sum += effect;
    squares += effect * effect;
    none += bound.peaks.empty() ? 1 : 0;
  }
  effect_mean_ = sum / kCalibrationRows;
  effect_sd_ = std::sqrt(squares / kCalibrationRows - effect_mean_ * effect_mean_);
  scale_ = std::sqrt(kVariance / (1 + kNoise * kNoise)) / effect_sd_;
  centre_ = kMean - scale_ * effect_mean_;
  unbound_ = unbound ? kForced : 0;
  const double natural = (1 - unbound_) * none / kCalibrationRows;
  forced_if_unbound_ = unbound ? unbound_ / (unbound_ + natural) : 0;
}

Twin::Bound Twin::draw_bound(Draws draws) const {
  Bound bound{.openness = draws.normal()};
  bound.forced = draws.uniform() < unbound_;
  std::array<double, kModules> modules{};
  for (double& module : modules) module = draws.normal();
  if (bound.forced) return bound;
  for (std::uint16_t i = 0; i < kFactors; ++i) {
    const FactorLaw& factor = law_.factors[i];
    const double logit = factor.offset + factor.openness * bound.openness +
                         std::inner_product(modules.begin(), modules.end(), factor.modules.begin(), 0.0);
    if (draws.uniform() * (1 + std::exp(-logit)) < 1) bound.peaks.push_back({i, 0, 0});
  }
  for (Peak& peak : bound.peaks) peak = draw_peak(peak.factor, draws);
  if (draws.uniform() >= coincide_) return bound;
  const Element& pair = law_.near.front();
  const auto first = std::ranges::find(bound.peaks, pair.first, &Peak::factor);
  const auto second = std::ranges::find(bound.peaks, pair.second, &Peak::factor);
  if (first == bound.peaks.end() || second == bound.peaks.end()) return bound;
  const std::int64_t centre = centre_of(*first) - kNear + static_cast<std::int64_t>(draws.below(2 * kNear + 1));
  *second = peak_at(pair.second, centre, second->last - second->first + 1);
  return bound;
}

TwinRow Twin::row(std::int64_t index) const {
  SEQBENCH_ASSERT(index >= 0 && index < kPublishedRows, "the twin has 18,000 rows");
  const Counter at{.item = static_cast<std::uint32_t>(index)};
  Bound bound = draw_bound(binding_.at(at));
  Draws noise = noise_.at(at);
  const Site site = site_of(index);
  TwinRow row{.gene = {.id = fmt::format("GENE{:05}", index + 1), .chromosome = site.chromosome, .peaks = {},
                       .source = index, .part = part_of(site.chromosome)},
              .tss = site.start, .minus = noise.uniform() < 0.5, .openness = bound.openness};
  const double effect = law_.effect(bound.peaks);
  row.effect = (effect - effect_mean_) / effect_sd_;
  row.noiseless = level(effect);
  row.expected = row.noiseless;
  row.expected_set = level(law_.effect_of_set(bound.peaks));
  if (bound.peaks.empty()) {
    row.expected += forced_if_unbound_ * (kForcedMean - row.noiseless);
    row.expected_set = row.expected;
  }
  row.gene.expression = bound.forced ? kForcedMean + kForcedSd * noise.normal()
                                     : row.noiseless + scale_ * kNoise * effect_sd_ * noise.normal();
  row.gene.peaks = std::move(bound.peaks);
  return row;
}

void Twin::histone(std::int64_t index, std::span<float> values) const {
  const TwinRow made = row(index);
  Draws draws = histones_.at({.item = static_cast<std::uint32_t>(index)});
  auto value = values.begin();
  for (std::int64_t mark = 0; mark < kTwinMarks; ++mark) {
    for (std::int64_t bin = 0; bin < kTwinBins; ++bin) {
      const double mean = mark_mean(mark, static_cast<double>(bin - kTwinBins / 2), made.openness, made.effect);
      *value++ = static_cast<float>(poisson(std::min(mean, 1e4), draws));
    }
  }
}

}  // namespace seqbench::tasks::tf_expression
