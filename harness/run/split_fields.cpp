#include "harness/run/split_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/splits.h"
#include "harness/spec/experiment.h"

namespace seqbench::run {
namespace {

using Rows = std::vector<std::int64_t>;

const Field& field_of(const Examples& examples, const char* key, const std::string& value, const std::string& name) {
  const auto found = examples.fields.find(name);
  if (found != examples.fields.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, field] : examples.fields) names.push_back(known);
  throw InputError(fmt::format("'split.{}' is \"{}\": the data has no field '{}'; it has {}", key, printable(value),
                               printable(name), names.empty() ? "none" : join(names, ", ")));
}

template <typename T>
std::vector<T> picked(const std::vector<T>& values, std::span<const std::int64_t> rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const std::int64_t row : rows) out.push_back(values[static_cast<std::size_t>(row)]);
  return out;
}

Rows numbered(const std::vector<std::string>& names) { return data::numbered(names); }

/// In the byte order of their decimal text.
Rows numbered(const Rows& values) {
  Rows distinct = values;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<std::string> names;
  for (const std::int64_t value : distinct) names.push_back(std::to_string(value));
  const Rows numbers = data::numbered(names);
  Rows out;
  out.reserve(values.size());
  for (const std::int64_t value : values) {
    const auto at = std::ranges::lower_bound(distinct, value) - distinct.begin();
    out.push_back(numbers[static_cast<std::size_t>(at)]);
  }
  return out;
}

/// Values as names; a field of decimals has none.
Rows named(const Field& field, std::span<const std::int64_t> rows, const std::string& refusal) {
  return std::visit(
      [&](const auto& values) -> Rows {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::vector<double>>) {
          throw InputError(refusal);
        } else {
          return numbered(picked(values, rows));
        }
      },
      field);
}

std::vector<double> numbers_of(const Field& field, std::span<const std::int64_t> rows, const std::string& refusal) {
  return std::visit(
      [&](const auto& values) -> std::vector<double> {
        if constexpr (std::is_same_v<std::decay_t<decltype(values)>, std::vector<std::string>>) {
          throw InputError(refusal);
        } else {
          const auto of_rows = picked(values, rows);
          return {of_rows.begin(), of_rows.end()};
        }
      },
      field);
}

/// Of the first target.
std::vector<double> labels_of(const Examples& examples, std::span<const std::int64_t> rows) {
  const std::size_t width = examples.targets.size() / std::max<std::size_t>(1, examples.ids.size());
  std::vector<double> out;
  out.reserve(rows.size());
  for (const std::int64_t row : rows) out.push_back(examples.targets[static_cast<std::size_t>(row) * width]);
  return out;
}

Rows bins_of(const Examples& examples, std::span<const std::int64_t> rows, const std::string& stratify,
             const std::vector<double>& values, std::int64_t bins) {
  const auto bad = std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    const auto row = static_cast<std::size_t>(rows[static_cast<std::size_t>(bad - values.begin())]);
    throw InputError(fmt::format("'split.stratify' is \"{}\": the value of '{}' is {}, which has no rank",
                                 printable(stratify), printable(examples.ids[row]), *bad));
  }
  if (static_cast<std::uint64_t>(bins) > values.size()) {
    throw InputError(fmt::format("'split.stratify' is \"{}\": {} rows do not fill {} bins", printable(stratify),
                                 values.size(), bins));
  }
  return data::quantile_bins(values, bins);
}

}  // namespace

std::vector<std::int64_t> groups_of(const Examples& examples, std::span<const std::int64_t> rows,
                                    const std::string& group) {
  return named(field_of(examples, "group", group, group), rows,
               fmt::format("'split.group' is \"{}\", a field of decimal numbers, which name no groups", printable(group)));
}

std::vector<std::int64_t> classes_of(const Examples& examples, std::span<const std::int64_t> rows,
                                     const std::string& stratify) {
  const spec::Strata strata = spec::parse_strata(stratify).value();
  const std::string name = printable(stratify);
  if (strata.field == spec::kTargetField) {
    const std::vector<double> labels = labels_of(examples, rows);
    if (strata.bins > 0) return bins_of(examples, rows, stratify, labels, strata.bins);
    return numbered(Rows(labels.begin(), labels.end()));  // of two classes: 0 and 1
  }
  const Field& field = field_of(examples, "stratify", stratify, strata.field);
  if (strata.bins == 0) {
    return named(field, rows,
                 fmt::format("'split.stratify' is \"{}\", a field of decimal numbers; \"quantiles(10) of {}\" makes classes "
                             "of them", name, printable(strata.field)));
  }
  return bins_of(examples, rows, stratify,
                 numbers_of(field, rows, fmt::format("'split.stratify' is \"{}\": '{}' is a field of names, which have no "
                                                     "quantiles", name, printable(strata.field))),
                 strata.bins);
}

}  // namespace seqbench::run
