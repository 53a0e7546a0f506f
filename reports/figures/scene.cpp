#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/text.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostRows = 4, kMostTrials = 20, kName = 40;

/// Models before controls, better ones first; rows with nothing done last.
std::vector<std::size_t> by_score(const TaskTable& table, std::vector<std::size_t> rows) {
  const auto order = [&](std::size_t i) {
    const Row::Cell* cell = table.rows[i].cell(table.rank_metric, "test");
    const bool none = cell == nullptr || std::isnan(cell->summary.mean);
    const double score = none ? 0 : cell->higher_is_better ? -cell->summary.mean : cell->summary.mean;
    return std::tuple(none, kind_order(table.rows[i].kind), score);
  };
  std::ranges::stable_sort(rows, {}, order);
  return rows;
}

std::vector<std::size_t> chosen_rows(const TaskTable& table, const Section& section) {
  std::vector<std::size_t> rows, ceilings;
  for (const std::size_t i : by_score(table, section.rows)) {
    if (table.rows[i].done > 0) (table.rows[i].kind == "ceiling" ? ceilings : rows).push_back(i);
  }
  const std::size_t room = kMostRows - std::min<std::size_t>(ceilings.size(), 1);
  if (rows.size() > room) rows.resize(room);
  if (!ceilings.empty()) rows.push_back(ceilings.front());
  return rows;
}

SeenTrial seen(const store::Reader& store, const store::TrialResult& trial) {
  SeenTrial out{.seed = trial.seed, .rep = trial.rep, .fold = trial.fold, .test = std::nullopt, .curves = store.curves(trial.execution)};
  for (store::Predictions& p : store.predictions(trial.execution)) {
    if (p.examples.split == "test" && p.examples.cols == 1 && !p.values.empty()) out.test = std::move(p);
  }
  return out;
}

bool is_binary(const Scene& scene) {
  bool any = false;
  for (const SeenRow& row : scene.rows) {
    for (const SeenTrial& trial : row.trials) {
      if (!trial.test) continue;
      any = true;
      const auto label = [](double y) { return y == 0 || y == 1; };
      const auto share = [](double p) { return p >= 0 && p <= 1; };
      if (!std::ranges::all_of(trial.test->examples.truth, label) || !std::ranges::all_of(trial.test->values, share)) return false;
    }
  }
  return any;
}

}  // namespace

Scene scene_of(const store::Reader& store, const TaskTable& table, const Section& section, std::string stem) {
  Scene scene{.table = &table, .section = &section, .stem = std::move(stem)};
  std::set<std::string> names;
  for (const std::size_t i : chosen_rows(table, section)) {
    const std::string label = shown(table.rows[i].label, kName);
    SeenRow row{.index = i, .name = label};
    for (int n = 2; !names.insert(row.name).second; ++n) row.name = fmt::format("{} ({})", label, n);
    for (const std::string& key : table.rows[i].keys) {
      if (row.trials.size() == kMostTrials) break;
      const store::TrialResult trial = store.trial(key);
      if (trial.status == "done") row.trials.push_back(seen(store, trial));
    }
    scene.rows.push_back(std::move(row));
  }
  scene.left_out = section.rows.size() - scene.rows.size();
  scene.binary = is_binary(scene);
  return scene;
}

std::vector<Figure> figures_of(const Scene& scene) {
  std::vector<Figure> figures;
  for (const auto& make : {&predicted_figure, &residuals_figure, &roc_figure, &precision_recall_figure, &calibration_figure,
                           &curves_figure, &spread_figure, &cost_figure}) {
    if (auto figure = make(scene)) figures.push_back(std::move(*figure));
  }
  return figures;
}

std::string data_csv(const Figure& figure) {
  std::string out = csv_line(figure.columns);
  for (const Json& row : figure.rows) {
    std::vector<std::string> cells;
    for (const std::string& column : figure.columns) {
      const Json value = row.value(column, Json());
      cells.push_back(value.is_string()         ? csv_text(value.get<std::string>())
                      : value.is_number_float() ? format_double(value.get<double>())
                      : value.is_null()         ? ""
                                                : value.dump());
    }
    out += csv_line(cells);
  }
  return out;
}

}  // namespace seqbench::reports
