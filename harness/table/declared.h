#pragma once
// Tasks that are declared by a TOML alone.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/tables.h"

namespace seqbench::table {

/// Adds the task of every *.toml in these folders (an absent one is none). Reads declarations alone, never data. One with
/// faults becomes broken under its name: whoever asks for it gets the faults.
void add_declared(Tables& tables, const std::vector<std::filesystem::path>& folders);

}  // namespace seqbench::table
