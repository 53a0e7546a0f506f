#pragma once
// Tables read from the published files.

#include <string>
#include <vector>

#include "tasks/tf_expression/files.h"
#include "tasks/tf_expression/table.h"

namespace seqbench::tasks::tf_expression {

/// What the parameters table, cell and target say.
struct Choice {
  std::string table;   // "remap2018"
  std::string cell;    // "k562"
  std::string target;  // "own" or "e123"
};

/// Throws InputError naming what is missing or broken.
[[nodiscard]] Table read_table(const Files& files, const Choice& choice);
/// Reads every file wholly; lines for the user.
[[nodiscard]] std::vector<std::string> check_all(const Files& files);

}  // namespace seqbench::tasks::tf_expression
