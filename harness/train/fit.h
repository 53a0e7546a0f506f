#pragma once
// The one training loop. A fit is a pure function of (network, settings, data, streams): interrupted at any
// step and resumed from a checkpoint it gives the same bits.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/params.h"
#include "harness/base/streams.h"
#include "harness/contract/model.h"

namespace seqbench::train {

/// The values of [train] (spec::train_keys), typed.
struct FitSettings {
  std::string optimizer = "adamw";  // adam | adamw | sgd
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.0, momentum = 0.0;
  double learning_rate = 1e-3;
  std::string schedule = "constant";  // constant | linear | cosine | step | one_cycle
  double warmup = 0;                  // below 1: share of all steps; else steps
  std::int64_t step_size = 10;        // epochs a step of the step schedule
  double gamma = 0.1, min_lr = 0;
  double pct_start = 0.3, div_factor = 25, final_div_factor = 1e4;  // of one_cycle
  bool cycle_momentum = true;
  double base_momentum = 0.85, max_momentum = 0.95;
  std::int64_t batch = 32, eval_batch = 64, epochs = 10, max_steps = 0;
  std::int64_t members = 1;         // of an ensemble
  std::int64_t accumulate = 1;      // batches of a step
  std::int64_t length_buckets = 0;  // batches that are sorted by length together; 0 = off
  bool drop_last = false;
  double clip_norm = 0;
  std::string loss = "mse";
  std::string sampler = "plain";  // plain | model
  std::string order = "streams";  // of the plain sampler: streams | hf
  std::int64_t patience = 0;      // early stopping; 0 = off
  double min_delta = 0;
  std::string keep = "best";      // best | last | agreement | published_test
  std::int64_t eval_every = 0;    // steps; 0 = every epoch
  bool scale_targets = true;
  std::string precision = "f32";  // f32 | bf16

  /// Throws InputError naming the key whose value makes no sense.
  [[nodiscard]] static FitSettings from(const Params& train);
};

/// The learning rate of step `step` (0-based) of `steps`: warm-up, linear and cosine as in Hugging Face's
/// get_*_schedule_with_warmup (to min_lr instead of 0), step as torch's StepLR (never below min_lr), one_cycle as
/// its OneCycleLR of two phases with cosines (never below min_lr).
[[nodiscard]] double learning_rate_at(const FitSettings& settings, std::int64_t step, std::int64_t steps,
                                      std::int64_t steps_per_epoch);
/// What one_cycle puts in place of beta1 (adam, adamw) or momentum (sgd) at this step; nothing: they stay.
[[nodiscard]] std::optional<double> momentum_at(const FitSettings& settings, std::int64_t step, std::int64_t steps);

struct FitData {
  const View& view;
  std::int64_t target_count = 1;
  std::span<const std::int64_t> train = {}, validation = {};  // rows of the view
  std::span<const std::int64_t> test = {};  // only read by keep = agreement, its labels only by published_test
  std::span<const double> targets = {};  // [rows of the view, T], in the task's units
  std::span<const double> weights = {};  // [rows of the view] or empty
  /// Metric on one part's predictions in the task's units (rows in the part's order): the value that chooses
  /// the best state, and its direction.
  std::function<double(std::span<const double> predictions, std::span<const std::int64_t> rows)> metric = {};
  std::string metric_name = {};
  bool higher_is_better = false;
  TaskKind kind = TaskKind::kRegression;
};

/// What the loop tells and asks while it runs.
struct FitHooks {
  /// "loss" and the metric at every evaluation, "step_loss" at up to 1,000 steps; split as in Part.
  std::function<void(const std::string& name, int split, std::int64_t step, double epoch, double value)> on_curve;
  std::function<void(std::int64_t step, std::int64_t steps, double epoch, double loss, double samples_per_second)>
      on_step;                                  // after every step
  std::function<bool()> stop_requested;         // looked at after every step
  std::function<bool()> checkpoint_due;         // looked at after every step
  /// Writes a checkpoint: makes earlier rows durable, then publishes it. The tensors are the live ones: what
  /// outlives the call must be copied.
  std::function<void(std::int64_t step, const std::vector<NamedTensor>& tensors, const Json& state)> save;
  /// collate, forward, backward, optimizer (each step; on a device collate and step, which is sent as a whole) and evaluate; items
  /// are rows.
  std::function<void(const std::string& phase, std::int64_t duration_ns, std::int64_t items)> on_phase;
};

/// A loaded checkpoint: tensors and position.
struct Checkpoint {
  std::vector<NamedTensor> tensors;
  Json state;
};

struct FitResult {
  std::int64_t step = 0, epoch = 0;   // where it ended: steps and whole epochs done
  std::int64_t kept_step = 0;         // the step whose state the network now holds
  double kept_metric = 0;             // NaN where no metric was computed
  std::int64_t parameters = 0;        // numbers trained
  std::int64_t frozen = 0;            // numbers that stay
  bool stopped_early = false;
  TargetScale scale;  // what outputs times sd plus mean are in the task's units
};

/// Trains the network in place and leaves it in the state that `keep` names. Throws Interrupted after saving a
/// checkpoint when a stop was asked for, NanLoss at the first loss that is not finite, InputError for settings
/// that contradict each other or the data and for a checkpoint that does not fit.
FitResult fit(Network& network, const FitSettings& settings, const FitData& data, const Streams& streams,
              at::Device device, const FitHooks& hooks, const Checkpoint* resume);

/// [rows, T] each, in the order of the rows that were asked for.
struct Predictions {
  std::vector<double> values;   // in the task's units; binary: probabilities
  std::vector<double> spreads;  // their standard deviations, of a regression network that predicts_spread; else empty
};
struct FitJob;
/// Of the network as it stands at each call; it and the others must outlive this. Passes that a device replays are recorded once.
class Predictor {
 public:
  Predictor(Network& network, const FitSettings& settings, const FitData& data, at::Device device);
  [[nodiscard]] Predictions operator()(std::span<const std::int64_t> rows) const;

 private:
  std::shared_ptr<const FitJob> job_;
};
[[nodiscard]] Predictions predict(Network& network, const FitSettings& settings, const FitData& data,
                                  std::span<const std::int64_t> rows, at::Device device);

struct NanLoss : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace seqbench::train
