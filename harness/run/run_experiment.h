#pragma once
// The heart of `seqbench run` and `seqbench rerun`.

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/code_hashes.h"
#include "harness/contract/tables.h"
#include "harness/run/plan.h"
#include "harness/run/progress.h"
#include "harness/run/scheduler.h"

namespace seqbench::run {

struct RunOptions {
  std::filesystem::path store;
  std::filesystem::path published;       // folder of results/published
  PlanOptions plan;
  std::filesystem::path root;            // holds experiments/
  ScheduleOptions schedule;
  ProgressMode progress = ProgressMode::kPlain;
  std::vector<std::string> command;      // argv, for the record
  std::vector<std::string> overrides;    // --set
};

struct RunReport {
  std::string run_uid;
  Outcome outcome;
  std::int64_t failed_before = 0;  // trials of the plan that stay failed, since they were not asked for again
  [[nodiscard]] ExitCode exit_code() const;
};

/// Plans, checks device and data, opens the run and computes what is missing. Nothing is written before device,
/// data and store were found good. Throws InputError and MachineError.
RunReport run_experiment(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                         const RunOptions& options);

struct RerunReport {
  bool same_bits = false;
  std::string before, after;             // result_sha256
  std::vector<std::string> differences;  // "torch: 2.13.0 -> 2.14.0", "code: models/ridge"
  Outcome outcome;
  [[nodiscard]] ExitCode exit_code() const;
};

/// Computes a finished trial again, under the code of today, and compares.
RerunReport rerun(const std::string& key_prefix, const Tables& tables, const CodeHashes& code,
                  const RunOptions& options);

/// Facts of this process, with torch and the device filled in.
[[nodiscard]] Environment environment_of(const std::string& device, std::int64_t threads);

}  // namespace seqbench::run
