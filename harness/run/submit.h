#pragma once
// Predictions that someone made elsewhere: read, held against the test rows, scored, stored and marked as submitted.

#include <filesystem>
#include <string>
#include <vector>

#include "harness/contract/collected.h"
#include "harness/run/run_experiment.h"

namespace seqbench::run {

/// Reads a table of id and prediction (prediction_1, prediction_2 ... of several targets; tabs or commas) or one JSON
/// object of id -> number (list of numbers), plain or gzip. Throws InputError with the place of the first fault; `unknown`
/// says what a name is that none of the rows to be predicted has.
void read_submission(const std::filesystem::path& file, std::int64_t targets, CollectedPredictions& predictions,
                     const std::function<std::string(std::string_view)>& unknown);

struct SubmitOptions {
  std::filesystem::path file;
  std::string model, licence;
  std::string only;            // "FIELD=VALUE", or ""
  Json card = Json::object();  // of the model
  bool dry_run = false;
};

struct SubmitReport {
  std::vector<std::string> keys;
  std::vector<store::TrialRecord> records;  // one a fold
  std::int64_t rows = 0;                    // predictions read
  bool stored = false;                      // false: a dry run, or all of it was there already
  bool known = false;                       // the store held it before
};

/// `experiment` is of one task and no model. Nothing is written before the file was found whole. Throws InputError.
SubmitReport submit(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code,
                    const RunOptions& options, const SubmitOptions& submission);

}  // namespace seqbench::run
