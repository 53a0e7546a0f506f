#pragma once
// The task gfp_fluorescence as the program sees it: through the table.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "harness/contract/task.h"

namespace seqbench::test {

inline TaskEntry gfp_task() {
  for (const NamedTask& task : tasks_table()) {
    if (task.name == "gfp_fluorescence") return task.make();
  }
  throw std::logic_error("the task is not in the table");
}

inline Params gfp_params(const std::string& stop = "keep", std::int64_t twin_seed = 0) {
  Params params(gfp_task().params);
  params.set("stop", stop);
  params.set("twin_seed", twin_seed);
  return params;
}

inline std::unique_ptr<Dataset> gfp_twin_of(const Params& params, std::int64_t rows) {
  return gfp_task().load({.twin = true, .folder = {}, .params = params, .rows = rows});
}

inline std::unique_ptr<Dataset> gfp_twin(std::int64_t rows, std::int64_t seed = 0, const std::string& stop = "keep") {
  return gfp_twin_of(gfp_params(stop, seed), rows);
}

inline std::unique_ptr<Dataset> gfp_real(const std::filesystem::path& folder, const std::string& stop = "keep") {
  const Params params = gfp_params(stop);
  return gfp_task().load({.twin = false, .folder = folder, .params = params});
}

}  // namespace seqbench::test
