#include "reports/values.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "harness/base/text.h"
#include "reports/tables.h"

namespace seqbench::reports {
namespace {

const std::string& name_in(const std::map<std::int64_t, store::NameRow>& names, std::int64_t id) {
  return names.at(id).name;
}

}  // namespace

bool ValueReader::same_names() const {
  return std::ranges::equal(scanned_, before_, [](const store::ScannedMetric& a, const store::ScannedMetric& b) {
    return a.split == b.split && a.name == b.name && a.slice == b.slice;
  });
}

std::uint32_t ValueReader::column_of(const store::ScannedMetric& m) {
  const auto next = static_cast<std::uint32_t>(values_.columns.size());
  const auto [found, added] = columns_.try_emplace({m.split, m.name, m.slice}, next);
  if (added) {
    const store::NameRow& metric = names_.at(m.name);
    const int split = static_cast<int>(m.split);
    values_.columns.push_back({split_name(split), metric.name, name_in(names_, m.slice)});
    facts_.push_back({split, values_.columns.back().slice == "all", metric.version, metric.higher_is_better, metric.unit});
  }
  return found->second;
}

void ValueReader::find_places() {
  std::vector<std::size_t> order(scanned_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) {
    const store::ScannedMetric& m = scanned_[i];
    return std::tie(m.split, name_in(names_, m.name), name_in(names_, m.slice));
  });
  places_.clear();
  for (const std::size_t i : order) places_.push_back({i, column_of(scanned_[i])});
}

void ValueReader::add(std::uint32_t row, const store::TrialResult& trial) {
  store_.scan_metrics(trial.execution, scanned_);
  if (!same_names()) find_places();
  if (values_.trials.empty()) values_.entries.reserve(expected_ * scanned_.size());  // growing would hold them twice
  const auto index = static_cast<std::uint32_t>(values_.trials.size());
  values_.trials.push_back({row, trial.key, trial.seed, trial.rep, trial.fold});
  first_.push_back(values_.entries.size());
  for (const Place& place : places_) {
    store::ScannedMetric& m = scanned_[place.scanned];
    if (!m.note.empty()) notes_[values_.entries.size()] = std::move(m.note);
    values_.entries.push_back({index, place.column, m.n, m.value});
  }
  std::swap(before_, scanned_);
}

std::span<const Values::Entry> ValueReader::of(std::size_t trial) const {
  const std::size_t end = trial + 1 < first_.size() ? first_[trial + 1] : values_.entries.size();
  return std::span(values_.entries).subspan(first_[trial], end - first_[trial]);
}

std::string ValueReader::note(const Values::Entry& entry) const {
  const auto found = notes_.find(static_cast<std::size_t>(&entry - values_.entries.data()));
  return found == notes_.end() ? "" : found->second;
}

int split_order(std::string_view split) { return split == "test" ? 0 : split == "validation" ? 1 : 2; }

std::tuple<bool, std::string, double, std::string> slice_order(const std::string& slice) {
  const std::size_t equals = slice.find('=');
  if (equals == std::string::npos) return {slice != "all", slice, 0, ""};
  const std::string value = slice.substr(equals + 1);
  return {true, slice.substr(0, equals), parse_double(value).value_or(std::numeric_limits<double>::infinity()), value};
}

ColumnChoice choose_columns(const ValueReader& values, const std::vector<std::string>& metrics,
                            const std::vector<std::string>& declared, std::size_t most, const std::set<std::string>& only) {
  const std::vector<Values::Column>& all = values.values().columns;
  const auto metric_rank = [&](const std::string& name) { return std::ranges::find(metrics, name) - metrics.begin(); };
  const auto is_declared = [&](const std::string& slice) {
    return slice == "all" || std::ranges::find(declared, slice.substr(0, slice.find('='))) != declared.end();
  };
  const auto need = [&](std::uint32_t i) {
    const Values::Column& c = all[i];
    return std::tuple(c.slice != "all", !is_declared(c.slice), split_order(c.split), slice_order(c.slice), metric_rank(c.metric),
                      c.split);
  };
  const auto position = [&](std::uint32_t i) {
    const Values::Column& c = all[i];
    return std::tuple(split_order(c.split), slice_order(c.slice), c.split, c.slice, metric_rank(c.metric));
  };
  ColumnChoice choice;
  choice.columns.resize(all.size());
  std::iota(choice.columns.begin(), choice.columns.end(), 0u);
  std::erase_if(choice.columns, [&](std::uint32_t i) { return !only.empty() && (all[i].slice != "all" || !only.contains(all[i].metric)); });
  if (choice.columns.size() > most) {
    std::ranges::stable_sort(choice.columns, {}, need);
    choice.left_out = choice.columns.size() - most;
    choice.columns.resize(most);
  }
  std::ranges::stable_sort(choice.columns, {}, position);
  choice.place.assign(all.size(), static_cast<std::uint32_t>(choice.columns.size()));
  for (std::uint32_t i = 0; i < choice.columns.size(); ++i) choice.place[choice.columns[i]] = i;
  return choice;
}

}  // namespace seqbench::reports
