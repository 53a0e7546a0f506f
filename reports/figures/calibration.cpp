// How often the class comes true that a probability promises: 15 bins of equal width, all trials together.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr int kBins = 15;

struct Bin {
  double predicted = 0, positives = 0, count = 0;
};

std::array<Bin, kBins> bins_of(const SeenRow& row) {
  std::array<Bin, kBins> bins;
  for (const SeenTrial& trial : row.trials) {
    if (!trial.test) continue;
    for (std::size_t i = 0; i < trial.test->values.size(); ++i) {
      const double p = trial.test->values[i];
      Bin& bin = bins[static_cast<std::size_t>(std::clamp(static_cast<int>(p * kBins), 0, kBins - 1))];
      bin.predicted += p;
      bin.positives += trial.test->examples.truth[i];
      bin.count += 1;
    }
  }
  return bins;
}

}  // namespace

std::optional<Figure> calibration_figure(const Scene& scene) {
  if (!scene.binary) return std::nullopt;
  Figure figure{.name = scene.stem + "-calibration", .title = "Calibration"};
  for (const SeenRow& row : scene.rows) {
    double all = 0, gap = 0;
    for (const Bin& bin : bins_of(row)) {
      if (bin.count == 0) continue;
      all += bin.count;
      gap += std::abs(bin.predicted - bin.positives);
      figure.rows.push_back({{"row", row.name}, {"predicted", bin.predicted / bin.count}, {"observed", bin.positives / bin.count}, {"n", bin.count}});
    }
    if (all == 0) continue;
    figure.alternative += fmt::format("{}{}: mean gap {} over {} predictions", figure.alternative.empty() ? "" : "; ", row.name,
                                      four_digits(gap / all), count_text(static_cast<std::int64_t>(all)));
  }
  if (figure.rows.empty()) return std::nullopt;
  figure.alternative += ".";
  figure.caption = fmt::format("Test rows of all trials in {} bins of equal width; area: rows in the bin; dashed: a probability of p comes true in a share of p. "
                               "The mean gap weighs bins by their rows.{}", kBins, left_out_text(scene));
  figure.columns = {"row", "predicted", "observed", "n"};
  Json x = channel("predicted", "quantitative", "mean predicted probability"), y = channel("observed", "quantitative", "share of positives");
  x["scale"] = y["scale"] = {{"domain", {0, 1}}};
  Json size = channel("n", "quantitative", "rows");
  size["scale"] = {{"range", {12, 300}}};
  const Json points = {{"mark", {{"type", "point"}, {"filled", true}, {"opacity", 0.75}}},
                       {"encoding", {{"x", x}, {"y", y}, {"size", size}, {"color", row_color(scene)}, {"shape", row_color(scene)}}}};
  const Json lines = {{"mark", {{"type", "line"}, {"strokeWidth", 1}, {"opacity", 0.6}}}, {"encoding", {{"x", x}, {"y", y}, {"color", row_color(scene)}}}};
  const Json diagonal = {{"data", {{"values", {{{"predicted", 0}, {"observed", 0}}, {{"predicted", 1}, {"observed", 1}}}}}},
                         {"mark", {{"type", "line"}, {"strokeDash", {4, 3}}, {"color", "#555"}}}, {"encoding", {{"x", x}, {"y", y}}}};
  finish(figure, {{"width", 340}, {"height", 300}, {"layer", {diagonal, lines, points}}});
  return figure;
}

}  // namespace seqbench::reports
