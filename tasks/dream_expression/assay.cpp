#include "tasks/dream_expression/assay.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tasks/dream_expression/law.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr double kSingle = 0.38;  // share of rows seen in one cell
constexpr double kStop = 0.45;    // of the geometric law of the others
constexpr int kMostCells = 20;
constexpr double kNoise = 2.0;    // of one cell

constexpr std::size_t kSteps = 64;  // of a bin, in the table
constexpr std::size_t kKnots = 17 * kSteps + 1;

double mean_of_cells(double noiseless, int cells) {
  const double noise = kNoise / std::sqrt(cells);
  double sum = 0;
  for (int k = 1; k <= 17 * cells; ++k) {  // the label is k / cells or more
    const double z = (noiseless - (k - 0.5) / cells) / noise;
    if (z < -9) break;
    sum += z > 9 ? 1 : normal_cdf(z);
  }
  return sum / cells;
}

}  // namespace

double assay_draw(double noiseless, Draws draws) {
  int cells = 1;
  if (draws.uniform() >= kSingle) {
    const double failures = std::floor(std::log1p(-draws.uniform()) / std::log1p(-kStop));
    cells = static_cast<int>(std::min<double>(kMostCells, 2 + failures));
  }
  const double mean = noiseless + kNoise / std::sqrt(cells) * draws.normal();
  return std::clamp(std::floor(mean * cells + 0.5) / cells, kLowest, kHighest);
}

double assay_mean_exact(double noiseless) {
  double mean = kSingle * mean_of_cells(noiseless, 1);
  double left = 1 - kSingle;
  for (int cells = 2; cells <= kMostCells; ++cells) {
    const double share = cells == kMostCells ? left : left * kStop;
    mean += share * mean_of_cells(noiseless, cells);
    left -= share;
  }
  return mean;
}

/// Cubic through the four nearest knots.
double assay_mean(double noiseless) {
  static const std::array<double, kKnots> kTable = [] {
    std::array<double, kKnots> table{};
    for (std::size_t i = 0; i < kKnots; ++i) table[i] = assay_mean_exact(static_cast<double>(i) / kSteps);
    return table;
  }();
  const double at = noiseless * kSteps;
  const auto first = static_cast<std::size_t>(std::clamp(std::floor(at) - 1, 0.0, static_cast<double>(kKnots - 4)));
  const double t = at - static_cast<double>(first);
  const double* y = kTable.data() + first;
  return -y[0] * (t - 1) * (t - 2) * (t - 3) / 6 + y[1] * t * (t - 2) * (t - 3) / 2 - y[2] * t * (t - 1) * (t - 3) / 2 +
         y[3] * t * (t - 1) * (t - 2) / 6;
}

}  // namespace seqbench::tasks::dream_expression
