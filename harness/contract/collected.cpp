#include "harness/contract/collected.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {

CollectedPredictions::CollectedPredictions(std::span<const std::string> names, std::vector<std::int64_t> rows,
                                           std::int64_t targets, TaskKind kind)
    : names_(names),
      rows_(std::move(rows)),
      targets_(static_cast<std::size_t>(targets)),
      probabilities_(kind == TaskKind::kBinary) {
  const auto name = [this](std::int64_t row) -> const std::string& { return names_[static_cast<std::size_t>(row)]; };
  std::ranges::sort(rows_, {}, name);
  const auto twice = std::ranges::adjacent_find(rows_, {}, name);
  if (twice != rows_.end()) throw InputError(fmt::format("two rows are named '{}'", printable(name(*twice))));
  values_.assign(rows_.size() * targets_, std::numeric_limits<double>::quiet_NaN());
}

std::size_t CollectedPredictions::place_of(std::string_view name) const {
  const auto name_of = [this](std::int64_t row) -> std::string_view { return names_[static_cast<std::size_t>(row)]; };
  const auto found = std::ranges::lower_bound(rows_, name, {}, name_of);
  const bool is_there = found != rows_.end() && name_of(*found) == name;
  return static_cast<std::size_t>((is_there ? found : rows_.end()) - rows_.begin());
}

void CollectedPredictions::add(std::string_view name, std::span<const std::string_view> cells) {
  std::vector<double> values;
  for (const std::string_view cell : cells) {
    const auto value = parse_double(cell);
    if (!value) throw InputError(fmt::format("id '{}': expected a finite number, got '{}'", printable(name, 80), printable(cell, 40)));
    values.push_back(*value);
  }
  add(name, values);
}

void CollectedPredictions::add(std::string_view name, std::span<const double> values) {
  const auto refuse = [name](const std::string& why) { throw InputError(fmt::format("id '{}'{}", printable(name, 80), why)); };
  const std::size_t place = place_of(name);
  if (place == rows_.size()) refuse(" is none of those to be predicted");
  if (values.size() != targets_) refuse(fmt::format(": expected {} values, got {}", targets_, values.size()));
  double* out = values_.data() + place * targets_;
  if (!std::isnan(*out)) refuse(" comes twice");
  for (const double value : values) {
    if (!std::isfinite(value)) refuse(": expected a finite number, got " + format_double(value));
    if (probabilities_ && !(value >= 0 && value <= 1)) refuse(": expected a probability from 0 to 1, got " + format_double(value));
    *out++ = value;
  }
}

void CollectedPredictions::check_complete() const {
  std::vector<std::string> first;
  std::size_t missing = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!std::isnan(values_[i * targets_])) continue;
    if (++missing <= 5) first.push_back(printable(names_[static_cast<std::size_t>(rows_[i])], 80));
  }
  if (missing == 0) return;
  throw InputError(fmt::format("{} of {} ids are missing: {}{}", missing, rows_.size(), join(first, ", "),
                               missing > first.size() ? ", ..." : ""));
}

std::vector<double> CollectedPredictions::of(std::span<const std::int64_t> rows) const {
  std::vector<double> out;
  out.reserve(rows.size() * targets_);
  for (const std::int64_t row : rows) {
    const std::size_t place = place_of(names_[static_cast<std::size_t>(row)]);
    SEQBENCH_ASSERT(place < rows_.size(), "a row that was to be predicted");
    out.insert(out.end(), values_.begin() + static_cast<std::ptrdiff_t>(place * targets_),
               values_.begin() + static_cast<std::ptrdiff_t>((place + 1) * targets_));
  }
  return out;
}

}  // namespace seqbench
