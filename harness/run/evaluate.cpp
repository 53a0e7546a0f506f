#include "harness/run/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/analyze/metrics.h"
#include "harness/analyze/spread.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::run {
namespace {

Json field_values(const Field& field, std::span<const std::int64_t> rows) {
  return std::visit(
      [&](const auto& values) {
        Json out = Json::array();
        for (const std::int64_t row : rows) out.push_back(values[static_cast<std::size_t>(row)]);
        return out;
      },
      field);
}

std::string slice_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : canonical_json(value);
}

store::MetricRow metric_row(const analyze::MetricInfo& info, int part, const std::string& slice,
                            std::span<const double> truth, std::span<const double> predictions) {
  const analyze::MetricValue value = info.compute(truth, predictions, {});
  store::MetricRow row;
  row.split = part;
  row.name = info.name;
  row.slice = slice;
  row.value = value.value;
  row.note = value.note;
  row.n = static_cast<std::int64_t>(truth.size());
  row.higher_is_better = info.higher_is_better;
  row.version = info.version;
  return row;
}

/// Places of a part's rows by the value of a field.
std::map<std::string, std::vector<std::size_t>> members_of(const Json& values) {
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < values.size(); ++i) members[slice_text(values[i])].push_back(i);
  return members;
}

std::vector<double> at_places(std::span<const double> values, const std::vector<std::size_t>& places) {
  std::vector<double> picked;
  for (const std::size_t place : places) picked.push_back(values[place]);
  return picked;
}

void add_spread_rows(store::TrialRecord& record, int part, const std::string& slice, std::span<const double> truth,
                     std::span<const double> predictions, std::span<const double> spreads) {
  for (const analyze::SpreadScore& score : analyze::spread_scores(truth, predictions, spreads)) {
    store::MetricRow row;
    row.split = part;
    row.name = score.name;
    row.slice = slice;
    row.value = score.value;
    row.n = static_cast<std::int64_t>(truth.size());
    row.higher_is_better = score.higher_is_better;
    record.metrics.push_back(std::move(row));
  }
}

void add_slices(store::TrialRecord& record, const TrialConfig& config, const Json& values, const std::string& field,
                std::span<const double> truth, std::span<const double> predictions) {
  for (const auto& [value, places] : members_of(values)) {
    const std::vector<double> t = at_places(truth, places), p = at_places(predictions, places);
    for (const std::string& name : config.metrics) {
      const int test = static_cast<int>(Part::kTest);
      record.metrics.push_back(metric_row(analyze::metric(name), test, fmt::format("{}={}", field, value), t, p));
    }
  }
}

/// The task's own scores stand beside the metrics, under names that no metric has.
void add_scores(store::TrialRecord& record, std::vector<Score> scores) {
  for (Score& score : scores) {
    const bool known = std::ranges::any_of(analyze::metrics_table(), [&](const auto& m) { return m.name == score.name; });
    SEQBENCH_ASSERT(!known, ("a task's score is named as a metric: " + score.name).c_str());
    store::MetricRow row;
    row.split = static_cast<int>(Part::kTest);
    row.name = std::move(score.name);
    row.slice = std::move(score.slice);
    row.value = score.value;
    row.note = std::move(score.note);
    row.n = score.n;
    row.higher_is_better = score.higher_is_better;
    row.version = score.version;
    record.metrics.push_back(std::move(row));
  }
}

}  // namespace

std::vector<std::int64_t> places_where(const Examples& examples, std::span<const std::int64_t> rows, std::string_view where) {
  const std::size_t equals = where.find('=');
  const auto field = examples.fields.find(std::string(where.substr(0, equals)));
  SEQBENCH_ASSERT(equals != where.npos && field != examples.fields.end(), "a field that metrics are sliced by");
  const auto members = members_of(field_values(field->second, rows));
  const auto found = members.find(std::string(where.substr(equals + 1)));
  if (found == members.end()) {
    throw InputError(fmt::format("'train.best_on' is \"{}\", but no validation row has this value", printable(where)));
  }
  return {found->second.begin(), found->second.end()};
}

std::vector<double> gathered(std::span<const double> values, std::span<const std::int64_t> rows, std::size_t width) {
  std::vector<double> out;
  out.reserve(rows.size() * width);
  for (const std::int64_t row : rows) {
    for (std::size_t t = 0; t < width; ++t) out.push_back(values[static_cast<std::size_t>(row) * width + t]);
  }
  return out;
}

store::ExampleSet example_set(const Examples& examples, const TrialConfig& config, int part,
                              std::span<const std::int64_t> rows) {
  store::ExampleSet set;
  set.task = config.task->name;
  set.split = kPartNames.at(static_cast<std::size_t>(part));
  set.cols = static_cast<std::int64_t>(config.task->targets.size());
  for (const std::int64_t row : rows) set.ids.push_back(examples.ids[static_cast<std::size_t>(row)]);
  set.truth = gathered(examples.targets, rows, config.task->targets.size());
  for (const std::string& name : config.slices) set.fields[name] = field_values(examples.fields.at(name), rows);
  return set;
}

void add_metrics(store::TrialRecord& record, const TrialConfig& config, int part, const Dataset& dataset,
                 std::span<const std::int64_t> rows, std::span<const double> predictions) {
  const Examples& examples = dataset.examples();
  const std::vector<double> truth = gathered(examples.targets, rows, config.task->targets.size());
  for (const std::string& name : config.metrics) {
    record.metrics.push_back(metric_row(analyze::metric(name), part, "all", truth, predictions));
  }
  if (part != static_cast<int>(Part::kTest)) return;
  for (const std::string& field : config.slices) {
    add_slices(record, config, field_values(examples.fields.at(field), rows), field, truth, predictions);
  }
  if (config.task->scores) add_scores(record, config.task->scores(dataset, rows, predictions));
}

void add_spread(store::TrialRecord& record, const TrialConfig& config, int part, const Dataset& dataset,
                std::span<const std::int64_t> rows, const train::Predictions& predictions) {
  const std::vector<double> truth = gathered(dataset.examples().targets, rows, config.task->targets.size());
  add_spread_rows(record, part, "all", truth, predictions.values, predictions.spreads);
  if (part != static_cast<int>(Part::kTest) || config.task->targets.size() != 1) return;
  for (const std::string& field : config.slices) {
    for (const auto& [value, places] : members_of(field_values(dataset.examples().fields.at(field), rows))) {
      add_spread_rows(record, part, fmt::format("{}={}", field, value), at_places(truth, places),
                      at_places(predictions.values, places), at_places(predictions.spreads, places));
    }
  }
}

}  // namespace seqbench::run
