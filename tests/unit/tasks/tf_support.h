#pragma once
// The task tf_expression as the program sees it: through the table.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/contract/task.h"
#include "harness/data/home.h"

namespace seqbench::test {

inline TaskEntry tf_task() {
  for (const NamedTask& task : tasks_table()) {
    if (task.name == "tf_expression") return task.make();
  }
  throw std::logic_error("the task is not in the table");
}

using TfSettings = std::map<std::string, ParamValue>;

inline Params tf_params(const TfSettings& settings) {
  Params params(tf_task().params);
  for (const auto& [name, value] : settings) params.set(name, value);
  return params;
}

inline std::unique_ptr<Dataset> tf_twin(std::int64_t rows, const TfSettings& settings = {}) {
  const Params params = tf_params(settings);
  return tf_task().load({.twin = true, .folder = {}, .params = params, .rows = rows});
}

inline std::unique_ptr<Dataset> tf_real(const std::filesystem::path& folder, const TfSettings& settings = {}) {
  const Params params = tf_params(settings);
  return tf_task().load({.twin = false, .folder = folder, .params = params});
}

/// Imports the files as a user does; returns the report.
inline std::vector<std::string> tf_import(const std::vector<std::filesystem::path>& files,
                                          const std::filesystem::path& folder) {
  const ImportPlan plan = tf_task().import_files(files);
  std::vector<std::pair<std::string, std::filesystem::path>> copies;
  for (const ImportedFile& file : plan.files) copies.emplace_back(file.role, file.source);
  data::install_files(folder, copies);
  return plan.report;
}

inline TfSettings tf_table(const std::string& table, const std::string& cell) {
  return {{"table", table}, {"cell", cell}};
}

}  // namespace seqbench::test
