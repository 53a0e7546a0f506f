// Predicted against true, a panel a row of the table.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/analyze/metrics.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// Points of a panel that are drawn one by one, so that the page stays small; beyond, squares of a grid are counted.
constexpr std::size_t kMostCircles = 400, kPanels = 3;
constexpr int kSquares = 36;

struct Points {
  std::vector<double> truth, predicted;
};

/// Mean prediction of each test row over all trials that have it; ids tell rows apart.
Points mean_points(const SeenRow& row) {
  struct Sum {
    double truth = 0, predicted = 0;
    int count = 0;
  };
  std::map<std::string, Sum> sums;
  for (const SeenTrial& trial : row.trials) {
    if (!trial.test) continue;
    for (std::size_t i = 0; i < trial.test->values.size(); ++i) {
      Sum& sum = sums[trial.test->examples.ids[i]];
      sum.truth = trial.test->examples.truth[i];
      sum.predicted += trial.test->values[i];
      ++sum.count;
    }
  }
  Points out;
  for (const auto& [id, sum] : sums) {
    if (!std::isfinite(sum.truth) || !std::isfinite(sum.predicted)) continue;
    out.truth.push_back(sum.truth);
    out.predicted.push_back(sum.predicted / sum.count);
  }
  return out;
}

struct Range {
  double low, high;
  [[nodiscard]] int square(double x) const {
    return high > low ? std::clamp(static_cast<int>((x - low) / (high - low) * kSquares), 0, kSquares - 1) : 0;
  }
  [[nodiscard]] double edge(int square_index) const { return low + (high - low) * square_index / kSquares; }
};

Range range_of(const std::vector<std::pair<std::string, Points>>& panels) {
  Range range{INFINITY, -INFINITY};
  for (const auto& [name, points] : panels) {
    for (const std::vector<double>* values : {&points.truth, &points.predicted}) {
      const auto [low, high] = std::ranges::minmax(*values);
      range = {std::min(range.low, low), std::max(range.high, high)};
    }
  }
  return range;
}

void add_squares(Json& rows, const std::string& name, const Points& points, const Range& range) {
  std::map<std::pair<int, int>, int> counts;
  for (std::size_t i = 0; i < points.truth.size(); ++i) ++counts[{range.square(points.truth[i]), range.square(points.predicted[i])}];
  for (const auto& [square, count] : counts) {
    rows.push_back({{"row", name}, {"truth", range.edge(square.first)}, {"truth_end", range.edge(square.first + 1)},
                    {"predicted", range.edge(square.second)}, {"predicted_end", range.edge(square.second + 1)}, {"count", count}});
  }
}

Json view_of(const Range& range, const Json& names, bool binned) {
  const Json scale = {{"domain", {range.low, range.high}}, {"nice", false}, {"zero", false}};
  Json x = channel("truth", "quantitative", "true"), y = channel("predicted", "quantitative", "predicted");
  x["scale"] = y["scale"] = scale;
  Json marks = {{"mark", {{"type", "circle"}, {"size", 14}, {"opacity", 0.5}, {"color", "#0072B2"}}}, {"encoding", {{"x", x}, {"y", y}}}};
  if (binned) {
    Json color = channel("count", "quantitative", "rows in a square");
    color["scale"] = {{"type", "log"}, {"scheme", "blues"}};
    marks = {{"mark", {{"type", "rect"}}},
             {"encoding", {{"x", x}, {"y", y}, {"x2", {{"field", "truth_end"}}}, {"y2", {{"field", "predicted_end"}}}, {"color", color}}}};
  }
  const Json diagonal = {{"data", {{"values", {{{"truth", range.low}, {"predicted", range.low}}, {{"truth", range.high}, {"predicted", range.high}}}}}},
                         {"mark", {{"type", "line"}, {"strokeDash", {4, 3}}, {"color", "#555"}}}, {"encoding", {{"x", x}, {"y", y}}}};
  return {{"facet", {{"column", {{"field", "row"}, {"type", "nominal"}, {"sort", names}, {"title", nullptr}}}}},
          {"spec", {{"width", 220}, {"height", 220}, {"layer", {marks, diagonal}}}}};
}

}  // namespace

std::optional<Figure> predicted_figure(const Scene& scene) {
  if (scene.binary) return std::nullopt;
  std::vector<std::pair<std::string, Points>> panels;
  std::size_t most = 0;
  for (const SeenRow& row : scene.rows) {
    if (panels.size() == kPanels) break;
    Points points = mean_points(row);
    if (points.truth.size() < 2) continue;
    most = std::max(most, points.truth.size());
    panels.emplace_back(row.name, std::move(points));
  }
  if (panels.empty()) return std::nullopt;
  const Range range = range_of(panels);
  const bool binned = most > kMostCircles;
  Figure figure{.name = scene.stem + "-predicted", .title = "Predicted against true"};
  Json names = Json::array();
  for (const auto& [name, points] : panels) {
    names.push_back(name);
    const double pearson = analyze::metric("pearson").compute(points.truth, points.predicted, {}).value;
    figure.alternative += fmt::format("{}{}: {} rows, Pearson {}, root mean squared error {}", figure.alternative.empty() ? "" : "; ", name,
                                      count_text(static_cast<std::int64_t>(points.truth.size())), four_digits(pearson),
                                      four_digits(analyze::metric("rmse").compute(points.truth, points.predicted, {}).value));
    if (binned) {
      add_squares(figure.rows, name, points, range);
      continue;
    }
    for (std::size_t i = 0; i < points.truth.size(); ++i) {
      figure.rows.push_back({{"row", name}, {"truth", points.truth[i]}, {"predicted", points.predicted[i]}});
    }
  }
  figure.alternative += ".";
  figure.caption = fmt::format("Test rows; predictions of several trials are averaged. Dashed: predicted equals true.{}{}",
                               binned ? fmt::format(" More than {} rows: squares are shaded by how many they hold.", kMostCircles) : "",
                               scene.rows.size() + scene.left_out > panels.size() ? fmt::format(" The first {} rows by score.", panels.size()) : "");
  figure.columns = binned ? std::vector<std::string>{"row", "truth", "truth_end", "predicted", "predicted_end", "count"}
                          : std::vector<std::string>{"row", "truth", "predicted"};
  finish(figure, view_of(range, names, binned));
  return figure;
}

}  // namespace seqbench::reports
