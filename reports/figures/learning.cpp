// Training and validation loss by step, a line a trial.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostLines = 24;  // of all rows together

using Line = std::vector<const store::CurvePoint*>;

/// The trial's losses: split 0 (training) and 1 (validation), finite values alone.
std::map<int, Line> lines_of(const SeenTrial& trial) {
  std::map<int, Line> lines;
  for (const store::CurvePoint& point : trial.curves) {
    if (point.name == "loss" && point.split <= 1 && std::isfinite(point.value)) lines[point.split].push_back(&point);
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
  int split;
  Line line;
};

std::vector<Named> all_lines(const Scene& scene) {
  std::vector<Named> out;
  for (std::size_t t = 0; t < 20; ++t) {  // a trial of each row in turn, so that a cut takes from all rows
    for (std::size_t r = 0; r < scene.rows.size(); ++r) {
      if (t >= scene.rows[r].trials.size()) continue;
      for (auto& [split, line] : lines_of(scene.rows[r].trials[t])) out.push_back({r, t, split, std::move(line)});
    }
  }
  return out;
}

std::string ends_of(const Scene& scene, const std::vector<Named>& lines) {
  std::string out;
  for (std::size_t r = 0; r < scene.rows.size(); ++r) {
    for (const int split : {0, 1}) {
      std::vector<double> ends;
      for (const Named& n : lines) {
        if (n.row == r && n.split == split) ends.push_back(n.line.back()->value);
      }
      if (ends.empty()) continue;
      out += fmt::format("{}{}, {} loss ends at {} on average of {}", out.empty() ? "" : "; ", scene.rows[r].name,
                         split == 0 ? "training" : "validation", four_digits(analyze::without_interval(ends, "").mean), ends.size());
    }
  }
  return out + ".";
}

}  // namespace

std::optional<Figure> curves_figure(const Scene& scene) {
  std::vector<Named> lines = all_lines(scene);
  if (lines.empty()) return std::nullopt;
  Figure figure{.name = scene.stem + "-curves", .title = "Learning curves", .alternative = ends_of(scene, lines)};
  const std::size_t all = lines.size();
  if (lines.size() > kMostLines) lines.resize(kMostLines);
  const std::size_t most = std::min<std::size_t>(kMostPoints / lines.size() - 1, 200);
  bool thin = false;
  double lowest = INFINITY, highest = -INFINITY;
  for (const Named& n : lines) {
    thin = thin || n.line.size() > most;
    const SeenTrial& trial = scene.rows[n.row].trials[n.trial];
    for (const store::CurvePoint* point : thinned(n.line, most)) {
      lowest = std::min(lowest, point->value);
      highest = std::max(highest, point->value);
      figure.rows.push_back({{"row", scene.rows[n.row].name}, {"seed", trial.seed}, {"repeat", trial.rep}, {"fold", trial.fold},
                             {"part", n.split == 0 ? "training" : "validation"}, {"step", point->step}, {"loss", point->value}});
    }
  }
  const bool logarithmic = lowest > 0 && highest > 20 * lowest;
  figure.columns = {"row", "seed", "repeat", "fold", "part", "step", "loss"};
  figure.caption = fmt::format("Loss by training step, a line a trial.{}{}{}", logarithmic ? " The loss axis is logarithmic." : "",
                               thin ? fmt::format(" Lines are thinned to {} points.", most) : "",
                               all > kMostLines ? fmt::format(" {} of {} lines are drawn.", kMostLines, all) : "");
  Json y = channel("loss", "quantitative", "loss");
  y["scale"] = {{"type", logarithmic ? "log" : "linear"}, {"zero", false}};
  Json dash = channel("part", "nominal", "part");
  dash["scale"] = {{"domain", {"training", "validation"}}};
  finish(figure, {{"width", 560}, {"height", 280}, {"mark", {{"type", "line"}, {"strokeWidth", 1.3}, {"opacity", 0.85}}},
                  {"encoding", {{"x", channel("step", "quantitative", "training step")}, {"y", y}, {"color", row_color(scene)}, {"strokeDash", dash},
                                {"detail", {{{"field", "seed"}}, {{"field", "repeat"}}, {{"field", "fold"}}}}}}});
  return figure;
}

}  // namespace seqbench::reports
