#pragma once
// A trial as a value: its row in the store, and what a worker needs besides.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/streams.h"
#include "harness/contract/tables.h"
#include "harness/store/records.h"

namespace seqbench::run {

/// Everything that determines the result is in row.config, the object that the key is made of (HARNESS 4.3);
/// the other fields never change a bit of it within a numerics class.
struct TrialSpec {
  store::TrialRow row;
  std::string label;
  std::filesystem::path data_folder;   // real data: the task's folder in the data home
  std::filesystem::path cache_folder;  // LoadRequest::cache
  std::filesystem::path model_cache = {};  // ModelContext::cache
  std::map<std::string, std::string> files;  // names that the model's parameters hold -> paths; hashes are in row.config
  std::filesystem::path model_folder = {};   // where the fitted model is written as a folder; "" = nowhere
  std::int64_t threads = 1;
  std::vector<std::string> save_predictions;  // train, validation, test
  double stall_seconds = 600, time_limit_seconds = 0;  // 0 = none
  std::int64_t memory_limit_bytes = 0;                 // 0 = none

  [[nodiscard]] Json to_json() const;
  [[nodiscard]] static TrialSpec from_json(const Json& json);
};

/// row.config read back into types.
struct TrialConfig {
  const TaskEntry* task = nullptr;
  const ModelEntry* model = nullptr;  // null for the ceiling and for what was submitted
  Params task_params, split, model_params, train;
  std::int64_t limit = 0;
  bool twin = true;
  std::string view;
  std::vector<std::string> metrics, slices;
  std::int64_t rep = 0, fold = -1;
  Streams streams{0};

  [[nodiscard]] static TrialConfig of(const store::TrialRow& row, const Tables& tables);
};

/// The name under which the "code" object of a configuration holds the hash of a file that a parameter names.
[[nodiscard]] std::string code_name_of_file(const std::string& name);

/// Fills key, spec_key and code_sha256 from row.config, whose "code" object holds hashes by room.
void set_keys(store::TrialRow& row);

}  // namespace seqbench::run
