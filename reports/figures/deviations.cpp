// What standard deviations beside predictions are worth: coverage of their intervals, and the error that remains where
// only the surest rows are predicted. Lines are means over trials with the band of the lowest and highest.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "harness/analyze/spread.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr int kGrid = 50;  // steps of the abscissa

std::size_t rows_of(const SeenTrial& trial) { return trial.test->values.size(); }

/// Share of rows within the central interval of probability 0.02, 0.04, ... 1 of the normal law around the prediction.
std::vector<double> coverage_of(const SeenTrial& trial) {
  std::vector<double> edges;  // the probability of the interval that ends at the truth
  for (std::size_t i = 0; i < rows_of(trial); ++i) {
    const double z = (trial.test->examples.truth[i] - trial.test->values[i]) / trial.deviations[i];
    edges.push_back(std::erf(std::abs(z) / std::numbers::sqrt2));
  }
  std::ranges::sort(edges);
  std::vector<double> out;
  for (int g = 1; g <= kGrid; ++g) {
    const auto end = std::ranges::upper_bound(edges, static_cast<double>(g) / kGrid);
    out.push_back(static_cast<double>(end - edges.begin()) / static_cast<double>(edges.size()));
  }
  return out;
}

/// Mean squared error of the share 0.02, 0.04, ... 1 of the rows with the smallest deviations.
std::vector<double> risk_of(const SeenTrial& trial) {
  const std::vector<double> risks = analyze::risks_by_deviation(trial.test->examples.truth, trial.test->values, trial.deviations);
  std::vector<double> out;
  for (std::size_t g = 1; g <= kGrid; ++g) out.push_back(risks[(g * risks.size() + kGrid - 1) / kGrid - 1]);
  return out;
}

struct Panel {
  const char *name, *x, *y;
  std::vector<double> (*curve)(const SeenTrial&);
};
constexpr std::array<Panel, 2> kPanels = {{{"coverage", "nominal probability", "share of rows within the interval", &coverage_of},
                                           {"risk", "share of rows, smallest deviations first", "mean squared error", &risk_of}}};

/// Mean, lowest and highest of the trials; the mean.
std::vector<double> add_line(Figure& figure, const Panel& panel, const SeenRow& row, const std::vector<const SeenTrial*>& trials) {
  std::vector<std::vector<double>> curves;
  for (const SeenTrial* trial : trials) curves.push_back(panel.curve(*trial));
  std::vector<double> means;
  for (std::size_t g = 0; g < kGrid; ++g) {
    std::vector<double> values;
    for (const std::vector<double>& curve : curves) values.push_back(curve[g]);
    const auto [low, high] = std::ranges::minmax(values);
    means.push_back(analyze::without_interval(values, "").mean);
    figure.rows.push_back({{"panel", panel.name}, {"row", row.name}, {"share", static_cast<double>(g + 1) / kGrid},
                           {"mean", means.back()}, {"low", low}, {"high", high}, {"trials", curves.size()}});
  }
  return means;
}

/// Whether the row has deviations.
bool add_row(Figure& figure, const SeenRow& row) {
  std::vector<const SeenTrial*> trials;
  for (const SeenTrial& trial : row.trials) {
    if (trial.test && !trial.deviations.empty()) trials.push_back(&trial);
  }
  if (trials.empty()) return false;
  const std::vector<double> coverage = add_line(figure, kPanels[0], row, trials), risk = add_line(figure, kPanels[1], row, trials);
  figure.alternative += fmt::format("{}{}: intervals of 90 % cover {} %, mean squared error {} on the surer half and {} on all rows, on average of {}",
                                    figure.alternative.empty() ? "" : "; ", row.name, four_digits(100 * coverage[kGrid * 9 / 10 - 1]),
                                    four_digits(risk[kGrid / 2 - 1]), four_digits(risk.back()), trials.size());
  return true;
}

Json view_of(const Panel& panel, const Json& color) {
  Json x = channel("share", "quantitative", panel.x), y = channel("mean", "quantitative", panel.y);
  x["scale"] = {{"domain", {0, 1}}};
  Json layers = Json::array();
  if (&panel == &kPanels[0]) {
    y["scale"] = {{"domain", {0, 1}}};
    layers.push_back({{"data", {{"values", {{{"share", 0}, {"mean", 0}}, {{"share", 1}, {"mean", 1}}}}}},
                      {"mark", {{"type", "line"}, {"strokeDash", {4, 3}}, {"color", "#555"}}}, {"encoding", {{"x", x}, {"y", y}}}});
  }
  for (Json& layer : banded_lines(x, y, color)) {
    layer["transform"] = only("panel", panel.name);  // not of the whole view: the diagonal is in no panel
    layers.push_back(std::move(layer));
  }
  return {{"width", 320}, {"height", 280}, {"layer", layers}};
}

}  // namespace

std::optional<Figure> deviations_figure(const Scene& scene) {
  Figure figure{.name = scene.stem + "-deviations", .title = "Standard deviations"};
  std::vector<std::string> drawn;
  for (const std::vector<SeenRow>* rows : {&scene.rows, &scene.others}) {
    for (const SeenRow& row : *rows) {
      if (add_row(figure, row)) drawn.push_back(row.name);
    }
  }
  if (drawn.empty()) return std::nullopt;
  figure.alternative += ".";
  figure.caption = "Test rows, of models that tell standard deviations. Left: how often the truth lies in the central interval of a probability; dashed: as "
                   "often as promised. Right: mean squared error of the share of rows with the smallest deviations. Line: mean over trials, band: lowest to highest trial.";
  figure.columns = {"panel", "row", "share", "mean", "low", "high", "trials"};
  Json views = Json::array();
  for (const Panel& panel : kPanels) views.push_back(view_of(panel, with_strokes(row_color(scene, drawn))));
  finish(figure, {{"hconcat", views}});
  return figure;
}

}  // namespace seqbench::reports
