#pragma once
// The task phage as the program sees it: through the table.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "harness/contract/task.h"

namespace seqbench::test {

inline TaskEntry phage_task() {
  for (const NamedTask& task : tasks_table()) {
    if (task.name == "phage") return task.make();
  }
  throw std::logic_error("the task is not in the table");
}

using PhageOptions = std::map<std::string, ParamValue>;

inline Params phage_params(const PhageOptions& options) {
  Params params(phage_task().params);
  for (const auto& [name, value] : options) params.set(name, value);
  return params;
}

inline std::unique_ptr<Dataset> phage_twin(std::int64_t rows, const PhageOptions& options = {}) {
  const Params params = phage_params(options);
  return phage_task().load({.twin = true, .folder = {}, .params = params, .rows = rows});
}

inline std::unique_ptr<Dataset> phage_real(const std::filesystem::path& folder, const PhageOptions& options = {}) {
  const Params params = phage_params(options);
  return phage_task().load({.twin = false, .folder = folder, .params = params});
}

}  // namespace seqbench::test
