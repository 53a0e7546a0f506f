// Scores on the test part by a field of whole numbers, a line a row of the table.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/text.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostLines = 7;  // as many as there are colours
constexpr std::int64_t kLeastRows = 10;
constexpr std::size_t kMostSlices = 60;

/// The scene's rows, and as many of the section's others as colours are left.
std::vector<const SeenRow*> lines_of(const Scene& scene) {
  std::vector<const SeenRow*> lines;
  for (const SeenRow& row : scene.rows) lines.push_back(&row);
  for (const SeenRow& row : scene.others) {
    if (lines.size() < kMostLines) lines.push_back(&row);
  }
  return lines;
}

/// The first field, in order of name, that has 2 slices or more, all of them whole numbers.
std::string field_of(const Scene& scene, const std::vector<const SeenRow*>& lines) {
  std::map<std::string, std::set<std::int64_t>> values;
  std::set<std::string> others;  // fields with a value that is no whole number
  for (const SeenRow* line : lines) {
    for (const Row::Cell& cell : scene.table->rows[line->index].cells) {
      if (cell.split != "test" || cell.metric != scene.table->rank_metric || cell.slice == "all") continue;
      const auto slice = whole_slice(cell.slice);
      if (slice) values[slice->first].insert(slice->second);
      else others.insert(cell.slice.substr(0, cell.slice.rfind('=')));
    }
  }
  for (const auto& [field, found] : values) {
    if (!others.contains(field) && found.size() >= 2 && found.size() <= kMostSlices) return field;
  }
  return "";
}

/// The ranking metric and, beside it, an error; where it is that error itself, a rank correlation.
std::vector<std::string> panels_of(const TaskTable& table) {
  return {table.rank_metric, table.rank_metric == "mse" ? "spearman" : "mse"};
}

/// Data of one line in one panel, and what it says in the alternative text.
std::string add_line(Figure& figure, const TaskTable& table, const SeenRow& line, const std::string& field, const std::string& metric) {
  std::map<std::int64_t, const Row::Cell*> cells;
  for (const Row::Cell& cell : table.rows[line.index].cells) {
    if (cell.metric != metric || cell.split != "test" || cell.n < kLeastRows || !std::isfinite(cell.summary.mean)) continue;
    const auto slice = whole_slice(cell.slice);
    if (slice && slice->first == field) cells[slice->second] = &cell;
  }
  if (cells.size() < 2) return "";
  for (const auto& [value, cell] : cells) {
    const analyze::Summary& s = cell->summary;
    const auto end = [](double x) { return std::isfinite(x) ? Json(x) : Json(); };
    figure.rows.push_back({{"metric", metric}, {"row", line.name}, {"value", value}, {"mean", s.mean}, {"low", end(s.low)},
                           {"high", end(s.high)}, {"n", cell->n}, {"trials", s.trials}});
  }
  return fmt::format("{}, {} {} at {} and {} at {}", line.name, shown(metric, 40), four_digits(cells.begin()->second->summary.mean),
                     cells.begin()->first, four_digits(cells.rbegin()->second->summary.mean), cells.rbegin()->first);
}

/// What an axis shows: all means, and of the intervals as much as leaves the means apart. Where means are above 0 and more
/// than a factor of 20 apart it is logarithmic, as one poor row would flatten the others on a linear one.
struct Extent {
  double low = INFINITY, high = -INFINITY;  // first of the means
  bool logarithmic = false;
};

Extent extent_of(const Figure& figure, const std::string& metric) {
  Extent means, ends;
  const auto add = [](Extent& to, const Json& value) {
    if (value.is_number()) to = {std::min(to.low, value.get<double>()), std::max(to.high, value.get<double>())};
  };
  for (const Json& row : figure.rows) {
    if (row.at("metric") != metric) continue;
    add(means, row.at("mean"));
    for (const char* name : {"mean", "low", "high"}) add(ends, row.at(name));
  }
  const bool logarithmic = means.low > 0 && means.high > 20 * means.low;
  const double more = (means.high - means.low) / 2;
  const double low = logarithmic ? means.low / 2 : means.low - more, high = logarithmic ? means.high * 2 : means.high + more;
  return {std::max(low, ends.low), std::min(high, ends.high), logarithmic};
}

Json panel_view(const Figure& figure, const std::string& metric, const std::string& field, const Json& color) {
  const Extent extent = extent_of(figure, metric);
  Json x = channel("value", "ordinal", shown(field, 40)), y = channel("mean", "quantitative", "test " + shown(metric, 40)), low = y;
  x["axis"] = {{"labelAngle", 0}};
  y["scale"] = {{"type", extent.logarithmic ? "log" : "linear"}, {"domain", {extent.low, extent.high}}, {"zero", false}, {"nice", true}};
  low["field"] = "low";
  low["scale"] = y["scale"];
  const Json beside = {{"field", "row"}, {"type", "nominal"}, {"scale", {{"domain", color.at("legend").at("values")}}}};
  const Json bars = {{"mark", {{"type", "rule"}, {"opacity", 0.5}}}, {"encoding", {{"x", x}, {"xOffset", beside}, {"y", low}, {"y2", {{"field", "high"}}}, {"color", color}}}};
  const Json lines = {{"mark", {{"type", "line"}, {"strokeWidth", 1.3}}}, {"encoding", {{"x", x}, {"xOffset", beside}, {"y", y}, {"color", color}, {"strokeDash", color}}}};
  const Json points = {{"mark", {{"type", "point"}, {"filled", true}, {"size", 30}, {"opacity", 1}}},
                       {"encoding", {{"x", x}, {"xOffset", beside}, {"y", y}, {"color", color}, {"shape", color}}}};
  Json transform = only("metric", metric);
  transform.push_back({{"calculate", fmt::format("isValid(datum.low) ? max(datum.low, {}) : null", format_double(extent.low))}, {"as", "low"}});
  transform.push_back({{"calculate", fmt::format("isValid(datum.high) ? min(datum.high, {}) : null", format_double(extent.high))}, {"as", "high"}});
  return {{"width", 360}, {"height", 260}, {"transform", transform}, {"layer", {bars, lines, points}}};
}

}  // namespace

std::optional<Figure> slices_figure(const Scene& scene) {
  const std::vector<const SeenRow*> lines = lines_of(scene);
  const std::string field = field_of(scene, lines);
  if (field.empty()) return std::nullopt;
  Figure figure{.name = scene.stem + "-slices", .title = "Scores by " + shown(field, 40)};
  std::vector<std::string> drawn, metrics;
  for (const std::string& metric : panels_of(*scene.table)) {
    for (const SeenRow* line : lines) {
      const std::string text = add_line(figure, *scene.table, *line, field, metric);
      if (text.empty()) continue;
      figure.alternative += (figure.alternative.empty() ? "" : "; ") + text;
      if (std::ranges::find(drawn, line->name) == drawn.end()) drawn.push_back(line->name);
      if (std::ranges::find(metrics, metric) == metrics.end()) metrics.push_back(metric);
    }
  }
  if (drawn.empty()) return std::nullopt;
  figure.alternative += ".";
  const std::size_t left = scene.rows.size() + scene.left_out - drawn.size();
  figure.caption = fmt::format("Test rows of each {0}: mean over trials, bar: 95 % interval, cut where it would flatten the means (the data have it whole); "
                               "values of {0} with fewer than {1} rows are left out.{2}",
                               shown(field, 40), kLeastRows, left == 0 ? "" : fmt::format(" {} of {} rows are drawn.", drawn.size(), drawn.size() + left));
  figure.columns = {"metric", "row", "value", "mean", "low", "high", "n", "trials"};
  Json views = Json::array(), color = row_color(scene, drawn);
  color["legend"]["symbolStrokeWidth"] = 0;  // shapes tell rows apart there; dashes around them would hide what they are
  for (const std::string& metric : metrics) views.push_back(panel_view(figure, metric, field, color));
  finish(figure, {{"hconcat", views}});
  return figure;
}

}  // namespace seqbench::reports
