#pragma once
// The entries of the tables, made once, with their names filled in and their promises checked.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "harness/contract/task.h"

namespace seqbench {

class Tables {
 public:
  /// Asserts: names unique, contract version, exactly one factory, defaults inside their ranges.
  Tables(std::vector<NamedTask> tasks, std::vector<NamedModel> models);
  [[nodiscard]] const std::vector<TaskEntry>& tasks() const { return tasks_; }
  [[nodiscard]] const std::vector<ModelEntry>& models() const { return models_; }
  [[nodiscard]] const TaskEntry& task(std::string_view name) const;    // InputError naming the nearest
  [[nodiscard]] const ModelEntry& model(std::string_view name) const;  // InputError naming the nearest
  [[nodiscard]] Catalog catalog() const;
  /// Adds tasks that are declared in files; `broken` ones throw InputError when they are asked for. A declared name is no
  /// other task's.
  void add(std::vector<TaskEntry> declared, std::map<std::string, std::string, std::less<>> broken);
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& broken() const { return broken_; }

 private:
  std::vector<TaskEntry> tasks_;
  std::vector<ModelEntry> models_;
  std::map<std::string, std::string, std::less<>> broken_;  // task: why
};

}  // namespace seqbench
