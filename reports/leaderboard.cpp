// All done trials of a task, ranked.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <tuple>

#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

std::size_t place_in(std::string_view value, std::initializer_list<std::string_view> order) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), value) - order.begin());
}

/// Rows that may be ranked against each other share all of it.
std::tuple<std::size_t, std::size_t, std::string, std::string> contest_of(const Row& row) {
  return {place_in(row.source, {"real", "twin"}), place_in(row.scale, {"full", "desk", "smoke"}), row.split_kind, row.data};
}

const analyze::Summary* score_of(const TaskTable& table, const Row& row) {
  const Row::Cell* cell = row.cell(table.rank_metric, "test");
  return cell == nullptr ? nullptr : &cell->summary;
}

/// Ascending is better; what has no score comes last.
double order_of(const TaskTable& table, const Row& row) {
  const analyze::Summary* score = score_of(table, row);
  if (score == nullptr || std::isnan(score->mean)) return std::numeric_limits<double>::infinity();
  return table.higher_is_better ? -score->mean : score->mean;
}

/// Drops trials of which a newer execution with the same configuration ran other code.
std::vector<store::TrialResult> newest_code(std::vector<store::TrialResult> trials) {
  std::map<std::string, std::pair<std::string, std::string>> newest;  // configuration -> execution, with its code
  for (const store::TrialResult& t : trials) {
    auto& [execution, full] = newest[t.label + '\n' + t.scale + '\n' + configuration(t, false)];
    if (t.execution_uid < execution) continue;
    execution = t.execution_uid;
    full = configuration(t, true);
  }
  std::erase_if(trials, [&](const store::TrialResult& t) {
    return newest.at(t.label + '\n' + t.scale + '\n' + configuration(t, false)).second != configuration(t, true);
  });
  return trials;
}

/// The ranking metric to the front, rows by contest and score.
void rank_by(TaskTable& table, const std::string& metric) {
  if (!metric.empty()) table.rank_metric = metric;
  const auto at = std::ranges::find(table.metrics, table.rank_metric);
  if (at == table.metrics.end()) {
    table.metrics.insert(table.metrics.begin(), table.rank_metric);
  } else {
    std::rotate(table.metrics.begin(), at, at + 1);
  }
  for (const Row& row : table.rows) {
    const Row::Cell* cell = row.cell(table.rank_metric, "test");
    if (cell == nullptr) continue;
    table.higher_is_better = cell->higher_is_better;
    table.unit = cell->unit;
    break;
  }
  std::vector<std::size_t> order(table.rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    const Row& row = table.rows[i];
    return std::tuple(contest_of(row), order_of(table, row), row.label);
  });
  std::vector<Row> rows;
  std::vector<std::uint32_t> now(order.size());
  for (const std::size_t i : order) {
    now[i] = static_cast<std::uint32_t>(rows.size());
    rows.push_back(std::move(table.rows[i]));
  }
  table.rows = std::move(rows);
  for (Values::Trial& trial : table.values.trials) trial.row = now[trial.row];
}

struct Ranked {
  const Row* row;
  std::size_t contest;  // counted from 0
  std::size_t rank;     // counted from 1; 0 = none
};

std::vector<Ranked> ranked(const TaskTable& table) {
  std::vector<Ranked> out;
  std::size_t rank = 0;
  for (const Row& row : table.rows) {
    const bool first = out.empty() || contest_of(*out.back().row) != contest_of(row);
    const std::size_t contest = out.empty() ? 0 : out.back().contest + (first ? 1 : 0);
    if (first) rank = 0;
    const analyze::Summary* score = score_of(table, row);
    const bool counts = row.kind != "ceiling" && score != nullptr && !std::isnan(score->mean);
    out.push_back({&row, contest, counts ? ++rank : 0});
  }
  return out;
}

std::string contest_text(const TaskTable& table, const std::vector<Ranked>& rows, std::size_t contest, std::size_t top) {
  std::vector<std::string> header = {"rank", "row", table.rank_metric, "95 %"};
  for (std::size_t m = 1; m < table.metrics.size(); ++m) header.push_back(shown(table.metrics[m], 40));
  header.insert(header.end(), {"trials", "seeds", "source", "kind"});
  TextTable text(header, 2);
  std::string title;
  for (const Ranked& r : rows) {
    if (r.contest != contest || (top > 0 && r.rank > top)) continue;
    const Row& row = *r.row;
    title = heading(row) + (row.data.empty() ? "" : ", data " + row.data.substr(0, 8));
    const analyze::Summary* score = score_of(table, row);
    std::vector<std::string> cells = {r.rank == 0 ? "–" : fmt::format("{}", r.rank), shown(row.label, 60),
                                      score ? mean_text(*score) : "–", score ? interval_text(*score) : "–"};
    for (std::size_t m = 1; m < table.metrics.size(); ++m) {
      const Row::Cell* cell = row.cell(table.metrics[m], "test");
      cells.push_back(cell ? mean_text(cell->summary) : "–");
    }
    const std::string kind = row.kind == "fit" ? "model" : shown(row.kind, 20);
    cells.insert(cells.end(), {fmt::format("{}", row.done), fmt::format("{}", row.seeds.size()), shown(row.source, 20), kind});
    text.add(cells);
  }
  return "\n" + shown(title) + "\n" + text.plain();
}

std::string published_rows(const TaskTable& table) {
  TextTable text({"row", "paper", "chosen on", "model", table.rank_metric}, 4);
  for (const store::PublishedRow& p : table.published) {
    if (p.metric != table.rank_metric || p.split != "test" || !p.value) continue;
    text.add({shown(p.row_ref, 60), shown(p.paper + ", " + p.table_ref, 40), p.selected_on.empty() ? "–" : shown(p.selected_on, 20),
              p.model.empty() ? "–" : shown(p.model, 40), published_text(p)});
  }
  if (text.empty()) return "";
  return "\npublished: as printed on the real data, not measured here and without intervals\n" + text.plain();
}

}  // namespace

TaskTable leaderboard(const store::Reader& store, const std::string& task, const std::string& metric) {
  if (!metric.empty()) (void)analyze::metric(metric);
  std::vector<store::TrialResult> trials = store.trials_of_task(task);
  std::erase_if(trials, [](const store::TrialResult& t) { return t.status != "done" || chosen_on_test(t); });
  TaskTable table = build_table(store, task, newest_code(std::move(trials)));
  if (!metric.empty() || !table.rank_metric.empty()) rank_by(table, metric);
  return table;
}

std::string leaderboard_text(const TaskTable& table, std::size_t top) {
  std::string out = shown(table.title) + " (" + shown(table.task) + ")";
  if (table.rows.empty()) {
    out += "\nno trial of this task is done\n";
  } else {
    out += fmt::format(", by {} on test rows, {} is better\n", shown(table.rank_metric, 40),
                       table.higher_is_better ? "higher" : "lower");
  }
  const std::vector<Ranked> rows = ranked(table);
  for (std::size_t contest = 0; !rows.empty() && contest <= rows.back().contest; ++contest) {
    out += contest_text(table, rows, contest, top);
  }
  return out + published_rows(table);
}

Json leaderboard_json(const TaskTable& table) {
  Json json = to_json(table);
  const std::vector<Ranked> rows = ranked(table);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json["rows"][i]["contest"] = rows[i].contest;
    json["rows"][i]["rank"] = rows[i].rank == 0 ? Json() : Json(rows[i].rank);
  }
  return json;
}

}  // namespace seqbench::reports
