#pragma once
// The only door to toml++.

#include <optional>
#include <string_view>

#include "harness/spec/tree.h"

namespace seqbench::spec {

/// `source` must outlive the tree. Nothing (and a fault) for text that is not TOML; dates and numbers that
/// are not finite are faults too, and refused nodes in the tree.
[[nodiscard]] std::optional<Node> parse_toml(std::string_view text, const Source& source, Faults& faults);
/// One value, as after a `=`; nothing, and no fault, for text that is none.
[[nodiscard]] std::optional<Node> parse_toml_value(std::string_view text, std::string_view key,
                                                   const Source& source, Faults& faults);

}  // namespace seqbench::spec
