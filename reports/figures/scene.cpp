#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/text.h"
#include "reports/figures/figure.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostRows = 4, kMostOthers = 3, kMostTrials = 20, kName = 40;  // rows: as many as there are colours

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

/// Rows to be read, best first and the ceiling last, then the other models and controls.
struct Chosen {
  std::vector<std::size_t> rows, others;
};

Chosen chosen_rows(const TaskTable& table, const Section& section) {
  std::vector<std::size_t> rows, ceilings;
  for (const std::size_t i : by_score(table, section.rows)) {
    if (table.rows[i].done > 0) (table.rows[i].kind == "ceiling" ? ceilings : rows).push_back(i);
  }
  const std::size_t room = kMostRows - std::min<std::size_t>(ceilings.size(), 1);
  std::vector<std::size_t> others(rows.begin() + static_cast<std::ptrdiff_t>(std::min(room, rows.size())), rows.end());
  rows.resize(rows.size() - others.size());
  if (!ceilings.empty()) rows.push_back(ceilings.front());
  return {std::move(rows), std::move(others)};
}

SeenTrial seen(const store::Reader& store, const store::TrialResult& trial) {
  SeenTrial out{.seed = trial.seed, .rep = trial.rep, .fold = trial.fold, .test = std::nullopt, .curves = store.curves(trial.execution)};
  for (store::Predictions& p : store.predictions(trial.execution)) {
    if (p.examples.split == "test" && p.examples.cols == 1 && !p.values.empty()) out.test = std::move(p);
  }
  for (store::SharedPredictions& p : store.spreads(trial.execution)) {
    if (out.test && p.examples->split == "test" && p.values.size() == out.test->values.size()) out.deviations = std::move(p.values);
  }
  return out;
}

/// Figures of standard deviations and of test curves draw the row wherever it ranks.
bool wanted_anyway(const Row& row) { return row.chosen_on_test || row.cell("coverage_90", "test") != nullptr; }

/// Reads rows one after another and gives each a name that none before has.
class RowReader {
 public:
  RowReader(const store::Reader& store, const TaskTable& table) : store_(store), table_(table) {}

  SeenRow read(std::size_t index, bool trials) {
    const std::string label = shown(table_.rows[index].label, kName);
    SeenRow row{.index = index, .name = label};
    for (int n = 2; !names_.insert(row.name).second; ++n) row.name = fmt::format("{} ({})", label, n);
    for (const std::string& key : table_.rows[index].keys) {
      if (!trials || row.trials.size() == kMostTrials) break;
      const store::TrialResult trial = store_.trial(key);
      if (trial.status != "done") continue;
      row.trials.push_back(seen(store_, trial));
      if (auto sets = store_.example_sets(trial.execution); sets.size() > most_sets_.size()) most_sets_ = std::move(sets);
    }
    return row;
  }

  [[nodiscard]] StoredParts parts() const { return stored_parts(store_, most_sets_); }

 private:
  const store::Reader& store_;
  const TaskTable& table_;
  std::set<std::string> names_;
  std::vector<std::int64_t> most_sets_;  // example sets of the trial that has most
};

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
  const Chosen chosen = chosen_rows(table, section);
  RowReader reader(store, table);
  for (const std::size_t i : chosen.rows) scene.rows.push_back(reader.read(i, true));
  std::size_t read = 0;
  for (const std::size_t i : chosen.others) {
    scene.others.push_back(reader.read(i, wanted_anyway(table.rows[i]) && read++ < kMostOthers));
  }
  scene.parts = reader.parts();
  scene.left_out = section.rows.size() - scene.rows.size();
  scene.binary = is_binary(scene);
  return scene;
}

std::vector<Figure> figures_of(const Scene& scene) {
  std::vector<Figure> figures;
  for (const auto& make : {&labels_figure, &predicted_figure, &residuals_figure, &slices_figure, &roc_figure, &precision_recall_figure,
                           &calibration_figure, &deviations_figure, &curves_figure, &spread_figure, &cost_figure}) {
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
