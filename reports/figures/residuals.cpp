// Predicted less true by slice: where a model fails.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "harness/base/text.h"
#include "reports/figures/figure.h"
#include "reports/figures/quantile.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostSlices = 24, kLeastRows = 5;

/// Values of a slice in ascending order of number, then text.
struct SliceName {
  double number;
  std::string text;
  auto operator<=>(const SliceName&) const = default;
};

SliceName slice_of(const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : canonical_json(value);
  return {parse_double(text).value_or(std::numeric_limits<double>::infinity()), shown(text, 24)};
}

using Residuals = std::map<SliceName, std::vector<double>>;

Residuals residuals_by(const std::string& field, const SeenRow& row) {
  Residuals out;
  const store::ExampleSet* last = nullptr;
  std::vector<std::vector<double>*> place;  // of each test row; trials mostly share their rows
  for (const SeenTrial& trial : row.trials) {
    if (!trial.test || !trial.test->examples.fields.contains(field)) continue;
    const store::ExampleSet& set = trial.test->examples;
    if (last == nullptr || last->ids != set.ids) {
      place.clear();
      for (const Json& value : set.fields.at(field)) place.push_back(&out[slice_of(value)]);
      last = &set;
    }
    for (std::size_t i = 0; i < std::min(place.size(), trial.test->values.size()); ++i) {
      const double residual = trial.test->values[i] - set.truth[i];
      if (std::isfinite(residual)) place[i]->push_back(residual);
    }
  }
  return out;
}

/// The first field, in order of name, whose values are few enough to be slices.
std::string field_of(const Scene& scene) {
  for (const SeenRow& row : scene.rows) {
    for (const SeenTrial& trial : row.trials) {
      if (!trial.test || !trial.test->examples.fields.is_object()) continue;
      for (const auto& [name, values] : trial.test->examples.fields.items()) {
        std::set<SliceName> slices;
        for (const Json& value : values) slices.insert(slice_of(value));
        if (slices.size() >= 2 && slices.size() <= kMostSlices) return name;
      }
      return "";
    }
  }
  return "";
}

Json view_of(const Scene& scene, const std::string& field, const Json& slices) {
  Json x = {{"field", "slice"}, {"type", "ordinal"}, {"sort", slices}, {"title", shown(field, 40)}, {"axis", {{"labelAngle", 0}}}};
  const Json offset = {{"field", "row"}, {"type", "nominal"}, {"scale", row_color(scene)["scale"]}};
  const auto layer = [&](Json mark, const char* low, const char* high) {
    Json encoding = {{"x", x}, {"xOffset", offset}, {"y", channel(low, "quantitative", "predicted less true")}, {"color", row_color(scene)}};
    if (high != nullptr) encoding["y2"] = {{"field", high}};
    return Json{{"mark", std::move(mark)}, {"encoding", encoding}};
  };
  Json middle = layer({{"type", "point"}, {"filled", true}, {"size", 36}, {"opacity", 1}}, "median", nullptr);
  middle["encoding"]["shape"] = row_color(scene);
  const Json zero = {{"mark", {{"type", "rule"}, {"strokeDash", {4, 3}}, {"color", "#555"}}}, {"encoding", {{"y", {{"datum", 0}}}}}};
  return {{"width", 560}, {"height", 260},
          {"layer", {zero, layer({{"type", "rule"}}, "p5", "p95"), layer({{"type", "rule"}, {"strokeWidth", 5}, {"opacity", 0.45}}, "p25", "p75"), middle}}};
}

}  // namespace

std::optional<Figure> residuals_figure(const Scene& scene) {
  const std::string field = scene.binary ? "" : field_of(scene);
  if (field.empty()) return std::nullopt;
  Figure figure{.name = scene.stem + "-residuals", .title = "Residuals by " + shown(field, 40)};
  std::map<SliceName, bool> slices;
  for (const SeenRow& row : scene.rows) {
    double worst = 0;
    std::string where;
    for (auto& [slice, values] : residuals_by(field, row)) {
      if (values.size() < kLeastRows) continue;
      std::ranges::sort(values);
      const double median = quantile(values, 0.5);
      slices[slice] = true;
      figure.rows.push_back({{"slice", slice.text}, {"row", row.name}, {"p5", quantile(values, 0.05)}, {"p25", quantile(values, 0.25)},
                             {"median", median}, {"p75", quantile(values, 0.75)}, {"p95", quantile(values, 0.95)}, {"n", values.size()}});
      if (where.empty() || std::abs(median) > std::abs(worst)) worst = median, where = slice.text;
    }
    if (!where.empty()) {
      figure.alternative += fmt::format("{}{}: median residual furthest from 0 is {} at {}", figure.alternative.empty() ? "" : "; ",
                                        row.name, four_digits(worst), where);
    }
  }
  if (figure.rows.empty()) return std::nullopt;
  figure.alternative += ".";
  figure.caption = fmt::format("Predicted less true on test rows, all trials together: median, middle half (thick) and 5 to 95 % (thin); "
                               "slices of fewer than {} values are left out.{}", kLeastRows, left_out_text(scene));
  figure.columns = {"slice", "row", "p5", "p25", "median", "p75", "p95", "n"};
  Json names = Json::array();
  for (const auto& [slice, present] : slices) names.push_back(slice.text);
  finish(figure, view_of(scene, field, names));
  return figure;
}

}  // namespace seqbench::reports
