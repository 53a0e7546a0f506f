#include "reports/measurements.h"

#include <algorithm>
#include <cmath>

#include "reports/as_printed_rules.h"

namespace seqbench::reports {

namespace {

/// "ROW @ INPUT"; the input is "" where the label names none.
std::pair<std::string, std::string> name_and_input(const std::string& label) {
  const std::size_t at = label.find(" @ ");
  return at == std::string::npos ? std::pair(label, std::string()) : std::pair(label.substr(0, at), label.substr(at + 3));
}

bool on_real_data(const Row& row) { return row.source == "real" && row.scale == "full"; }

/// On another split than a row of the same name that is on the published one.
bool shadowed(const TaskTable& table, const Row& row) {
  return row.split_kind != "published" && std::ranges::any_of(table.rows, [&](const Row& r) {
           return r.split_kind == "published" && r.label == row.label && r.model == row.model;
         });
}

}  // namespace

std::optional<std::vector<std::vector<double>>> predictions_of(const store::Reader& store,
                                                               const Executions& executions, const Row& row,
                                                               const std::string& split,
                                                               std::shared_ptr<const store::ExampleSet>& examples,
                                                               std::string& why) {
  std::vector<std::vector<double>> out;
  for (const std::string& key : row.keys) {
    auto stored = store.shared_predictions(executions.at(key));
    const auto part = std::ranges::find(stored, split, [](const auto& p) -> const std::string& { return p.examples->split; });
    if (part == stored.end()) return why = "not all predictions are stored", std::nullopt;
    if (part->examples->cols != 1) return why = "several targets", std::nullopt;
    if (!examples) examples = part->examples;
    if (part->examples != examples && (part->examples->ids != examples->ids || part->examples->truth != examples->truth)) {
      return why = "rows were predicted on other examples", std::nullopt;
    }
    out.push_back(std::move(part->values));
  }
  return out;
}

Measurements::Measurements(const store::Reader* store, const store::Paper& paper) : store_(store) {
  if (store == nullptr) return;
  std::map<std::string, std::set<std::string>> tasks;  // with the metrics that are printed
  for (const store::PublishedRow& p : paper.rows) {
    if (!p.task.empty()) tasks[p.task].insert(p.metric);
  }
  for (const auto& [task, metrics] : tasks) {
    const std::vector<store::TrialResult> trials = store->labelled_trials(task);
    for (const store::TrialResult& t : trials) executions_[t.key] = t.execution, draws_[t.key] = {t.seed, t.rep, t.fold};
    TaskTable& table = tables_[task] = build_table(*store, task, trials, {.only = metrics});
    table.published = paper.rows;
    std::erase_if(table.published, [&name = task](const store::PublishedRow& p) { return p.task != name; });
  }
  for (const auto& [task, table] : tables_) index(table);
}

const Measured* Measurements::of(const store::PublishedRow& printed, const std::string& input) const {
  if (const auto of_input = by_input_.find(input); of_input != by_input_.end()) {
    if (const auto found = of_input->second.find(printed.uid); found != of_input->second.end()) return &found->second;
  }
  const std::size_t comma = input.find(", ");
  return comma == std::string::npos ? nullptr : of(printed, input.substr(0, comma));
}

std::vector<std::string> Measurements::inputs() const { return {inputs_.begin(), inputs_.end()}; }

const Row* Measurements::labelled(std::string_view glob, const std::string& input) const {
  const Row* most = nullptr;
  for (const auto& [task, table] : tables_) {
    for (const Row& row : table.rows) {
      const auto [name, own] = name_and_input(row.label);
      if (own != input || !matches(glob, name) || shadowed(table, row)) continue;
      if (own.empty() ? !comparable_with_published(row) : !on_real_data(row)) continue;
      if (most == nullptr || row.keys.size() > most->keys.size()) most = &row;
    }
  }
  return most;
}

std::map<Measurements::Draw, std::vector<store::CurvePoint>> Measurements::curves(const Row& row) const {
  std::map<Draw, std::vector<store::CurvePoint>> curves;
  for (const std::string& key : row.keys) curves.emplace(draws_.at(key), store_->curves(executions_.at(key)));
  return curves;
}

void Measurements::add(const std::string& input, const std::string& uid, const Row& row, const Row::Cell& cell) {
  const auto [at, fresh] = by_input_[input].try_emplace(uid, Measured{&row, &cell});
  if (fresh) return;
  const int rows = at->second.rows + 1;
  if (cell.summary.trials > at->second.cell->summary.trials) at->second = {&row, &cell};
  at->second.rows = rows;
}

void Measurements::index(const TaskTable& table) {
  for (const Row& row : table.rows) {
    const auto [name, input] = name_and_input(row.label);
    if (row.label == name) {
      if (!comparable_with_published(row)) continue;
      for (const Row::Cell& cell : row.cells) {
        for (const store::PublishedRow& p : published_for(table, row, cell)) add("", p.uid, row, cell);
      }
      continue;
    }
    if (!on_real_data(row) || input.empty() || shadowed(table, row)) continue;
    inputs_.insert(input);
    for (const Row::Cell& cell : row.cells) {
      if (cell.slice != "all") continue;
      for (const store::PublishedRow& p : published_as(table, row.model, name, cell)) add(input, p.uid, row, cell);
    }
  }
}

Measurements::Difference Measurements::difference(const Measured& a, const Measured& b) const {
  if (const auto summary = paired(a, b)) return {*summary, true};
  return {analyze::unpaired_difference(a.cell->summary, b.cell->summary), false};
}

std::optional<analyze::Summary> Measurements::paired(const Measured& a, const Measured& b) const {
  const analyze::MetricInfo* metric = registered(a.cell->metric);
  if (metric == nullptr || a.cell->metric != b.cell->metric || a.cell->split != b.cell->split) return std::nullopt;
  std::shared_ptr<const store::ExampleSet> examples;
  std::string why;
  const auto of_a = predictions_of(*store_, executions_, *a.row, a.cell->split, examples, why);
  const auto of_b = of_a ? predictions_of(*store_, executions_, *b.row, b.cell->split, examples, why) : std::nullopt;
  if (!of_b) return std::nullopt;
  analyze::Summary summary = analyze::paired_difference(*metric, examples->truth, *of_a, *of_b);
  // A metric of another version was stored, or predictions in place of it.
  const double stored = a.cell->summary.mean - b.cell->summary.mean;
  const double hair = 1e-9 * (1 + std::abs(a.cell->summary.mean) + std::abs(b.cell->summary.mean));
  if (!(std::abs(summary.mean - stored) <= hair)) return std::nullopt;
  return summary;
}

}  // namespace seqbench::reports
