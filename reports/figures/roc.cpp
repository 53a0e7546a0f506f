// Receiver operating characteristic and precision-recall: mean over trials with the band of the lowest and highest.

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/analyze/metrics.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr int kGrid = 100;  // steps of the abscissa

/// Counts at every threshold between different probabilities, from the highest down; both curves come from these.
struct Step {
  double true_positives, false_positives;
};

std::vector<Step> steps_of(const store::Predictions& p, double& positives, double& negatives) {
  std::vector<std::size_t> order(p.values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return p.values[a] > p.values[b]; });
  std::vector<Step> steps = {{0, 0}};
  positives = negatives = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (p.examples.truth[order[i]] == 1 ? positives : negatives) += 1;
    const bool tied = i + 1 < order.size() && p.values[order[i + 1]] == p.values[order[i]];
    if (!tied) steps.push_back({positives, negatives});
  }
  return steps;
}

/// True positive rate at false positive rates 0, 0.01, ... 1, straight between steps (Fawcett 2006, section 5).
std::vector<double> roc_of(const store::Predictions& p) {
  double positives = 0, negatives = 0;
  const std::vector<Step> steps = steps_of(p, positives, negatives);
  if (positives == 0 || negatives == 0) return {};
  std::vector<double> out;
  std::size_t at = 0;
  for (int g = 0; g <= kGrid; ++g) {
    const double wanted = negatives * g / kGrid;
    while (at + 1 < steps.size() && steps[at + 1].false_positives <= wanted) ++at;
    double found = steps[at].true_positives;
    if (at + 1 < steps.size()) {
      const Step &a = steps[at], &b = steps[at + 1];
      found += (b.true_positives - a.true_positives) * (wanted - a.false_positives) / (b.false_positives - a.false_positives);
    }
    out.push_back(found / positives);
  }
  return out;
}

/// Precision at the first threshold that reaches recalls 0.01, 0.02, ... 1: steps, as average precision takes them.
std::vector<double> precision_of(const store::Predictions& p) {
  double positives = 0, negatives = 0;
  const std::vector<Step> steps = steps_of(p, positives, negatives);
  if (positives == 0) return {};
  std::vector<double> out;
  std::size_t at = 1;
  for (int g = 1; g <= kGrid; ++g) {
    while (steps[at].true_positives < positives * g / kGrid - 1e-9) ++at;
    out.push_back(steps[at].true_positives / (steps[at].true_positives + steps[at].false_positives));
  }
  return out;
}

struct Kind {
  const char *stem, *title, *x, *y, *metric, *caption;
  int first;  // of the grid
  std::vector<double> (*curve)(const store::Predictions&);
};

void add_row(Figure& figure, const Kind& kind, const SeenRow& row) {
  std::vector<std::vector<double>> curves;
  std::vector<double> areas;
  for (const SeenTrial& trial : row.trials) {
    if (!trial.test) continue;
    std::vector<double> curve = kind.curve(*trial.test);
    if (curve.empty()) continue;
    curves.push_back(std::move(curve));
    areas.push_back(analyze::metric(kind.metric).compute(trial.test->examples.truth, trial.test->values, {}).value);
  }
  if (curves.empty()) return;
  for (std::size_t g = 0; g < curves.front().size(); ++g) {
    double sum = 0, low = 1, high = 0;
    for (const std::vector<double>& curve : curves) {
      sum += curve[g];
      low = std::min(low, curve[g]);
      high = std::max(high, curve[g]);
    }
    figure.rows.push_back({{"row", row.name}, {"x", (static_cast<double>(g) + kind.first) / kGrid},
                           {"mean", sum / static_cast<double>(curves.size())}, {"low", low}, {"high", high}, {"trials", curves.size()}});
  }
  figure.alternative += fmt::format("{}{}: {} {} on average of {}", figure.alternative.empty() ? "" : "; ", row.name, kind.metric,
                                    four_digits(analyze::without_interval(areas, "").mean), areas.size());
}

std::optional<Figure> made(const Scene& scene, const Kind& kind) {
  if (!scene.binary) return std::nullopt;
  Figure figure{.name = scene.stem + kind.stem, .title = kind.title};
  for (const SeenRow& row : scene.rows) add_row(figure, kind, row);
  if (figure.rows.empty()) return std::nullopt;
  figure.alternative += ".";
  figure.caption = kind.caption + left_out_text(scene);
  figure.columns = {"row", "x", "mean", "low", "high", "trials"};
  Json x = channel("x", "quantitative", kind.x), y = channel("mean", "quantitative", kind.y);
  x["scale"] = y["scale"] = {{"domain", {0, 1}}};
  finish(figure, {{"width", 340}, {"height", 300}, {"layer", banded_lines(x, y, with_strokes(row_color(scene)))}});
  return figure;
}

}  // namespace

std::optional<Figure> roc_figure(const Scene& scene) {
  return made(scene, {"-roc", "Receiver operating characteristic", "false positive rate", "true positive rate", "auroc",
                      "Test rows; line: mean over trials, band: lowest to highest trial.", 0, &roc_of});
}

std::optional<Figure> precision_recall_figure(const Scene& scene) {
  return made(scene, {"-precision-recall", "Precision and recall", "recall", "precision", "auprc",
                      "Test rows; line: mean over trials, band: lowest to highest trial.", 1, &precision_of});
}

}  // namespace seqbench::reports
