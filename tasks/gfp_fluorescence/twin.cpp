#include "tasks/gfp_fluorescence/twin.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "harness/base/error.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

constexpr double kWildBrightness = 3.74;
constexpr double kDarkLevel = 0.7;   // of the sigmoid, below the floor
constexpr double kDarkFloor = 1.36;  // of f
constexpr double kThreshold = 2.9;   // energy at half brightness
constexpr double kWidth = 0.2;
constexpr double kEnergyShape = 0.9;
constexpr double kEnergyMean = 0.74;
constexpr double kStopEnergy = 12;
constexpr double kCouplingNoise = 0.15;
constexpr std::size_t kContacts = 300;
constexpr std::size_t kContactReach = 12;
constexpr double kMaxLoss = 1.2;
constexpr std::int64_t kFewestRows = 10;

/// Gamma(shape < 1, scale 1) (Marsaglia and Tsang 2000, with their boost).
double draw_gamma(double shape, Draws& draws) {
  const double d = shape + 1.0 - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  const double boost = std::pow(1.0 - draws.uniform(), 1.0 / shape);
  while (true) {
    const double x = draws.normal();
    const double v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
    const double u = 1.0 - draws.uniform();
    if (v > 0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return boost * d * v;
  }
}

/// E[max(floor, N(mean, sd))].
double clipped_mean(double floor, double mean, double sd) {
  const double a = (floor - mean) / sd;
  const double density = std::exp(-0.5 * a * a) / std::sqrt(2.0 * std::numbers::pi);
  return floor * normal_cdf(a) + mean * normal_cdf(-a) + sd * density;
}

std::vector<std::int16_t> draw_contacts(const Streams& streams, const VariantSpace& space) {
  std::vector<std::pair<std::size_t, std::size_t>> near;
  for (std::size_t a = 0; a < kSites; ++a) {
    for (std::size_t b = a + 1; b < kSites; ++b) {
      const auto [low, high] = std::minmax({space.position(a), space.position(b)});
      if (high - low <= kContactReach) near.emplace_back(a, b);
    }
  }
  Draws draws = streams.open("twin/contacts").at();
  draws.shuffle(std::span(near));
  std::vector<std::int16_t> contacts(kSites * kSites, -1);
  for (std::size_t i = 0; i < kContacts; ++i) {
    const auto [a, b] = near[i];
    contacts[a * kSites + b] = contacts[b * kSites + a] = static_cast<std::int16_t>(i);
  }
  return contacts;
}

}  // namespace

double NoiseLaw::draw(double noiseless, Draws draws) {
  const bool dark = draws.uniform() < kDarkShare;
  const double z = draws.normal();
  return std::max(kFloor, dark ? kDarkMean + kDarkNoise * z : noiseless + kNoise * z);
}

double NoiseLaw::mean(double noiseless) {
  return (1 - kDarkShare) * clipped_mean(kFloor, noiseless, kNoise) +
         kDarkShare * clipped_mean(kFloor, kDarkMean, kDarkNoise);
}

Landscape::Landscape(const Streams& streams, const VariantSpace& space)
    : energy_(kSubstitutions),
      loss_(kSubstitutions),
      contacts_(draw_contacts(streams, space)),
      couplings_(streams.open("twin/couplings")) {
  const Stream energies = streams.open("twin/energies");
  const Stream losses = streams.open("twin/losses");
  for (Substitution s = 0; s < kSubstitutions; ++s) {
    Draws draws = energies.at({.item = s});
    const bool stop = space.mutation(s).residue == '*';
    energy_[s] = stop ? kStopEnergy : kEnergyMean / kEnergyShape * draw_gamma(kEnergyShape, draws);
    loss_[s] = 0.05 * std::min(energy_[s], 3.0) + std::abs(0.03 * losses.at({.item = s}).normal());
  }
}

double Landscape::coupling(Substitution a, Substitution b) const {
  const std::int16_t contact = contacts_[VariantSpace::site(a) * kSites + VariantSpace::site(b)];
  if (contact < 0) return 0;
  const auto [low, high] = std::minmax({a, b});
  const auto pair = static_cast<std::uint32_t>(low * kSubstitutions + high);
  return kCouplingNoise * couplings_.at({.item = pair}).normal();
}

double Landscape::brightness(std::span<const Substitution> variant) const {
  double energy = 0;
  double loss = 0;
  for (std::size_t i = 0; i < variant.size(); ++i) {
    energy += energy_[variant[i]];
    loss += loss_[variant[i]];
    for (std::size_t j = 0; j < i; ++j) energy += coupling(variant[i], variant[j]);
  }
  const double folded = 1.0 / (1.0 + std::exp(-(kThreshold - energy) / kWidth));
  const double plateau = kWildBrightness - std::min(loss, kMaxLoss);
  return std::max(kDarkFloor, kDarkLevel + (plateau - kDarkLevel) * folded);
}

std::vector<Cell> cells(std::int64_t rows) {
  std::vector<Cell> all = {
      {0, Part::kTrain, 1},         {1, Part::kTrain, 877},  {1, Part::kValidation, 237}, {2, Part::kTrain, 10433},
      {2, Part::kValidation, 2577}, {3, Part::kTrain, 10135}, {3, Part::kValidation, 2548}, {4, Part::kTest, 9759},
      {5, Part::kTest, 7215},       {6, Part::kTest, 4643},  {7, Part::kTest, 2783},      {8, Part::kTest, 1526},
      {9, Part::kTest, 714},        {10, Part::kTest, 352},  {11, Part::kTest, 142},      {12, Part::kTest, 50},
      {13, Part::kTest, 25},        {14, Part::kTest, 6},    {15, Part::kTest, 2}};
  constexpr std::int64_t kPublished = 54025;
  if (rows <= 0 || rows >= kPublished) return all;
  for (Cell& cell : all) {
    if (cell.mutations > 0) cell.rows = (2 * cell.rows * rows + kPublished) / (2 * kPublished);
  }
  // What a part lacks goes to its commonest cell, where bright and dark are both frequent.
  const auto top_up = [&](Part part, std::size_t mutations) {
    std::int64_t have = 0;
    for (const Cell& cell : all) have += cell.part == part ? cell.rows : 0;
    for (Cell& cell : all) {
      if (cell.part == part && cell.mutations == mutations) cell.rows += std::max<std::int64_t>(0, kFewestRows - have);
    }
  };
  top_up(Part::kTrain, 3);
  top_up(Part::kValidation, 3);
  top_up(Part::kTest, 4);
  return all;
}

Twin::Twin(std::uint64_t seed, std::int64_t rows)
    : cells_(cells(rows)),
      space_(Streams(seed)),
      landscape_(Streams(seed), space_),
      noise_(Streams(seed).open("twin/noise")) {
  for (const Cell& cell : cells_) rows_ += cell.rows;
}

TwinRow Twin::row(std::int64_t index) const {
  SEQBENCH_ASSERT(index >= 0 && index < rows_, "the twin has no such row");
  std::int64_t offset = index;         // among the rows of the cell
  std::int64_t same_mutations = 0;     // rows with as many mutations in the cells before
  auto cell = cells_.begin();
  for (; offset >= cell->rows; ++cell) {
    offset -= cell->rows;
    same_mutations = (cell + 1)->mutations == cell->mutations ? same_mutations + cell->rows : 0;
  }
  const std::vector<Substitution> variant =
      space_.variant(cell->mutations, static_cast<std::uint64_t>(same_mutations + offset));
  TwinRow result;
  for (const Substitution s : variant) result.row.mutations.push_back(space_.mutation(s));
  std::ranges::sort(result.row.mutations, {}, &Mutation::position);
  result.row.genotype = format_genotype(result.row.mutations);
  result.row.part = cell->part;
  result.noiseless = landscape_.brightness(variant);
  result.expected = NoiseLaw::mean(result.noiseless);
  result.row.brightness = NoiseLaw::draw(result.noiseless, noise_.at({.item = static_cast<std::uint32_t>(index)}));
  return result;
}

}  // namespace seqbench::tasks::gfp_fluorescence
