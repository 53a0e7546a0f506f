// Quality against cost: which rows no cheaper one equals.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostRows = 40;

struct Point {
  std::size_t row;
  double seconds, mean, low, high;
  bool best = false;  // no cheaper row scores as well
};

std::vector<Point> points_of(const Scene& scene, bool higher_is_better) {
  std::vector<Point> points;
  for (const std::size_t i : scene.section->rows) {
    const Row& row = scene.table->rows[i];
    const Row::Cell* cell = row.cell(scene.table->rank_metric, "test");
    if (row.kind == "ceiling" || cell == nullptr || std::isnan(cell->summary.mean) || !(row.seconds_per_trial > 0)) continue;
    points.push_back({i, row.seconds_per_trial, cell->summary.mean, cell->summary.low, cell->summary.high});
  }
  std::ranges::stable_sort(points, {}, [&](const Point& p) { return std::pair(p.seconds, higher_is_better ? -p.mean : p.mean); });
  const Point* leader = nullptr;
  for (Point& p : points) {
    p.best = leader == nullptr || (higher_is_better ? p.mean > leader->mean : p.mean < leader->mean);
    if (p.best) leader = &p;
  }
  return points;
}

Json view_of(const std::string& metric) {
  Json x = channel("seconds", "quantitative", "seconds a trial"), y = channel("mean", "quantitative", "test " + metric);
  x["scale"] = {{"type", "log"}, {"nice", true}};
  y["scale"] = {{"zero", false}};
  Json low = channel("low", "quantitative", "test " + metric);
  low["scale"] = {{"zero", false}};
  Json kind = channel("kind", "nominal", "kind");
  const Json front = {{"transform", {{{"filter", {{"field", "best"}, {"equal", true}}}}}}, {"mark", {{"type", "line"}, {"interpolate", "step-after"}, {"strokeDash", {4, 3}}, {"color", "#555"}}},
                      {"encoding", {{"x", x}, {"y", y}}}};
  const Json bars = {{"mark", {{"type", "rule"}, {"opacity", 0.6}}}, {"encoding", {{"x", x}, {"y", low}, {"y2", {{"field", "high"}}}, {"color", kind}}}};
  const Json points = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 1}}}, {"encoding", {{"x", x}, {"y", y}, {"color", kind}, {"shape", kind}}}};
  const Json names = {{"mark", {{"type", "text"}, {"align", "left"}, {"dx", 7}, {"dy", -6}, {"fontSize", 11}, {"limit", 180}}},
                      {"encoding", {{"x", x}, {"y", y}, {"text", {{"field", "row"}, {"type", "nominal"}}}}}};
  return {{"width", 560}, {"height", 300}, {"layer", {front, bars, points, names}}};
}

}  // namespace

std::optional<Figure> cost_figure(const Scene& scene) {
  const bool higher = scene.table->higher_is_better;
  std::vector<Point> points = points_of(scene, higher);
  if (points.size() < 2) return std::nullopt;
  const std::size_t all = points.size();
  if (all > kMostRows) {  // the best of all prices
    std::ranges::stable_sort(points, {}, [&](const Point& p) { return std::pair(!p.best, higher ? -p.mean : p.mean); });
    points.resize(kMostRows);
  }
  Figure figure{.name = scene.stem + "-cost", .title = "Cost against quality"};
  std::string front;
  for (const Point& p : points) {
    const Row& row = scene.table->rows[p.row];
    const auto end = [](double x) { return std::isfinite(x) ? Json(x) : Json(); };
    figure.rows.push_back({{"row", shown(row.label, 40)}, {"kind", row.kind == "fit" ? "model" : shown(row.kind, 20)}, {"seconds", p.seconds},
                           {"mean", p.mean}, {"low", end(p.low)}, {"high", end(p.high)}, {"best", p.best}});
    if (p.best) front += fmt::format("{}{} ({} s, {})", front.empty() ? "" : ", ", shown(row.label, 40), four_digits(p.seconds), four_digits(p.mean));
  }
  const std::string metric = shown(scene.table->rank_metric, 40);
  figure.alternative = fmt::format("Of {} rows, no cheaper one equals: {}.", all, front);
  figure.caption = fmt::format("Mean seconds of a trial, loading included, and test {} with its 95 % interval; dashed: the rows that no cheaper one equals.{}",
                               metric, all > kMostRows ? fmt::format(" {} of {} rows are drawn.", kMostRows, all) : "");
  figure.columns = {"row", "kind", "seconds", "mean", "low", "high", "best"};
  finish(figure, view_of(metric));
  return figure;
}

}  // namespace seqbench::reports
