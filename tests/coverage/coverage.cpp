#include "tests/coverage/coverage.h"

#include <cmath>

#include "harness/base/streams.h"

namespace seqbench::coverage {
namespace {

/// Standard normal rows shared by the trials, and the trials' own.
struct Errors {
  std::vector<double> shared;
  std::vector<std::vector<double>> own;

  Errors(Draws& draws, std::size_t trials, std::size_t rows) : shared(rows), own(trials) {
    for (double& value : shared) value = draws.normal();
    for (std::vector<double>& trial : own) {
      for (std::size_t i = 0; i < rows; ++i) trial.push_back(draws.normal());
    }
  }
  [[nodiscard]] double at(std::size_t trial, std::size_t row) const {
    return std::sqrt(0.5) * (shared[row] + own[trial][row]);
  }
};

/// y = N(0, 1), prediction = y + error of standard deviation sigma_s, log sigma_s = N(log sigma, spread).
void regression(Draw& out, const Design& design, Draws& draws) {
  const bool correlation = design.metric == "pearson";
  const double sigma = correlation ? std::sqrt(1 / (design.level * design.level) - 1) : 1;
  std::vector<double> spreads;
  for (std::size_t s = 0; s < design.trials; ++s) spreads.push_back(sigma * std::exp(design.seed_spread * draws.normal()));
  const Errors errors(draws, design.trials, design.rows);
  for (std::size_t i = 0; i < design.rows; ++i) out.truth.push_back(draws.normal());
  for (std::size_t s = 0; s < design.trials; ++s) {
    for (std::size_t i = 0; i < design.rows; ++i) out.predictions[s].push_back(out.truth[i] + spreads[s] * errors.at(s, i));
  }
  const auto value = [&](double spread) { return correlation ? 1 / std::sqrt(1 + spread * spread) : spread * spread; };
  if (design.trials == 1) {
    out.target = value(spreads[0]);
    return;
  }
  constexpr int kGrid = 2000;  // midpoints of equal probability
  for (int i = 0; i < kGrid; ++i) {
    out.target += value(sigma * std::exp(design.seed_spread * inverse_normal((i + 0.5) / kGrid))) / kGrid;
  }
}

/// A row is right where its latent error stays below the trial's threshold.
void shares(Draw& out, const Design& design, Draws& draws) {
  const double threshold = inverse_normal(design.level) * std::sqrt(1 + design.seed_spread * design.seed_spread);
  std::vector<double> thresholds;
  for (std::size_t s = 0; s < design.trials; ++s) thresholds.push_back(threshold + design.seed_spread * draws.normal());
  const Errors errors(draws, design.trials, design.rows);
  for (std::size_t i = 0; i < design.rows; ++i) out.truth.push_back(draws.below(2) == 0 ? 0 : 1);
  for (std::size_t s = 0; s < design.trials; ++s) {
    for (std::size_t i = 0; i < design.rows; ++i) {
      const bool right = errors.at(s, i) < thresholds[s];
      out.predictions[s].push_back(right ? out.truth[i] : 1 - out.truth[i]);
    }
  }
  out.target = design.trials == 1 ? normal_cdf(thresholds[0]) : design.level;
}

}  // namespace

Draw draw(const Design& design, std::uint32_t repetition) {
  Draw out;
  out.predictions.resize(design.trials);
  Draws draws = Streams(20).open("test").at({.epoch = repetition});
  if (design.metric == "accuracy") {
    shares(out, design, draws);
  } else {
    regression(out, design, draws);
  }
  return out;
}

double Coverage::percent() const { return 100.0 * covered / (covered + missed_low + missed_high + without); }

Coverage measure(const Design& design, int repetitions, int resamples) {
  Coverage out;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const Draw one = draw(design, static_cast<std::uint32_t>(repetition));
    const auto got = analyze::fixed_split(analyze::metric(design.metric), one.truth, one.predictions, {resamples});
    if (std::isnan(got.low)) {
      ++out.without;
    } else if (one.target < got.low) {
      ++out.missed_low;
    } else if (one.target > got.high) {
      ++out.missed_high;
    } else {
      ++out.covered;
    }
    if (!std::isnan(got.low)) out.width += got.high - got.low;
  }
  out.width /= std::max(1, repetitions - out.without);
  return out;
}

}  // namespace seqbench::coverage
