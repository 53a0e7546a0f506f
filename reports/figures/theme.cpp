#include <fmt/format.h>

#include <algorithm>

#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {

void finish(Figure& figure, Json view) {
  static const Json kColors = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
  static const Json kDashes = {{1, 0}, {6, 3}, {2, 2}, {8, 3, 2, 3}, {4, 1}, {1, 3}, {10, 2}};
  static const Json kShapes = {"circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right"};
  const char* font = "Liberation Sans, Arial, sans-serif";
  figure.spec = std::move(view);
  figure.spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json";
  figure.spec["background"] = "white";
  figure.spec["description"] = figure.alternative;
  figure.spec["data"] = {{"values", figure.rows}};
  figure.spec["config"] = {
      {"font", font},
      {"aria", false},
      {"range", {{"category", kColors}, {"symbol", kShapes}, {"dash", kDashes}, {"heatmap", {{"scheme", "viridis"}}}}},
      {"axis", {{"labelFontSize", 11}, {"titleFontSize", 12}, {"titleFontWeight", "normal"}, {"gridColor", "#e3e6ea"}, {"labelLimit", 180}}},
      {"legend", {{"labelFontSize", 11}, {"titleFontSize", 12}, {"titleFontWeight", "normal"}, {"labelLimit", 260}, {"orient", "bottom"}, {"columns", 2}, {"symbolStrokeWidth", 2}, {"symbolOpacity", 1}}},
      {"header", {{"labelFontSize", 12}, {"labelLimit", 220}, {"title", nullptr}}},
      {"view", {{"stroke", "#9aa3ad"}}}};
}

Json channel(const char* field, const char* type, const std::string& title) {
  return {{"field", field}, {"type", type}, {"title", title}};
}

Json row_color(const Scene& scene) {
  Json names = Json::array();
  for (const SeenRow& row : scene.rows) names.push_back(row.name);
  return {{"field", "row"}, {"type", "nominal"}, {"title", "row"}, {"scale", {{"domain", names}}}};
}

Json row_color(const Scene& scene, const std::vector<std::string>& drawn) {
  Json color = row_color(scene);
  Json& names = color["scale"]["domain"];
  for (const std::string& name : drawn) {
    if (std::ranges::find(names, Json(name)) == names.end()) names.push_back(name);
  }
  color["legend"] = {{"values", drawn}};
  return color;
}

Json with_strokes(Json color) {
  color["legend"]["symbolType"] = "stroke";
  return color;
}

Json only(const char* field, const std::string& value) {
  return Json::array({{{"filter", {{"field", field}, {"equal", value}}}}});
}

Json banded_lines(const Json& x, const Json& y, const Json& color) {
  Json low = y;
  low["field"] = "low";
  return Json::array({{{"mark", {{"type", "area"}, {"opacity", 0.15}}}, {"encoding", {{"x", x}, {"y", low}, {"y2", {{"field", "high"}}}, {"color", color}}}},
                      {{"mark", {{"type", "line"}, {"strokeWidth", 2}}}, {"encoding", {{"x", x}, {"y", y}, {"color", color}, {"strokeDash", color}}}}});
}

std::string left_out_text(const Scene& scene) {
  if (scene.left_out == 0) return "";
  return fmt::format(" {} of {} rows are drawn: the best by {}, and the ceiling.", scene.rows.size(),
                     scene.rows.size() + scene.left_out, shown(scene.table->rank_metric, 40));
}

}  // namespace seqbench::reports
