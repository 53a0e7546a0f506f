#pragma once
// The task dream_expression as the program sees it: through the table.

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/contract/task.h"
#include "harness/data/home.h"

namespace seqbench::test {

inline TaskEntry dream_task() {
  for (const NamedTask& task : tasks_table()) {
    if (task.name == "dream_expression") return task.make();
  }
  throw std::logic_error("the task is not in the table");
}

inline Params dream_params() { return Params(dream_task().params); }

inline std::unique_ptr<Dataset> dream_twin(std::int64_t rows, const std::filesystem::path& cache = {}) {
  const Params params = dream_params();
  return dream_task().load({.twin = true, .folder = {}, .params = params, .rows = rows, .cache = cache});
}

inline std::unique_ptr<Dataset> dream_real(const std::filesystem::path& folder, const Params& params) {
  return dream_task().load({.twin = false, .folder = folder, .params = params});
}

/// Imports files into `folder`; returns the lines for the user.
inline std::vector<std::string> dream_import(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& paths) {
  const ImportPlan plan = dream_task().import_files(paths);
  std::vector<std::pair<std::string, std::filesystem::path>> copies;
  for (const ImportedFile& file : plan.files) copies.emplace_back(file.role, file.source);
  data::install_files(folder, copies);
  return plan.report;
}

inline std::vector<std::string> dream_sequences(const Dataset& dataset) {
  const View view = dataset.view("dna");
  const Texts& rows = std::get<TextView>(view.data).rows;
  return {rows.begin(), rows.end()};
}

inline std::vector<std::int64_t> dream_rows(const Examples& examples, Part part) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < examples.rows(); ++row) {
    if (examples.published_split[static_cast<std::size_t>(row)] == part) rows.push_back(row);
  }
  return rows;
}

inline std::vector<double> dream_values(const std::vector<double>& of, const std::vector<std::int64_t>& rows) {
  std::vector<double> values;
  for (const std::int64_t row : rows) values.push_back(of[static_cast<std::size_t>(row)]);
  return values;
}

inline double score_of(const std::vector<Score>& scores, const std::string& name, const std::string& slice = "all") {
  for (const Score& score : scores) {
    if (score.name == name && score.slice == slice) return score.value;
  }
  throw std::logic_error("no score " + name + ", " + slice);
}

}  // namespace seqbench::test
