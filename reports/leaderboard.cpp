// All done trials of a task, ranked.

#include "reports/leaderboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <tuple>

#include "harness/analyze/ranks.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "reports/measurements.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

std::size_t place_in(std::string_view value, std::initializer_list<std::string_view> order) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), value) - order.begin());
}

/// Rows that may be ranked against each other share all of it.
std::tuple<bool, std::size_t, std::size_t, const std::string&, const std::map<std::string, std::string>&, const std::string&>
contest_of(const Row& row) {
  return {row.random_weights, place_in(row.source, {"real", "twin"}), place_in(row.scale, {"full", "desk", "smoke"}),
          row.split_kind, row.setting, row.data};
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


using Place = std::pair<std::int64_t, std::int64_t>;  // repeat, fold

/// Test scores and the ratio of rows held out to rows trained on, by place; seeds averaged.
struct FoldScores {
  std::map<Place, std::vector<double>> scores;
  double ratio = 0;  // mean over trials; NaN when unknown
};

/// The models of one contest that have a score.
struct Competitors {
  std::vector<const Row*> rows;
  std::vector<const FoldScores*> folds;
  std::vector<Standing*> standings;
};

/// Of each row.
std::vector<FoldScores> fold_scores(const TaskTable& table) {
  const Values& values = table.values;
  const auto column_of = [&](const char* split) {
    return std::ranges::find_if(values.columns, [&](const Values::Column& c) {
             return c.split == split && c.slice == "all" && c.metric == table.rank_metric;
           }) - values.columns.begin();
  };
  const auto test = column_of("test"), train = column_of("train");
  std::vector<double> held_out(values.trials.size()), trained(values.trials.size());
  std::vector<FoldScores> out(table.rows.size());
  for (const Values::Entry& entry : values.entries) {
    const Values::Trial& trial = values.trials[entry.trial];
    if (entry.column == train) trained[entry.trial] = static_cast<double>(entry.n);
    if (entry.column != test) continue;
    held_out[entry.trial] = static_cast<double>(entry.n);
    out[trial.row].scores[{trial.rep, trial.fold}].push_back(entry.value);
  }
  std::vector<std::vector<double>> ratios(table.rows.size());
  for (std::size_t t = 0; t < values.trials.size(); ++t) ratios[values.trials[t].row].push_back(held_out[t] / trained[t]);
  for (std::size_t r = 0; r < out.size(); ++r) out[r].ratio = analyze::without_interval(ratios[r], "").mean;
  return out;
}

std::string rank_over_folds(bool higher_is_better, const Competitors& models, std::vector<analyze::RankInterval>& out) {
  std::vector<std::vector<double>> scores;
  std::vector<Place> places;
  double ratio = 0, known = 0;  // of what was submitted the training rows are unknown
  for (const FoldScores* folds : models.folds) {
    std::vector<Place> these;
    std::vector<double>& means = scores.emplace_back();
    for (const auto& [place, seeds] : folds->scores) {
      these.push_back(place);
      means.push_back(analyze::without_interval(seeds, "").mean);
    }
    if (scores.size() == 1) places = these;
    if (these != places) return "none: models were run on other folds";
    if (std::isfinite(folds->ratio)) ratio += folds->ratio, ++known;
  }
  if (known == 0) return "none: number of training rows unknown";
  out = analyze::rank_intervals(higher_is_better, scores, ratio / known);
  return "folds";
}

/// Fills the rank intervals of a contest's models and returns how they were made.
std::string add_intervals(const store::Reader& store, const Executions& executions, const TaskTable& table, Competitors& models) {
  const analyze::MetricInfo* metric = registered(table.rank_metric);
  if (models.rows.size() < 2) return models.rows.empty() ? "none: no row has a rank" : "none: one row has a rank";
  if (metric == nullptr) return "none: a score of the task's own, which cannot be computed on resampled rows";
  std::vector<analyze::RankInterval> intervals;
  std::string method;
  if (std::ranges::all_of(models.folds, [](const FoldScores* f) { return f->scores.size() > 1; })) {
    method = rank_over_folds(table.higher_is_better, models, intervals);
  } else {
    std::vector<std::vector<std::vector<double>>> predictions;
    std::shared_ptr<const store::ExampleSet> examples;
    std::string why;
    for (const Row* row : models.rows) {
      auto of_row = predictions_of(store, executions, *row, "test", examples, why);
      if (!of_row) return "none: " + why;
      predictions.push_back(std::move(*of_row));
    }
    intervals = analyze::rank_intervals(*metric, examples->truth, predictions);
    method = "seeds x test rows";
  }
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    Standing& standing = *models.standings[i];
    standing.rank_low = intervals[i].low;
    standing.rank_high = intervals[i].high;
    standing.ties_with_leader = intervals[i].ties_with_leader;
  }
  return method;
}

Standing standing_of(const TaskTable& table, std::size_t index) {
  const Row& row = table.rows[index];
  Standing out;
  const int kind = kind_order(row.kind);
  out.what = kind == 2 ? Standing::What::kCeiling : kind == 1 ? Standing::What::kControl : row.kind == "submitted" ? Standing::What::kSubmitted : Standing::What::kModel;
  out.index = index;
  out.label = row.label;
  out.chosen_by_agreement = row.chosen_by_agreement;
  const analyze::Summary* score = score_of(table, row);
  if (score != nullptr) out.score = *score;
  if (score == nullptr) out.score.mean = out.score.low = out.score.high = std::numeric_limits<double>::quiet_NaN();
  const Row::Cell* qualifying = table.qualifying.empty() ? nullptr : row.cell(table.qualifying, "test");
  out.qualified = table.qualifying.empty() || (qualifying != nullptr && qualifying->summary.mean > 0);
  return out;
}

bool of_ranking(const TaskTable& table, const store::PublishedRow& p) {
  return p.metric == table.rank_metric && p.split == "test" && p.value && p.status != "missing";
}

/// Published numbers go where their value belongs; they have no interval and no rank.
void add_published(const TaskTable& table, Contest& contest) {
  const double sign = table.higher_is_better ? -1 : 1;
  for (std::size_t i = 0; i < table.published.size(); ++i) {
    const store::PublishedRow& p = table.published[i];
    if (!of_ranking(table, p)) continue;
    Standing out;
    out.what = Standing::What::kPublished;
    out.index = i;
    out.label = p.paper + ", " + p.table_ref + ", " + p.row_ref;
    out.score.mean = *p.value;
    out.score.sd = out.score.low = out.score.high = std::numeric_limits<double>::quiet_NaN();
    out.score.method = "none: as printed";
    const auto after = std::ranges::find_if(contest.standings, [&](const Standing& s) {
      return std::isnan(s.score.mean) || sign * s.score.mean > sign * *p.value;
    });
    contest.standings.insert(after, std::move(out));
  }
}

/// The constant model's score, 0 for a correlation, which a constant has none of.
std::optional<double> chance_of(const TaskTable& table, const Contest& contest) {
  for (const char* correlation : {"pearson", "spearman", "kendall"}) {
    if (table.rank_metric == correlation) return 0;
  }
  for (const Standing& s : contest.standings) {
    const bool measured = s.what != Standing::What::kPublished && std::isfinite(s.score.mean);
    if (measured && table.rows[s.index].model == "constant") return s.score.mean;
  }
  return std::nullopt;
}

void add_shares(const TaskTable& table, Contest& contest) {
  contest.chance = chance_of(table, contest);
  for (const Standing& s : contest.standings) {
    if (s.what == Standing::What::kCeiling && std::isfinite(s.score.mean)) contest.ceiling = s.score.mean;
  }
  if (!contest.chance || !contest.ceiling || *contest.chance == *contest.ceiling) return;
  for (Standing& s : contest.standings) {
    const double share = (s.score.mean - *contest.chance) / (*contest.ceiling - *contest.chance);
    if (std::isfinite(share)) s.share = share;
  }
}

Contest contest_of_rows(const store::Reader& store, const Executions& executions, const TaskTable& table,
                        const std::vector<FoldScores>& folds, std::size_t first, std::size_t end) {
  const Row& row = table.rows[first];
  Contest contest;
  contest.heading = heading(row);
  contest.data = row.data;
  int competing = 1;  // controls compete only where no model does
  for (std::size_t i = first; i < end; ++i) competing = std::min(competing, kind_order(table.rows[i].kind));
  std::size_t rank = 0;
  for (std::size_t i = first; i < end; ++i) {
    Standing& s = contest.standings.emplace_back(standing_of(table, i));
    if (kind_order(table.rows[i].kind) == competing && s.qualified && !std::isnan(s.score.mean)) s.rank = ++rank;
  }
  Competitors models;
  for (Standing& s : contest.standings) {
    if (s.rank == 0) continue;
    models.rows.push_back(&table.rows[s.index]);
    models.folds.push_back(&folds[s.index]);
    models.standings.push_back(&s);
  }
  contest.rank_method = add_intervals(store, executions, table, models);
  if (comparable_with_published(row)) add_published(table, contest);
  add_shares(table, contest);
  return contest;
}

/// A registered one, or a score that a stored trial has.
void check_metric(const TaskTable& table, const std::string& metric) {
  if (std::ranges::find(table.metrics, metric) != table.metrics.end()) return;
  if (const auto near = nearest(metric, table.metrics); near && registered(metric) == nullptr) {
    throw InputError(fmt::format("unknown metric '{}'; nearest: '{}'", printable(metric), *near));
  }
  (void)analyze::metric(metric);
}

}  // namespace

Leaderboard leaderboard(const store::Reader& store, const std::string& task, const std::string& metric) {
  std::vector<store::TrialResult> trials = store.trials_of_task(task);
  std::erase_if(trials, [](const store::TrialResult& t) { return t.status != "done"; });
  Leaderboard board;
  for (const store::TrialResult& t : trials) {
    if (chosen_on_test(t)) board.left_out.insert(t.label);
  }
  std::erase_if(trials, chosen_on_test);
  trials = newest_code(std::move(trials));
  TaskTable& table = board.table = build_table(store, task, trials, {.ranking = metric});
  if (!metric.empty()) check_metric(table, metric);
  if (!metric.empty() || !table.rank_metric.empty()) rank_by(table, metric);
  Executions executions;
  for (const store::TrialResult& t : trials) executions[t.key] = t.execution;
  const std::vector<FoldScores> folds = fold_scores(table);
  bool held = false;
  for (std::size_t first = 0, end = 0; first < table.rows.size(); first = end) {
    while (end < table.rows.size() && contest_of(table.rows[first]) == contest_of(table.rows[end])) ++end;
    board.contests.push_back(contest_of_rows(store, executions, table, folds, first, end));
    held = held || comparable_with_published(table.rows[first]);
  }
  for (std::size_t i = 0; i < table.published.size(); ++i) {
    if (!held && of_ranking(table, table.published[i])) board.published.push_back(i);
  }
  return board;
}

}  // namespace seqbench::reports
