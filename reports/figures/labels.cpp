// What the parts hold before any model: rows by a field of whole numbers, and the target's distribution, by part.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/figures/figure.h"
#include "reports/figures/quantile.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr int kBins = 30;

std::vector<double> finite_targets(const store::ExampleSet& set) {
  std::vector<double> targets;
  for (const double y : set.truth) {
    if (std::isfinite(y)) targets.push_back(y);
  }
  std::ranges::sort(targets);
  return targets;
}

struct Bins {
  double low, high;
  int count;

  [[nodiscard]] double edge(int bin) const { return low + (high - low) * bin / count; }
  [[nodiscard]] int of(double y) const {
    return high > low ? std::clamp(static_cast<int>((y - low) / (high - low) * count), 0, count - 1) : 0;
  }
};

Bins bins_of(const std::vector<std::vector<double>>& targets, bool binary) {
  Bins bins{INFINITY, -INFINITY, binary ? 2 : kBins};
  for (const std::vector<double>& sorted : targets) {
    if (sorted.empty()) continue;
    bins.low = std::min(bins.low, sorted.front());
    bins.high = std::max(bins.high, sorted.back());
  }
  if (bins.low == bins.high) bins = {bins.low - 0.5, bins.high + 0.5, 1};
  return bins;
}

/// With an empty bin at either end, so that steps begin and end at 0.
void add_bins(Json& rows, const std::string& part, const std::vector<double>& targets, const Bins& bins) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(bins.count) + 2);
  for (const double y : targets) ++counts[static_cast<std::size_t>(bins.of(y)) + 1];
  for (int b = -1; b <= bins.count; ++b) {
    rows.push_back({{"panel", "target"}, {"part", part}, {"low", bins.edge(b)}, {"middle", (bins.edge(b) + bins.edge(b + 1)) / 2},
                    {"high", bins.edge(b + 1)}, {"rows", counts[static_cast<std::size_t>(b + 1)]}});
  }
}

/// Whether the target is drawn: a part of one target that has values.
bool add_histogram(Figure& figure, const Scene& scene) {
  std::vector<std::vector<double>> targets;
  for (const auto& part : scene.parts) targets.push_back(part->cols == 1 ? finite_targets(*part) : std::vector<double>{});
  if (std::ranges::all_of(targets, [](const auto& t) { return t.empty(); })) return false;
  const Bins bins = bins_of(targets, scene.binary);
  for (std::size_t p = 0; p < targets.size(); ++p) add_bins(figure.rows, scene.parts[p]->split, targets[p], bins);
  return true;
}

void add_counts(Figure& figure, const LabelCounts& counts) {
  for (const auto& [value, rows] : counts.rows) {
    for (std::size_t p = 0; p < rows.size(); ++p) {
      figure.rows.push_back({{"panel", "count"}, {"part", counts.parts[p]}, {"value", value}, {"rows", rows[p]}});
    }
  }
}

/// "train: 240 rows, group 2 to 10, median target 3.01"
std::string described(const store::ExampleSet& part, const std::optional<LabelCounts>& counts, std::size_t place) {
  std::string out = fmt::format("{}: {} rows", part.split, count_text(static_cast<std::int64_t>(part.ids.size())));
  if (counts) {
    std::vector<std::int64_t> present;
    for (const auto& [value, rows] : counts->rows) {
      if (rows[place] > 0) present.push_back(value);
    }
    if (!present.empty()) out += fmt::format(", {} {} to {}", shown(counts->field, 40), present.front(), present.back());
  }
  const std::vector<double> targets = part.cols == 1 ? finite_targets(part) : std::vector<double>{};
  if (!targets.empty()) out += ", median target " + four_digits(quantile(targets, 0.5));
  return out;
}

Json part_channel(const Scene& scene) {
  Json names = Json::array();
  for (const auto& part : scene.parts) names.push_back(part->split);
  return with_strokes({{"field", "part"}, {"type", "nominal"}, {"title", "part"}, {"scale", {{"domain", names}}}});
}

Json counts_view(const Scene& scene, const std::string& field) {
  Json x = channel("value", "ordinal", shown(field, 40));
  x["axis"] = {{"labelAngle", 0}};
  const Json part = part_channel(scene), offset = {{"field", "part"}, {"type", "nominal"}, {"scale", part["scale"]}};
  return {{"width", 330}, {"height", 240}, {"transform", only("panel", "count")}, {"mark", {{"type", "bar"}}},
          {"encoding", {{"x", x}, {"xOffset", offset}, {"y", channel("rows", "quantitative", "rows")}, {"color", part}}}};
}

Json histogram_view(const Scene& scene) {
  Json x = channel("middle", "quantitative", "target");
  x["scale"] = {{"zero", false}, {"nice", false}};
  const Json y = channel("rows", "quantitative", "rows in a bin"), part = part_channel(scene);
  Json apart = y;
  apart["stack"] = nullptr;
  return {{"width", 330}, {"height", 240}, {"transform", only("panel", "target")},
          {"layer", {{{"mark", {{"type", "area"}, {"interpolate", "step"}, {"opacity", 0.15}}}, {"encoding", {{"x", x}, {"y", apart}, {"color", part}}}},
                     {{"mark", {{"type", "line"}, {"interpolate", "step"}, {"strokeWidth", 1.5}}},
                      {"encoding", {{"x", x}, {"y", y}, {"color", part}, {"strokeDash", part}}}}}}};
}

}  // namespace

std::optional<Figure> labels_figure(const Scene& scene) {
  const std::optional<LabelCounts> counts = count_by_field(scene.parts);
  Figure figure{.name = scene.stem + "-labels", .title = "Rows and targets by part"};
  Json views = Json::array();
  if (counts) {
    add_counts(figure, *counts);
    views.push_back(counts_view(scene, counts->field));
  }
  const bool histogram = add_histogram(figure, scene);
  if (histogram) views.push_back(histogram_view(scene));
  if (figure.rows.empty()) return std::nullopt;
  for (std::size_t p = 0; p < scene.parts.size(); ++p) {
    figure.alternative += (p == 0 ? "" : "; ") + described(*scene.parts[p], counts, p);
  }
  figure.alternative += ".";
  figure.caption = fmt::format("Rows of the parts whose predictions are stored, of one trial{}{}.",
                               counts ? fmt::format(", by {}", shown(counts->field, 40)) : "",
                               histogram ? fmt::format("{} by target in bins of equal width", counts ? " and" : ",") : "");
  figure.columns = {"panel", "part", "value", "low", "middle", "high", "rows"};
  finish(figure, {{"hconcat", views}});
  return figure;
}

}  // namespace seqbench::reports
