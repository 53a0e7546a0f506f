#include "tasks/tf_expression/law.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tasks::tf_expression {
namespace {

struct Family {
  std::string_view name;
  std::string_view members;  // "1 2": with these endings
};

constexpr Family kFamilies[] = {
    {"ATF", "1 2 3 4 5 6 7"}, {"BACH", "1 2"}, {"BHLHE", "22 40 41"}, {"CBX", "1 2 3 4 5 8"},
    {"CEBP", "A B D E G Z"}, {"CREB", "1 3 5"}, {"CTCF", " L"}, {"CUX", "1 2"}, {"E2F", "1 2 3 4 5 6 7 8"},
    {"EGR", "1 2 3 4"}, {"ELF", "1 2 3 4 5"}, {"ELK", "1 3 4"}, {"EP", "300 400"}, {"ETS", "1 2"},
    {"ETV", "1 2 3 4 5 6"}, {"FOS", " B L1 L2"}, {"FOX", "A1 A2 A3 C1 K1 K2 M1 O1 O3 P1"}, {"GABP", "A B1"},
    {"GATA", "1 2 3 4 5 6"}, {"HDAC", "1 2 3 6 8"}, {"HNF", "1A 1B 4A 4G"}, {"IRF", "1 2 3 4 5 8 9"},
    {"JUN", " B D"}, {"KDM", "1A 4A 4B 5A 5B"}, {"KLF", "1 3 4 5 6 9 10 11 13 16"}, {"MAF", " B F G K"},
    {"MEF", "2A 2B 2C 2D"}, {"MEIS", "1 2 3"}, {"MYB", " L1 L2"}, {"MYC", " N L"}, {"MAX", ""}, {"MAZ", ""},
    {"MGA", ""}, {"MNT", ""}, {"NCOR", "1 2"}, {"NFE", "2 2L1 2L2"}, {"NFI", "A B C X"}, {"NFY", "A B C"},
    {"NR", "2C1 2C2 2F1 2F2 2F6 3C1 4A1 5A2"}, {"PBX", "1 2 3"}, {"PML", ""}, {"POLR2A", ""}, {"RB", "1 L1 L2"},
    {"REL", " A B"}, {"REST", ""}, {"RFX", "1 3 5 7"}, {"RUNX", "1 2 3"}, {"RXR", "A B G"}, {"SIN3", "A B"},
    {"SMAD", "1 2 3 4 5"}, {"SOX", "2 4 5 6 9 13"}, {"SP", "1 2 3 4 5"}, {"SRF", ""}, {"STAT", "1 2 3 4 5A 5B 6"},
    {"TAF", "1 7 9 15"}, {"TBP", " L1"}, {"TCF", "3 4 7 7L2 12"}, {"TEAD", "1 2 3 4"}, {"USF", "1 2"},
    {"YBX", "1 3"}, {"YY", "1 2"}, {"ZBTB", "2 7A 7B 11 12 17 33 40"}, {"ZEB", "1 2"},
    {"ZNF", "24 143 263 274 282 316 318 384 407 512 592 639 687 740 830"},
};

constexpr double kLow = 0.06, kCommon = 0.12, kHigh = 0.6;  // frequencies of the factors that matter
constexpr std::size_t kNearPairs = 10;
constexpr double kNearWeight = 2.1;  // so that the set view's ceiling is r 0.86
constexpr std::int64_t kNarrow = 2, kWide = 5;  // bins of a peak
constexpr double kCentred = 0.7;
constexpr double kCentre = 60, kSpread = 6;

std::vector<std::string> factor_names() {
  std::vector<std::string> names;
  for (const Family& family : kFamilies) {
    for (const std::string_view member : split(family.members, ' ')) names.push_back(std::string(family.name).append(member));
  }
  std::ranges::sort(names);
  SEQBENCH_ASSERT(names.size() == kFactors, "the paper has 253 factors");
  return names;
}

/// Mean of sigmoid(offset + spread Z) over a standard normal Z.
double mean_sigmoid(double offset, double spread) {
  double sum = 0, weights = 0;
  for (int i = -60; i <= 60; ++i) {
    const double z = 0.1 * i;
    const double weight = std::exp(-0.5 * z * z);
    sum += weight / (1 + std::exp(-(offset + spread * z)));
    weights += weight;
  }
  return sum / weights;
}

FactorLaw draw_factor(Draws& draws) {
  FactorLaw factor;
  factor.offset = -3.8 + draws.normal();
  factor.openness = std::abs(0.9 + 0.4 * draws.normal());
  double variance = factor.openness * factor.openness;
  for (double& weight : factor.modules) {
    weight = 0.5 * draws.normal();
    variance += weight * weight;
  }
  factor.frequency = mean_sigmoid(factor.offset, std::sqrt(variance));
  return factor;
}

std::vector<std::uint16_t> with_frequency(std::span<const FactorLaw> factors, double low) {
  std::vector<std::uint16_t> found;
  for (std::uint16_t i = 0; i < factors.size(); ++i) {
    if (factors[i].frequency >= low && factors[i].frequency <= kHigh) found.push_back(i);
  }
  return found;
}

std::uint16_t index_of(const std::vector<std::string>& names, std::string_view name) {
  return static_cast<std::uint16_t>(std::ranges::lower_bound(names, name) - names.begin());
}

/// MYC and MAX become common factors by taking the law of two that are.
void make_common(const std::vector<std::string>& names, std::vector<FactorLaw>& factors) {
  const std::uint16_t myc = index_of(names, "MYC"), max = index_of(names, "MAX");
  std::swap(factors[myc], factors[with_frequency(factors, kCommon).front()]);
  const std::vector<std::uint16_t> common = with_frequency(factors, kCommon);
  std::swap(factors[max], factors[*std::ranges::find_if(common, [myc](std::uint16_t i) { return i != myc; })]);
}

/// Pairs of distinct factors, each factor once until all are used.
std::vector<Element> draw_pairs(std::vector<std::uint16_t> from, std::size_t count, Draws& draws) {
  SEQBENCH_ASSERT(from.size() >= 2, "a pair takes two factors");
  std::vector<Element> pairs;
  for (std::size_t next = from.size(); pairs.size() < count; next += 2) {
    if (next + 1 >= from.size()) {
      draws.shuffle(std::span(from));
      next = 0;
    }
    pairs.push_back({from[next], from[next + 1], 0});
  }
  return pairs;
}

double sign(double positive, Draws& draws) { return draws.uniform() < positive ? 1 : -1; }

}  // namespace

Peak peak_at(std::uint16_t factor, std::int64_t centre, std::int64_t width) {
  const std::int64_t first = std::clamp<std::int64_t>(centre - width / 2, 0, kBins - width);
  return {factor, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(first + width - 1)};
}

Peak draw_peak(std::uint16_t factor, Draws& draws) {
  const auto width = kNarrow + static_cast<std::int64_t>(draws.below(kWide - kNarrow + 1));
  const bool is_centred = draws.uniform() < kCentred;
  const auto centre = is_centred ? static_cast<std::int64_t>(std::lround(kCentre + kSpread * draws.normal()))
                                 : static_cast<std::int64_t>(draws.below(kBins));
  return peak_at(factor, centre, width);
}

std::vector<double> centre_law() {
  std::vector<double> law(kBins);
  constexpr std::int64_t kReach = kBins;  // twenty standard deviations: nothing is left beyond
  for (std::int64_t width = kNarrow; width <= kWide; ++width) {
    for (std::int64_t at = -kReach; at < kBins + kReach; ++at) {
      const double x = static_cast<double>(at) - kCentre;
      double p = kCentred * (normal_cdf((x + 0.5) / kSpread) - normal_cdf((x - 0.5) / kSpread));
      if (at >= 0 && at < kBins) p += (1 - kCentred) / kBins;
      law[static_cast<std::size_t>(centre_of(peak_at(0, at, width)))] += p / (kWide - kNarrow + 1);
    }
  }
  return law;
}

Law::Law(const Streams& streams, double coincide) : names(factor_names()) {
  Draws draws = streams.open("twin/law").at();
  for (std::size_t i = 0; i < kFactors; ++i) factors.push_back(draw_factor(draws));
  make_common(names, factors);
  const std::vector<std::uint16_t> used = with_frequency(factors, kLow);
  std::vector<std::uint16_t> common = with_frequency(factors, kCommon);
  for (const Element& pair : draw_pairs(used, 15, draws)) {
    for (const std::uint16_t factor : {pair.first, pair.second}) {
      additive.push_back({factor, factor, 0.32 * (0.6 + 0.5 * draws.normal())});
    }
  }
  both = draw_pairs(used, 12, draws);
  for (Element& e : both) e.weight = sign(0.5, draws) * 0.9 * (0.6 + 0.8 * draws.uniform());
  either = draw_pairs(used, 6, draws);
  for (Element& e : either) e.weight = 0.45;
  unless = draw_pairs(used, 8, draws);
  for (Element& e : unless) e.weight = 0.9;
  const std::uint16_t myc = index_of(names, "MYC"), max = index_of(names, "MAX");
  std::erase_if(common, [&](std::uint16_t i) { return i == myc || i == max; });
  near = draw_pairs(common, kNearPairs - 1, draws);
  near.insert(near.begin(), {myc, max, 0});
  for (Element& e : near) e.weight = sign(2.0 / 3, draws) * kNearWeight;
  const std::vector<double> law = centre_law();
  double p = 0;
  for (std::int64_t a = 0; a < kBins; ++a) {
    for (std::int64_t b = std::max<std::int64_t>(0, a - kNear); b <= std::min(kBins - 1, a + kNear); ++b) {
      p += law[static_cast<std::size_t>(a)] * law[static_cast<std::size_t>(b)];
    }
  }
  meets.assign(near.size(), p);
  meets.front() = coincide + (1 - coincide) * p;
}

double Law::effect(std::span<const Peak> peaks, bool positions) const {
  std::array<std::int64_t, kFactors> centre;
  centre.fill(-1);
  for (const Peak& peak : peaks) centre[peak.factor] = centre_of(peak);
  const auto bound = [&](std::uint16_t factor) { return centre[factor] >= 0; };
  double sum = 0;
  for (const Element& e : additive) sum += bound(e.first) ? e.weight : 0;
  for (const Element& e : both) sum += bound(e.first) && bound(e.second) ? e.weight : 0;
  for (const Element& e : either) sum += bound(e.first) || bound(e.second) ? e.weight : 0;
  for (const Element& e : unless) sum += bound(e.first) && !bound(e.second) ? e.weight : 0;
  for (std::size_t i = 0; i < near.size(); ++i) {
    const Element& e = near[i];
    if (!bound(e.first) || !bound(e.second)) continue;
    const bool is_near = std::abs(centre[e.first] - centre[e.second]) <= kNear;
    sum += e.weight * (positions ? (is_near ? 1 : 0) : meets[i]);
  }
  return sum;
}

double Law::effect(std::span<const Peak> peaks) const { return effect(peaks, true); }

double Law::effect_of_set(std::span<const Peak> peaks) const { return effect(peaks, false); }

}  // namespace seqbench::tasks::tf_expression
