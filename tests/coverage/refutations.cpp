#include <cmath>

#include "harness/analyze/verdicts.h"
#include "harness/base/streams.h"
#include "tests/coverage/coverage.h"

namespace seqbench::coverage {
namespace {

constexpr double kMargin = 0.01, kHalfUnit = 0.0005;

struct Case {
  analyze::Summary measured;
  double published = 0;  // before the difference of the methods is added
  double margin = kMargin;
};

Case of_scores(const Published& design, Draws& draws) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < design.trials; ++i) scores.push_back(0.7 + design.run_sd * kMargin * draws.normal());
  return {analyze::over_folds(scores, 0), 0.7 + design.run_sd * kMargin * draws.normal()};
}

/// Fold values correlate by 1 / folds (training sets overlap), as the corrected resampled t supposes.
double fold_scores(const Published& design, Draws& draws, std::vector<double>& scores) {
  const double shared = std::sqrt(1.0 / static_cast<double>(design.folds)), common = draws.normal();
  double mean = 0;
  for (std::size_t i = 0; i < design.folds; ++i) {
    const double error = shared * common + std::sqrt(1 - shared * shared) * draws.normal();
    scores.push_back(0.7 + design.run_sd * kMargin * error);
    mean += scores.back() / static_cast<double>(design.folds);
  }
  return mean;
}

Case of_folds(const Published& design, Draws& draws) {
  std::vector<double> ours, theirs;
  (void)fold_scores(design, draws, ours);
  const double published = fold_scores(design, draws, theirs);
  return {analyze::over_folds(ours, 1 / (static_cast<double>(design.folds) - 1)), published};
}

/// mse 1 in expectation, margin 5 %; run_sd margins between runs, by their error's standard deviation.
Case of_predictions(const Published& design, std::uint32_t repetition, int resamples) {
  const double spread = design.run_sd * 0.05 / 2;  // of log sigma: mse = sigma^2
  const Design experiment{.metric = "mse", .trials = design.trials, .rows = design.rows, .seed_spread = spread};
  const Draw ours = draw(experiment, repetition);
  Design one = experiment;
  one.trials = 1;
  const Draw theirs = draw(one, repetition + 1'000'000);
  const analyze::MetricInfo& mse = analyze::metric("mse");
  return {analyze::fixed_split(mse, ours.truth, ours.predictions, {resamples}),
          mse.compute(theirs.truth, theirs.predictions[0], {}).value, 0.05};
}

/// Rule 3 word for word.
bool literally_refuted(const analyze::Judgement& j, double published, double room) {
  const bool excludes = j.difference > 0 ? j.low > room : j.high < -room;
  return excludes && (published < j.prediction_low || published > j.prediction_high);
}

}  // namespace

Refutations refute(const Published& design, int draws, int resamples) {
  Refutations out;
  for (int i = 0; i < draws; ++i) {
    const auto repetition = static_cast<std::uint32_t>(i);
    Draws numbers = Streams(21).open("test").at({.epoch = repetition});
    const Case one = design.folds > 0  ? of_folds(design, numbers)
                     : design.rows > 0 ? of_predictions(design, repetition, resamples)
                                       : of_scores(design, numbers);
    const double published = one.published + (i % 2 == 0 ? one.margin : -one.margin);
    const analyze::Judgement j = analyze::judge({published, kHalfUnit, {}, {}, true}, one.margin, one.measured);
    ++out.draws;
    out.refuted += j.verdict == analyze::Verdict::kNotReproduced || j.verdict == analyze::Verdict::kBetter;
    out.literally += literally_refuted(j, published, one.margin + kHalfUnit);
  }
  return out;
}

}  // namespace seqbench::coverage
