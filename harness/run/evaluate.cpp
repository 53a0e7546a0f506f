#include "harness/run/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/analyze/metrics.h"
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

}  // namespace

store::ExampleSet example_set(const Examples& examples, const TrialConfig& config, int part,
                              std::span<const std::int64_t> rows) {
  store::ExampleSet set;
  set.task = config.task->name;
  set.split = kPartNames.at(static_cast<std::size_t>(part));
  set.cols = static_cast<std::int64_t>(config.task->targets.size());
  for (const std::int64_t row : rows) {
    set.ids.push_back(examples.ids[static_cast<std::size_t>(row)]);
    for (std::int64_t t = 0; t < set.cols; ++t) {
      set.truth.push_back(examples.targets[static_cast<std::size_t>(row * set.cols + t)]);
    }
  }
  for (const std::string& name : config.slices) set.fields[name] = field_values(examples.fields.at(name), rows);
  return set;
}

void add_metrics(store::TrialRecord& record, const TrialConfig& config, int part, const store::ExampleSet& truth,
                 std::span<const double> predictions) {
  for (const std::string& name : config.metrics) {
    record.metrics.push_back(metric_row(analyze::metric(name), part, "all", truth.truth, predictions));
  }
  if (part != static_cast<int>(Part::kTest)) return;
  for (const std::string& field : config.slices) {
    std::map<std::string, std::vector<std::size_t>> members;
    const Json& values = truth.fields.at(field);
    for (std::size_t i = 0; i < values.size(); ++i) members[slice_text(values[i])].push_back(i);
    for (const auto& [value, rows] : members) {
      std::vector<double> t, p;
      for (const std::size_t row : rows) {
        t.push_back(truth.truth[row]);
        p.push_back(predictions[row]);
      }
      for (const std::string& name : config.metrics) {
        record.metrics.push_back(metric_row(analyze::metric(name), part, fmt::format("{}={}", field, value), t, p));
      }
    }
  }
}

}  // namespace seqbench::run
