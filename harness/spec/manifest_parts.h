#pragma once
// What manifests of data and of weights are read with.

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/params.h"
#include "harness/spec/tree.h"

namespace seqbench::spec {

/// The table's values over the defaults; `child`: the key of the tables below it, not read here.
[[nodiscard]] Params read_values(const Node& table, const std::vector<ParamSpec>& specs, std::string_view child, Faults& faults);
/// A file name: printable ASCII without '/', '\\' or a leading '.' or '-'.
[[nodiscard]] bool is_component(const std::string& name);
/// 64 digits of 0-9 and a-f.
[[nodiscard]] bool is_sha256(const std::string& text);

}  // namespace seqbench::spec
