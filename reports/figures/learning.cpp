// Training and validation loss by step, a line a trial; beside it the metric on test rows where a state was chosen by it.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostLines = 24;  // of all rows together
constexpr std::array<const char*, 3> kParts = {"training", "validation", "test"};

using Line = std::vector<const store::CurvePoint*>;

using Rows = std::vector<const SeenRow*>;

/// The scene's rows, and others whose state was chosen on test rows.
Rows rows_of(const Scene& scene) {
  Rows rows;
  for (const SeenRow& row : scene.rows) rows.push_back(&row);
  for (const SeenRow& row : scene.others) {
    if (!row.trials.empty() && scene.table->rows[row.index].chosen_on_test) rows.push_back(&row);
  }
  return rows;
}

/// The metric that some trial has a curve of on test rows, or "". What members disagree there is no metric.
std::string test_metric_of(const Rows& rows) {
  for (const SeenRow* row : rows) {
    for (const SeenTrial& trial : row->trials) {
      if (std::string metric = test_metric(trial.curves); !metric.empty()) return metric;
    }
  }
  return "";
}

/// The trial's lines by curve and split, finite values alone: losses, and `metric` on validation (1) and test (2).
std::map<std::pair<std::string, int>, Line> lines_of(const SeenTrial& trial, const std::string& metric) {
  std::map<std::pair<std::string, int>, Line> lines;
  for (const store::CurvePoint& point : trial.curves) {
    const bool wanted = point.name == "loss" ? point.split <= 1 : point.name == metric && point.split >= 1;
    if (wanted && std::isfinite(point.value)) lines[{point.name, point.split}].push_back(&point);
  }
  std::erase_if(lines, [](const auto& entry) { return entry.second.size() < 2; });
  return lines;
}

/// Every k-th point and the last one.
Line thinned(const Line& line, std::size_t most) {
  if (line.size() <= most) return line;
  Line out;
  const std::size_t stride = (line.size() + most - 1) / most;
  for (std::size_t i = 0; i < line.size(); i += stride) out.push_back(line[i]);
  if (out.back() != line.back()) out.push_back(line.back());
  return out;
}

struct Named {
  std::size_t row, trial;
  std::string curve;
  int split;
  Line line;
};

std::vector<Named> all_lines(const Rows& rows, const std::string& metric) {
  std::vector<Named> out;
  for (std::size_t t = 0; t < 20; ++t) {  // a trial of each row in turn, so that a cut takes from all rows
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (t >= rows[r]->trials.size()) continue;
      for (auto& [which, line] : lines_of(rows[r]->trials[t], metric)) out.push_back({r, t, which.first, which.second, std::move(line)});
    }
  }
  return out;
}

std::string ends_of(const Rows& rows, const std::vector<Named>& lines) {
  std::map<std::tuple<std::size_t, bool, int>, std::vector<const Named*>> alike;  // a row's losses first, by part
  for (const Named& n : lines) alike[{n.row, n.curve != "loss", n.split}].push_back(&n);
  std::string out;
  for (const auto& [key, members] : alike) {
    std::vector<double> ends;
    for (const Named* n : members) ends.push_back(n->line.back()->value);
    const Named& first = *members.front();
    out += fmt::format("{}{}, {} {} ends at {} on average of {}", out.empty() ? "" : "; ", rows[first.row]->name,
                       kParts.at(static_cast<std::size_t>(first.split)), shown(first.curve, 40),
                       four_digits(analyze::without_interval(ends, "").mean), ends.size());
  }
  return out + ".";
}

/// One curve's panel; `parts` are those of the whole figure, so that dashes mean the same in each.
Json panel_view(const Json& color, const std::string& curve, const Json& parts, bool logarithmic) {
  Json y = channel("value", "quantitative", shown(curve, 40));
  y["scale"] = {{"type", logarithmic ? "log" : "linear"}, {"zero", false}};
  Json dash = channel("part", "nominal", "part");
  dash["scale"] = {{"domain", parts}};
  return {{"width", 560}, {"height", curve == "loss" ? 280 : 200}, {"transform", only("curve", curve)},
          {"mark", {{"type", "line"}, {"strokeWidth", 1.3}, {"opacity", 0.85}}},
          {"encoding", {{"x", channel("step", "quantitative", "training step")}, {"y", y}, {"color", color}, {"strokeDash", dash},
                        {"detail", {{{"field", "seed"}}, {{"field", "repeat"}}, {{"field", "fold"}}}}}}};
}

struct Drawn {
  double lowest = INFINITY, highest = -INFINITY;  // losses
  std::vector<std::string> curves = {}, rows = {};
  bool thin = false, test = false;
};

Drawn add_rows(Figure& figure, const Rows& rows, const std::vector<Named>& lines, std::size_t most) {
  Drawn drawn;
  for (const Named& n : lines) {
    drawn.thin = drawn.thin || n.line.size() > most;
    drawn.test = drawn.test || n.split == 2;
    if (std::ranges::find(drawn.curves, n.curve) == drawn.curves.end()) drawn.curves.push_back(n.curve);
    const std::string& name = rows[n.row]->name;
    if (std::ranges::find(drawn.rows, name) == drawn.rows.end()) drawn.rows.push_back(name);
    const SeenTrial& trial = rows[n.row]->trials[n.trial];
    for (const store::CurvePoint* point : thinned(n.line, most)) {
      if (n.curve == "loss") drawn.lowest = std::min(drawn.lowest, point->value), drawn.highest = std::max(drawn.highest, point->value);
      figure.rows.push_back({{"row", name}, {"seed", trial.seed}, {"repeat", trial.rep}, {"fold", trial.fold},
                             {"part", kParts.at(static_cast<std::size_t>(n.split))}, {"curve", n.curve}, {"step", point->step}, {"value", point->value}});
    }
  }
  std::ranges::stable_sort(drawn.curves, {}, [](const std::string& curve) { return curve != "loss"; });
  return drawn;
}

}  // namespace

std::optional<Figure> curves_figure(const Scene& scene) {
  const Rows rows = rows_of(scene);
  const std::string metric = test_metric_of(rows);
  std::vector<Named> lines = all_lines(rows, metric);
  if (lines.empty()) return std::nullopt;
  Figure figure{.name = scene.stem + "-curves", .title = "Learning curves", .alternative = ends_of(rows, lines)};
  const std::size_t all = lines.size();
  if (lines.size() > kMostLines) lines.resize(kMostLines);
  const std::size_t most = std::min<std::size_t>(kMostPoints / lines.size() - 1, 200);
  const Drawn drawn = add_rows(figure, rows, lines, most);
  const bool logarithmic = drawn.lowest > 0 && std::isfinite(drawn.lowest) && drawn.highest > 20 * drawn.lowest;
  figure.columns = {"row", "seed", "repeat", "fold", "part", "curve", "step", "value"};
  figure.caption = fmt::format("Loss by training step, a line a trial.{}{}{}{}",
                               drawn.test ? fmt::format(" Below, {} on validation and test rows; rows with a test curve kept the state that scored best there.", shown(metric, 40)) : "",
                               logarithmic ? " The loss axis is logarithmic." : "",
                               drawn.thin ? fmt::format(" Lines are thinned to {} points.", most) : "",
                               all > kMostLines ? fmt::format(" {} of {} lines are drawn.", kMostLines, all) : "");
  Json parts = {"training", "validation"}, views = Json::array();
  if (drawn.test) parts.push_back("test");
  for (const std::string& curve : drawn.curves) views.push_back(panel_view(row_color(scene, drawn.rows), curve, parts, logarithmic && curve == "loss"));
  finish(figure, {{"vconcat", views}});
  return figure;
}

}  // namespace seqbench::reports
