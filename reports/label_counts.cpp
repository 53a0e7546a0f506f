#include "reports/label_counts.h"

#include <array>

#include "harness/base/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostValues = 40;
constexpr std::array<std::string_view, 3> kParts = {"train", "validation", "test"};

std::optional<std::int64_t> whole(const Json& value) { return parse_int(value.is_string() ? value.get<std::string>() : value.dump()); }

/// Rows of each value and part; nothing where the field has a value that is no whole number, or too many or few.
std::optional<LabelCounts> count_field(const StoredParts& parts, const std::string& field) {
  LabelCounts counts{.heading = "", .field = field};
  for (std::size_t p = 0; p < parts.size(); ++p) {
    counts.parts.push_back(parts[p]->split);
    if (!parts[p]->fields.contains(field)) return std::nullopt;
    for (const Json& json : parts[p]->fields.at(field)) {
      const auto value = whole(json);
      if (!value) return std::nullopt;
      std::vector<std::int64_t>& rows = counts.rows[*value];
      rows.resize(parts.size());
      ++rows[p];
      if (counts.rows.size() > kMostValues) return std::nullopt;
    }
  }
  if (counts.rows.size() < 2) return std::nullopt;
  return counts;
}

}  // namespace

StoredParts stored_parts(const store::Reader& store, const std::vector<std::int64_t>& sets) {
  StoredParts parts;
  for (const std::string_view name : kParts) {
    for (const std::int64_t id : sets) {
      auto set = store.examples(id);
      if (set->split == name && !set->ids.empty()) parts.push_back(std::move(set));
    }
  }
  return parts;
}

std::optional<LabelCounts> count_by_field(const StoredParts& parts) {
  if (parts.empty() || !parts.front()->fields.is_object()) return std::nullopt;
  for (const auto& [field, values] : parts.front()->fields.items()) {
    if (auto counts = count_field(parts, field)) return counts;
  }
  return std::nullopt;
}

std::optional<std::pair<std::string, std::int64_t>> whole_slice(std::string_view slice) {
  const std::size_t equals = slice.rfind('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto value = parse_int(slice.substr(equals + 1));
  if (!value) return std::nullopt;
  return std::pair(std::string(slice.substr(0, equals)), *value);
}

}  // namespace seqbench::reports
