#pragma once
// A twin as the published files are.

#include <filesystem>

#include "tasks/dream_expression/twin.h"

namespace seqbench::tasks::dream_expression {

/// Into an empty folder: train.txt, test.csv, subset_*.csv, subset_SNVs.txt, board_*.json.
void write_files(const Twin& twin, const std::filesystem::path& folder);

}  // namespace seqbench::tasks::dream_expression
