#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

const analyze::MetricInfo* registered(const std::string& name) {
  for (const analyze::MetricInfo& info : analyze::metrics_table()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

/// "num_mutations=4" after "num_mutations=-1" and before "num_mutations=10"; "all" before any.
std::tuple<bool, std::string, double, std::string> slice_order(const std::string& slice) {
  const std::size_t equals = slice.find('=');
  if (equals == std::string::npos) return {slice != "all", slice, 0, ""};
  const std::string value = slice.substr(equals + 1);
  return {true, slice.substr(0, equals), parse_double(value).value_or(std::numeric_limits<double>::infinity()), value};
}

int split_order(const std::string& split) { return split == "test" ? 0 : split == "validation" ? 1 : 2; }

/// One metric of one part over the trials of a row.
struct Column {
  std::vector<const DoneTrial*> trials;
  std::vector<const store::MetricRow*> rows;

  [[nodiscard]] std::vector<double> values() const {
    std::vector<double> out;
    for (const store::MetricRow* row : rows) out.push_back(row->value);
    return out;
  }
  [[nodiscard]] std::string first_note() const {
    for (const store::MetricRow* row : rows) {
      if (!row->note.empty()) return row->note;
    }
    return "";
  }
};

/// Predictions of one part by all trials over the same rows.
struct Predicted {
  std::vector<double> truth;
  std::vector<std::vector<double>> predictions;
};

std::vector<std::size_t> rows_in_slice(const store::ExampleSet& set, const std::string& slice) {
  std::vector<std::size_t> rows;
  const std::size_t equals = slice.find('=');
  if (slice == "all" || equals == std::string::npos) {
    for (std::size_t i = 0; slice == "all" && i < set.truth.size(); ++i) rows.push_back(i);
    return rows;
  }
  const Json values = set.fields.is_object() ? set.fields.value(slice.substr(0, equals), Json::array()) : Json::array();
  const std::string wanted = slice.substr(equals + 1);
  for (std::size_t i = 0; i < std::min(values.size(), set.truth.size()); ++i) {
    const std::string text = values[i].is_string() ? values[i].get<std::string>() : canonical_json(values[i]);
    if (text == wanted) rows.push_back(i);
  }
  return rows;
}

std::vector<double> pick(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  std::vector<double> out;
  for (const std::size_t row : rows) out.push_back(values[row]);
  return out;
}

/// Nothing, with `why`, where an interval cannot be had from what is stored.
std::optional<Predicted> predicted_by(const std::vector<const DoneTrial*>& trials, const std::string& split,
                                      const std::string& slice, std::string& why) {
  Predicted out;
  const store::ExampleSet* first = nullptr;
  std::vector<std::size_t> rows;
  for (const DoneTrial* done : trials) {
    const auto found = std::ranges::find(done->predictions, split, [](const auto& p) { return p.examples.split; });
    if (found == done->predictions.end()) return why = "predictions not stored", std::nullopt;
    const store::ExampleSet& set = found->examples;
    if (set.cols != 1) return why = "several targets", std::nullopt;
    if (first == nullptr) {
      first = &set;
      rows = rows_in_slice(set, slice);
      out.truth = pick(set.truth, rows);
    } else if (set.ids != first->ids || set.truth != first->truth) {
      return why = "trials have other rows", std::nullopt;
    }
    out.predictions.push_back(pick(found->values, rows));
  }
  if (rows.empty()) return why = "rows of the slice not stored", std::nullopt;
  return out;
}

bool agree(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b));
}

/// Estimates from the stored metrics; ends from the stored predictions, if these give the same metric.
analyze::Summary with_ends(const Column& column, const analyze::Summary& resampled) {
  const std::vector<double> values = column.values();
  const analyze::Summary stored = analyze::without_interval(values, "stored predictions give another value");
  if (!agree(resampled.mean, stored.mean) || resampled.trials != stored.trials) return stored;
  analyze::Summary summary = resampled;
  summary.mean = stored.mean;
  summary.sd = stored.sd;
  return summary;
}

/// Columns of one split and slice, of trials that all have the same test rows.
std::vector<analyze::Summary> over_fixed_split(const std::vector<Column>& columns, const std::string& split,
                                               const std::string& slice) {
  std::vector<analyze::Summary> out;
  std::vector<const analyze::MetricInfo*> metrics;
  std::vector<std::size_t> where;
  std::string why;
  const auto predicted = predicted_by(columns.front().trials, split, slice, why);
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const store::MetricRow& row = *columns[c].rows.front();
    const analyze::MetricInfo* info = registered(row.name);
    const std::string note = columns[c].first_note();
    const bool same_trials = columns[c].trials == columns.front().trials;
    const bool usable = predicted && note.empty() && info != nullptr && info->version == row.version && same_trials;
    const std::string reason = !note.empty()      ? note
                               : !predicted       ? why
                               : info == nullptr  ? "metric is not registered"
                               : !same_trials     ? "not all trials have this metric"
                                                  : fmt::format("metric version {} stored", row.version);
    out.push_back(analyze::without_interval(columns[c].values(), reason));
    if (!usable) continue;
    metrics.push_back(info);
    where.push_back(c);
  }
  if (metrics.empty()) return out;
  const auto resampled = analyze::fixed_split(metrics, predicted->truth, predicted->predictions);
  for (std::size_t m = 0; m < metrics.size(); ++m) out[where[m]] = with_ends(columns[where[m]], resampled[m]);
  return out;
}

std::int64_t rows_of(const DoneTrial& done, int split) {
  for (const store::MetricRow& m : done.metrics) {
    if (m.split == split && m.slice == "all") return m.n;
  }
  return 0;
}

using Place = std::pair<std::int64_t, std::int64_t>;  // repeat, fold

/// Seeds averaged inside a fold first; the ratio is the mean over folds of rows held out to rows trained on.
analyze::Summary across_folds(const Column& column) {
  std::map<Place, std::vector<double>> folds;
  double ratio = 0;
  for (std::size_t i = 0; i < column.rows.size(); ++i) {
    const store::TrialResult& t = *column.trials[i]->trial;
    folds[{t.rep, t.fold}].push_back(column.rows[i]->value);
    const auto trained = static_cast<double>(rows_of(*column.trials[i], 0));
    const auto held_out = static_cast<double>(rows_of(*column.trials[i], column.rows[i]->split));
    ratio += held_out / trained / static_cast<double>(column.rows.size());
  }
  std::vector<double> values;
  for (const auto& [place, seeds] : folds) values.push_back(analyze::without_interval(seeds, "").mean);
  analyze::Summary summary;
  if (column.rows.front()->split == 0) {
    summary = analyze::without_interval(values, "rows are trained on");
  } else if (!std::isfinite(ratio) || !(ratio > 0)) {
    summary = analyze::without_interval(values, "number of training rows unknown");
  } else {
    summary = analyze::over_folds(values, ratio);
  }
  summary.trials = static_cast<std::int64_t>(column.rows.size());
  if (const std::string note = column.first_note(); !note.empty()) summary.method = "none: " + note;
  return summary;
}

}  // namespace

std::vector<Row::Cell> summarize(const std::vector<DoneTrial>& trials, const std::vector<std::string>& metric_order) {
  using BlockKey = std::tuple<int, std::tuple<bool, std::string, double, std::string>, std::string, std::string>;
  std::map<BlockKey, std::map<std::size_t, Column>> blocks;  // (split, slice) -> metric -> column
  std::set<Place> places;
  for (const DoneTrial& done : trials) {
    places.insert({done.trial->rep, done.trial->fold});
    for (const store::MetricRow& m : done.metrics) {
      const std::string split = split_name(m.split);
      const auto rank = std::ranges::find(metric_order, m.name) - metric_order.begin();
      Column& column = blocks[{split_order(split), slice_order(m.slice), split, m.slice}][static_cast<std::size_t>(rank)];
      column.trials.push_back(&done);
      column.rows.push_back(&m);
    }
  }
  std::vector<Row::Cell> cells;
  for (const auto& [key, by_metric] : blocks) {
    std::vector<Column> columns;
    for (const auto& [rank, column] : by_metric) columns.push_back(column);
    std::vector<analyze::Summary> summaries;
    if (places.size() == 1) {
      summaries = over_fixed_split(columns, std::get<2>(key), std::get<3>(key));
    } else {
      for (const Column& column : columns) summaries.push_back(across_folds(column));
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const store::MetricRow& m = *columns[c].rows.front();
      cells.push_back({m.name, std::get<2>(key), m.slice, summaries[c], m.higher_is_better, m.unit, m.n});
    }
  }
  return cells;
}

std::vector<TaskTable::Diagnostic> diagnose(const std::vector<Part>& parts, const std::vector<std::string>& metrics) {
  std::map<std::pair<int, std::string>, std::vector<const Part*>> splits;
  for (const Part& part : parts) splits[{split_order(part.split), part.split}].push_back(&part);
  std::vector<TaskTable::Diagnostic> out;
  for (const auto& [key, sets] : splits) {
    const auto add = [&](const std::string& label, const std::string& metric, const auto& value_of) {
      std::vector<double> values;
      for (const Part* part : sets) values.push_back(value_of(part->truth));
      const std::string note = sets.size() == 1 ? count_text(static_cast<std::int64_t>(sets[0]->truth.size())) + " rows"
                                                : fmt::format("mean over {} sets of rows", sets.size());
      out.push_back({label, metric, key.second, analyze::without_interval(values, "").mean, note});
    };
    add("label variance", "", [](const std::vector<double>& truth) { return analyze::variance(truth); });
    if (key.second != "test") continue;
    for (const std::string& name : metrics) {
      const analyze::MetricInfo* info = registered(name);
      if (info == nullptr || std::isnan(analyze::best_constant(*info, sets[0]->truth))) continue;
      add("best constant on test (no one may use it)", name, [&](const std::vector<double>& truth) {
        const std::vector<double> constant(truth.size(), analyze::best_constant(*info, truth));
        return info->compute(truth, constant, {}).value;
      });
    }
  }
  return out;
}

}  // namespace seqbench::reports
