#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// One metric of one part over the trials of a row.
struct Column {
  std::uint32_t id = 0;                       // index into Values::columns
  std::vector<std::size_t> trials;            // positions in the row
  std::vector<const Values::Entry*> entries;  // of the same trials
  std::string note;                           // the first of its entries

  [[nodiscard]] std::vector<double> values() const {
    std::vector<double> out;
    for (const Values::Entry* entry : entries) out.push_back(entry->value);
    return out;
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
std::optional<Predicted> predicted_by(const std::vector<const std::vector<store::SharedPredictions>*>& trials,
                                      const std::string& split, const std::string& slice, std::string& why) {
  Predicted out;
  const store::ExampleSet* first = nullptr;
  std::vector<std::size_t> rows;
  for (const auto* stored : trials) {
    const auto found = std::ranges::find(*stored, split, [](const auto& p) { return p.examples->split; });
    if (found == stored->end()) return why = "predictions not stored", std::nullopt;
    const store::ExampleSet& set = *found->examples;
    if (set.cols != 1) return why = "several targets", std::nullopt;
    if (first == nullptr) {
      first = &set;
      rows = rows_in_slice(set, slice);
      out.truth = pick(set.truth, rows);
    } else if (&set != first && (set.ids != first->ids || set.truth != first->truth)) {
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
  const analyze::Summary stored = analyze::without_interval(column.values(), "stored predictions give another value");
  if (!agree(resampled.mean, stored.mean) || resampled.trials != stored.trials) return stored;
  analyze::Summary summary = resampled;
  summary.mean = stored.mean;
  summary.sd = stored.sd;
  return summary;
}

using Place = std::pair<std::int64_t, std::int64_t>;  // repeat, fold

/// The cells of one row.
class RowSummary {
 public:
  RowSummary(const store::Reader& store, const ValueReader& values, const DoneTrials& trials, const ColumnChoice& choice)
      : store_(store), values_(values), trials_(trials), choice_(choice), rows_(trials.trials.size()) {
    for (const store::TrialResult* t : trials.trials) places_.insert({t->rep, t->fold});
    gather();
  }

  [[nodiscard]] std::vector<Row::Cell> cells() {
    std::vector<Row::Cell> out;
    for (std::size_t begin = 0, end = 0; begin < columns_.size(); begin = end) {
      while (end < columns_.size() && same_part(columns_[begin], columns_[end])) ++end;
      add_part(out, std::span(columns_).subspan(begin, end - begin));
    }
    return out;
  }

 private:
  [[nodiscard]] const Values::Column& names(const Column& c) const { return values_.values().columns[c.id]; }
  [[nodiscard]] const ColumnFacts& facts(const Column& c) const { return values_.facts()[c.id]; }
  [[nodiscard]] bool same_part(const Column& a, const Column& b) const {
    return names(a).split == names(b).split && names(a).slice == names(b).slice;
  }

  void gather() {
    std::vector<Column> all(choice_.columns.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].id = choice_.columns[i];
    for (std::size_t t = 0; t < trials_.trials.size(); ++t) {
      for (const Values::Entry& entry : values_.of(trials_.first + t)) {
        const ColumnFacts& column = values_.facts()[entry.column];
        if (column.whole) rows_[t].try_emplace(column.split, entry.n);
        if (choice_.place[entry.column] == all.size()) continue;
        Column& to = all[choice_.place[entry.column]];
        to.trials.push_back(t);
        to.entries.push_back(&entry);
        if (to.note.empty()) to.note = values_.note(entry);
      }
    }
    for (Column& column : all) {
      if (!column.entries.empty()) columns_.push_back(std::move(column));
    }
  }

  void add_part(std::vector<Row::Cell>& out, std::span<const Column> columns) {
    std::vector<analyze::Summary> summaries;
    if (places_.size() == 1) {
      summaries = over_fixed_split(columns);
    } else {
      for (const Column& column : columns) summaries.push_back(across_folds(column));
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Values::Column& name = names(columns[c]);
      const ColumnFacts& fact = facts(columns[c]);
      out.push_back({name.metric, name.split, name.slice, summaries[c], fact.higher_is_better, fact.unit,
                     columns[c].entries.front()->n});
    }
  }

  /// Read when first asked for.
  [[nodiscard]] std::vector<const std::vector<store::SharedPredictions>*> predictions_of(const Column& column) {
    if (predictions_.empty()) {
      for (const store::TrialResult* t : trials_.trials) predictions_.push_back(store_.shared_predictions(t->execution));
    }
    std::vector<const std::vector<store::SharedPredictions>*> out;
    for (const std::size_t t : column.trials) out.push_back(&predictions_[t]);
    return out;
  }

  /// Columns of one part, of trials that all have the same test rows.
  [[nodiscard]] std::vector<analyze::Summary> over_fixed_split(std::span<const Column> columns) {
    std::vector<analyze::Summary> out;
    std::vector<const analyze::MetricInfo*> metrics;
    std::vector<std::size_t> where;
    std::string why;
    const Values::Column& part = names(columns.front());
    const auto wanted = [&](const Column& c) { return choice_.has_interval(names(c)); };
    std::optional<Predicted> predicted;
    if (std::ranges::any_of(columns, wanted)) predicted = predicted_by(predictions_of(columns.front()), part.split, part.slice, why);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const analyze::MetricInfo* info = registered(names(columns[c]).metric);
      const int version = facts(columns[c]).version;
      const bool same_trials = columns[c].trials == columns.front().trials;
      const bool usable = predicted && wanted(columns[c]) && columns[c].note.empty() && info != nullptr && info->version == version && same_trials;
      const std::string reason = !columns[c].note.empty() ? columns[c].note
                                 : !wanted(columns[c])    ? "not of the ranking"
                                 : !predicted             ? why
                                 : info == nullptr        ? "metric is not registered"
                                 : !same_trials           ? "not all trials have this metric"
                                                          : fmt::format("metric version {} stored", version);
      // A score of the task's own: nothing here can recompute it on resampled rows.
      const bool over_seeds = info == nullptr && columns[c].note.empty() && columns[c].entries.size() > 1;
      out.push_back(over_seeds ? analyze::over_folds(columns[c].values(), 0)
                               : analyze::without_interval(columns[c].values(), reason));
      if (!usable) continue;
      metrics.push_back(info);
      where.push_back(c);
    }
    if (metrics.empty()) return out;
    const auto resampled = analyze::fixed_split(metrics, predicted->truth, predicted->predictions);
    for (std::size_t m = 0; m < metrics.size(); ++m) out[where[m]] = with_ends(columns[where[m]], resampled[m]);
    return out;
  }

  [[nodiscard]] double rows_of(std::size_t trial, int split) const {
    const auto found = rows_[trial].find(split);
    return found == rows_[trial].end() ? 0 : static_cast<double>(found->second);
  }

  /// Seeds averaged inside a fold first; the ratio is the mean over folds of rows held out to rows trained on.
  [[nodiscard]] analyze::Summary across_folds(const Column& column) const {
    std::map<Place, std::vector<double>> folds;
    double ratio = 0;
    const int split = facts(column).split;
    for (std::size_t i = 0; i < column.entries.size(); ++i) {
      const store::TrialResult& t = *trials_.trials[column.trials[i]];
      folds[{t.rep, t.fold}].push_back(column.entries[i]->value);
      ratio += rows_of(column.trials[i], split) / rows_of(column.trials[i], 0) / static_cast<double>(column.entries.size());
    }
    std::vector<double> values;
    for (const auto& [place, seeds] : folds) values.push_back(analyze::without_interval(seeds, "").mean);
    analyze::Summary summary;
    if (split == 0) {
      summary = analyze::without_interval(values, "rows are trained on");
    } else if (!std::isfinite(ratio) || !(ratio > 0)) {
      summary = analyze::without_interval(values, "number of training rows unknown");
    } else {
      summary = analyze::over_folds(values, ratio);
    }
    summary.trials = static_cast<std::int64_t>(column.entries.size());
    if (!column.note.empty()) summary.method = "none: " + column.note;
    return summary;
  }

  const store::Reader& store_;
  const ValueReader& values_;
  const DoneTrials& trials_;
  const ColumnChoice& choice_;
  std::vector<std::map<int, std::int64_t>> rows_;  // of each trial, by split
  std::set<Place> places_;
  std::vector<Column> columns_;                    // in the order of cells
  std::vector<std::vector<store::SharedPredictions>> predictions_;
};

}  // namespace

const analyze::MetricInfo* registered(std::string_view name) {
  for (const analyze::MetricInfo& info : analyze::metrics_table()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

bool higher_is_better(std::string_view metric) {
  const analyze::MetricInfo* info = registered(metric);
  return info != nullptr && info->higher_is_better;
}

std::vector<Row::Cell> summarize(const store::Reader& store, const ValueReader& values, const DoneTrials& trials,
                                 const ColumnChoice& columns) {
  return RowSummary(store, values, trials, columns).cells();
}

}  // namespace seqbench::reports
