// Values of single trials by row: how far seeds and folds lie apart.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/figures/figure.h"
#include "reports/figures/quantile.h"
#include "reports/text.h"
#include "reports/trial_values.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostRows = 30, kMostCircles = 1500, kLeastForBox = 5;

std::map<std::size_t, std::vector<double>> values_by_row(const Scene& scene) {
  std::map<std::size_t, std::vector<double>> out;
  for (const TrialValue& v : test_values(*scene.table)) {
    const bool here = std::ranges::find(scene.section->rows, v.row) != scene.section->rows.end();
    if (here && std::isfinite(v.value)) out[v.row].push_back(v.value);
  }
  return out;
}

Json view_of(const std::string& metric, const Json& names) {
  Json x = channel("value", "quantitative", "test " + metric), y = {{"field", "row"}, {"type", "nominal"}, {"sort", names}, {"title", nullptr}};
  x["scale"] = {{"zero", false}};
  const auto layer = [&](const char* what, Json mark, const char* from, const char* to) {
    Json low = x;
    low["field"] = from;
    Json encoding = {{"x", low}, {"y", y}};
    if (to != nullptr) encoding["x2"] = {{"field", to}};
    return Json{{"transform", only("what", what)}, {"mark", std::move(mark)}, {"encoding", encoding}};
  };
  return {{"width", 460}, {"height", {{"step", 26}}},
          {"layer", {layer("box", {{"type", "rule"}, {"color", "#0072B2"}}, "low", "high"),
                     layer("box", {{"type", "bar"}, {"size", 12}, {"opacity", 0.35}, {"color", "#0072B2"}}, "p25", "p75"),
                     layer("box", {{"type", "tick"}, {"size", 14}, {"thickness", 2}, {"color", "#0072B2"}}, "value", nullptr),
                     layer("trial", {{"type", "circle"}, {"size", 24}, {"color", "#D55E00"}, {"opacity", 0.8}}, "value", nullptr)}}};
}

}  // namespace

std::optional<Figure> spread_figure(const Scene& scene) {
  std::map<std::size_t, std::vector<double>> values = values_by_row(scene);
  const auto several = [](const auto& entry) { return entry.second.size() > 1; };
  if (!std::ranges::any_of(values, several)) return std::nullopt;
  Figure figure{.name = scene.stem + "-spread", .title = "Spread over seeds and folds"};
  Json names = Json::array();
  std::set<std::string> taken;
  std::size_t circles = 0, drawn = 0;
  for (auto& [index, row_values] : values) {
    if (++drawn > kMostRows) continue;
    std::string name = shown(scene.table->rows[index].label, 40);
    if (!taken.insert(name).second) name += fmt::format(" ({})", drawn);
    names.push_back(name);
    for (std::size_t i = 0; i < row_values.size() && circles < kMostCircles; ++i, ++circles) {
      figure.rows.push_back({{"what", "trial"}, {"row", name}, {"value", row_values[i]}});
    }
    std::ranges::sort(row_values);
    if (row_values.size() >= kLeastForBox) {
      figure.rows.push_back({{"what", "box"}, {"row", name}, {"value", quantile(row_values, 0.5)}, {"low", row_values.front()},
                             {"p25", quantile(row_values, 0.25)}, {"p75", quantile(row_values, 0.75)}, {"high", row_values.back()}});
    }
    figure.alternative += fmt::format("{}{}: {} to {} over {}", figure.alternative.empty() ? "" : "; ", name, four_digits(row_values.front()),
                                      four_digits(row_values.back()), row_values.size());
  }
  figure.alternative += ".";
  figure.caption = fmt::format("A circle a trial; box: median, middle half and range of rows with {} trials or more.{}{}", kLeastForBox,
                               drawn > kMostRows ? fmt::format(" The first {} of {} rows.", kMostRows, drawn) : "",
                               circles == kMostCircles ? fmt::format(" The first {} trials are drawn as circles.", kMostCircles) : "");
  figure.columns = {"what", "row", "value", "low", "p25", "p75", "high"};
  finish(figure, view_of(shown(scene.table->rank_metric, 40), names));
  return figure;
}

}  // namespace seqbench::reports
