#pragma once
// The examples and views of a declared task.

#include <memory>

#include "harness/contract/task.h"
#include "harness/spec/table_task.h"

namespace seqbench::table {

/// Throws InputError with file, line, value and what was expected.
[[nodiscard]] std::unique_ptr<Dataset> load_dataset(const spec::TableTask& task);

}  // namespace seqbench::table
