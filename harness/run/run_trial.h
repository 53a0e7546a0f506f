#pragma once
// One trial, from its definition to its record.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/contract/tables.h"
#include "harness/measure/capture.h"
#include "harness/run/trial.h"
#include "harness/store/records.h"
#include "harness/train/fit.h"

namespace seqbench::run {

/// Data sets loaded by this process, kept for the next trial of the same data.
class DataCache {
 public:
  /// Throws InputError where the loader does.
  const Dataset& get(const TrialConfig& config, const TrialSpec& spec);
  /// A view of the data set last got.
  const View& view(const std::string& name);

 private:
  std::string key_;  // of the one data set kept
  std::unique_ptr<Dataset> dataset_;
  std::map<std::string, View> views_;
};

/// What a trial tells and asks while it runs; the worker's side of the pipe.
class TrialIo {
 public:
  virtual ~TrialIo() = default;
  virtual void curve(store::CurvePoint point) = 0;
  virtual void progress(std::int64_t step, std::int64_t steps, double epoch, double loss, double rate) = 0;
  /// Of work that has no steps and that no checkpoint keeps: texts embedded, the parts of a fit of the model's own. `all`
  /// is 0 where it is unknown.
  virtual void part_progress(std::int64_t done, std::int64_t all) = 0;
  virtual bool stop_requested() = 0;
  virtual bool checkpoint_due() = 0;
  virtual void save_checkpoint(std::int64_t step, const std::vector<NamedTensor>& tensors, const Json& state) = 0;
  /// The newest checkpoint that verifies, if any; called once, before the fit.
  virtual std::optional<train::Checkpoint> load_checkpoint() = 0;
};

/// Runs the trial. What goes wrong inside becomes the record's verdict and reason; only Interrupted and
/// MachineError leave it.
[[nodiscard]] store::TrialRecord run_trial(const TrialSpec& spec, const Tables& tables, DataCache& cache,
                                           at::Device device, TrialIo& io);

}  // namespace seqbench::run
