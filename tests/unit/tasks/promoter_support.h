#pragma once
// The task promoter as the program sees it: through the table.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "harness/contract/task.h"

namespace seqbench::test {

inline TaskEntry promoter_task() {
  for (const NamedTask& task : tasks_table()) {
    if (task.name == "promoter") return task.make();
  }
  throw std::logic_error("the task is not in the table");
}

struct PromoterOptions {
  std::int64_t rows = 0;
  std::int64_t k = 4;
  std::int64_t seed = 0;
  std::string mode = "normal";
};

inline std::unique_ptr<Dataset> promoter_twin(const PromoterOptions& options = {}) {
  const TaskEntry task = promoter_task();
  Params params(task.params);
  params.set("k", options.k);
  params.set("twin_seed", options.seed);
  params.set("mode", options.mode);
  return task.load({.twin = true, .folder = {}, .params = params, .rows = options.rows});
}

inline std::unique_ptr<Dataset> promoter_real(const std::filesystem::path& folder, const std::string& positives = "mouse_300",
                                              const std::string& negatives = "metagenome", std::int64_t rows = 0,
                                              std::int64_t draw = 0) {
  const TaskEntry task = promoter_task();
  Params params(task.params);
  params.set("positives", positives);
  params.set("negatives", negatives);
  params.set("rows", rows);
  params.set("draw", draw);
  return task.load({.twin = false, .folder = folder, .params = params});
}

}  // namespace seqbench::test
