#pragma once
// --set: the last layer.

#include <set>
#include <string>
#include <vector>

#include "harness/spec/files.h"
#include "harness/spec/tree.h"

namespace seqbench::spec {

/// For each [[model]] of the tree, the dotted keys that a --set model[X].KEY fixed: grid and cases give way.
using FixedKeys = std::vector<std::set<std::string>>;

/// Puts every --set into the tree and takes away what it wins over: the same key of [[task]] and [[model]],
/// of [grid] and of [[case]].
FixedKeys apply_overrides(const std::vector<std::string>& set, Node& root, Files& files, Faults& faults);

}  // namespace seqbench::spec
