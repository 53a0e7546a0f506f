#pragma once
// Private to the room: what the stored parts of a section hold, before any model.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

/// Examples of train, validation and test, those that are stored, in this order.
using StoredParts = std::vector<std::shared_ptr<const store::ExampleSet>>;

/// All of one trial, as parts of different folds or repeats share rows: of the execution that has most of them, the first such.
[[nodiscard]] StoredParts stored_parts(const store::Reader& store, std::span<const std::int64_t> executions);
/// Rows by the first field, in order of name, that has 2 to 40 values, all of them whole numbers; nothing where none is.
[[nodiscard]] std::optional<LabelCounts> count_by_field(const StoredParts& parts);
/// "num_mutations" and 4 of "num_mutations=4"; nothing where the value is no whole number.
[[nodiscard]] std::optional<std::pair<std::string, std::int64_t>> whole_slice(std::string_view slice);

}  // namespace seqbench::reports
