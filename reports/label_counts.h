#pragma once
// Private to the room: what the stored parts of a section hold, before any model.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

/// Examples of train, validation and test, those that are stored, in this order.
using StoredParts = std::vector<std::shared_ptr<const store::ExampleSet>>;

/// Of these example sets, which should be all of one trial: parts of other folds or repeats would share rows.
[[nodiscard]] StoredParts stored_parts(const store::Reader& store, const std::vector<std::int64_t>& sets);
/// Rows by the first field, in order of name, that has 2 to 40 values, all of them whole numbers; nothing where none is.
[[nodiscard]] std::optional<LabelCounts> count_by_field(const StoredParts& parts);
/// "num_mutations" and 4 of "num_mutations=4"; nothing where the value is no whole number.
[[nodiscard]] std::optional<std::pair<std::string, std::int64_t>> whole_slice(std::string_view slice);

}  // namespace seqbench::reports
