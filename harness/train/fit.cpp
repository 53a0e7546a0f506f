#include "harness/train/fit.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "harness/analyze/spread.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/contract/examples.h"
#include "harness/train/batches.h"
#include "harness/train/named_tensors.h"
#include "harness/train/optimizer.h"
#include "harness/train/progress.h"

namespace seqbench::train {
namespace loop {
namespace {

constexpr std::int64_t kMaxStepPoints = 1000;

/// Tells on_phase the time since the last lap.
class Laps {
 public:
  explicit Laps(const FitHooks& hooks) : hooks_(hooks) {}
  void lap(const char* phase, std::int64_t items) {
    const Clock::time_point now = Clock::now();
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_);
    if (hooks_.on_phase) hooks_.on_phase(phase, passed.count(), items);
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const FitHooks& hooks_;
  Clock::time_point last_ = Clock::now();
};

/// The smallest power of two that thins `steps` to kMaxStepPoints.
std::int64_t stride_for(std::int64_t steps) {
  std::int64_t stride = 1;
  while (steps > kMaxStepPoints * stride) stride *= 2;
  return stride;
}

/// A value that is NaN beats nothing; anything else beats a best that is NaN.
bool beats(double value, double best, double min_delta, bool higher_is_better) {
  if (std::isnan(value)) return false;
  if (std::isnan(best)) return true;
  return higher_is_better ? value > best + min_delta : value < best - min_delta;
}

void check_settings(const Network& network, const FitSettings& settings, const FitData& data) {
  const bool reads_test = settings.keep == "published_test" || settings.keep == "agreement";
  if (settings.keep != "best" && settings.keep != "last" && !reads_test) {
    throw InputError(fmt::format("'train.keep' must be one of best, last, agreement, published_test, got \"{}\"",
                                 printable(settings.keep)));
  }
  if (reads_test && data.test.empty()) {
    throw InputError(fmt::format("'train.keep' is \"{}\", but there are no test rows", settings.keep));
  }
  if (settings.keep == "agreement" && network.members() < 2) {
    throw InputError("'train.keep' is \"agreement\", but the network has no members that could disagree: 'train.members' "
                     "makes several of it");
  }
  if (settings.precision != "f32" && settings.precision != "bf16") {
    throw InputError(fmt::format("'train.precision' must be one of f32, bf16, got \"{}\"", printable(settings.precision)));
  }
  if (settings.schedule == "one_cycle" && settings.warmup > 0) {
    throw InputError("'train.warmup' is set, but 'train.schedule' is \"one_cycle\", which has a rise of its own");
  }
  if (settings.patience > 0 && data.validation.empty()) {
    throw InputError("'train.early_stop.patience' is set, but there are no validation rows");
  }
}

std::vector<NamedTensor> trained(Network& network) {
  std::vector<NamedTensor> parameters = network.parameters();
  for (const NamedTensor& entry : parameters) {
    SEQBENCH_ASSERT(entry.tensor.is_leaf(), "a parameter is a leaf of the graph");
    entry.tensor.set_requires_grad(true);
  }
  for (const NamedTensor& entry : network.frozen()) entry.tensor.set_requires_grad(false);
  return parameters;
}

class Loop {
 public:
  Loop(FitJob job, const Streams& streams, const FitHooks& hooks);
  void resume(const Checkpoint& checkpoint);
  FitResult run();

 private:
  [[nodiscard]] bool out_of_patience() const;
  [[nodiscard]] bool finished() const { return progress_.step >= length_.steps || out_of_patience(); }
  [[nodiscard]] double epochs_done() const;
  [[nodiscard]] bool evaluation_due() const;
  [[nodiscard]] std::vector<NamedTensor> live_tensors();

  void run_epoch(std::int64_t epoch);
  [[nodiscard]] std::span<const std::int64_t> rows_of_step(std::span<const std::int64_t> order) const;
  double train_step(std::span<const std::int64_t> rows, std::int64_t epoch);
  Told whole_step(const Batch& batch, const Pass& pass, bool steady_betas, Laps& laps);
  Told part_of_step(const Batch& batch, const Pass& pass, Laps& laps);
  Told forward_backward(const Batch& batch, const Pass& pass, Laps& laps);
  void seed_device(const Pass& pass);
  void finish_step();
  [[nodiscard]] double value_of(const Told& loss) const;
  void report_step(double loss, std::int64_t rows, double seconds);
  void curve(const char* name, Part part, double value);
  void evaluate_now();
  void judge_validation(const std::vector<double>& predictions);
  void keep_if_better(double value, bool higher_is_better);
  void save_if_asked();
  FitResult finish();

  FitJob job_;
  const Streams& streams_;
  const FitHooks& hooks_;
  Stream device_stream_;
  Optimizer optimizer_;
  Replays replays_;
  FitLength length_;
  std::int64_t stride_;
  Progress progress_;
  std::vector<NamedTensor> best_;  // empty: none yet
};

Loop::Loop(FitJob job, const Streams& streams, const FitHooks& hooks)
    : job_(std::move(job)),
      streams_(streams),
      hooks_(hooks),
      device_stream_(streams.open("dropout/device")),
      optimizer_(job_.settings, trained(job_.network),
                 [this](std::string_view name) { return job_.network.decays(name); }),
      replays_(job_.device),
      length_(fit_length(job_.settings, static_cast<std::int64_t>(epoch_rows(job_, streams, 0).size()))),
      stride_(stride_for(length_.steps)) {}

void Loop::resume(const Checkpoint& checkpoint) {
  progress_ = progress_from_json(checkpoint.state, length_);
  if (progress_.kept_step >= 0) best_ = copies(tensors_of(job_.network));
  std::vector<NamedTensor> optimizer_values;
  check_same(checkpoint.tensors, live_tensors(), "checkpoint");
  copy_values(checkpoint.tensors, live_tensors());
  for (const NamedTensor& entry : checkpoint.tensors) {
    if (entry.name.starts_with("optim/")) optimizer_values.push_back({entry.name.substr(6), entry.tensor});
  }
  optimizer_.load_state(optimizer_values);
}

FitResult Loop::run() {
  while (!finished()) run_epoch(progress_.step / length_.steps_per_epoch);
  return finish();
}

void Loop::run_epoch(std::int64_t epoch) {
  const std::vector<std::int64_t> order = epoch_rows(job_, streams_, epoch);
  if (static_cast<std::int64_t>(order.size()) != length_.rows_per_epoch) {
    throw InputError(fmt::format("the model's sampler drew {} rows in epoch {}, but {} in epoch 0", order.size(), epoch,
                                 length_.rows_per_epoch));
  }
  while (!finished() && progress_.step / length_.steps_per_epoch == epoch) {
    const auto rows = rows_of_step(order);
    const double begun = monotonic_seconds();
    const double loss = train_step(rows, epoch);
    report_step(loss, static_cast<std::int64_t>(rows.size()), monotonic_seconds() - begun);
    if (evaluation_due()) evaluate_now();
    save_if_asked();
  }
}

/// Of `accumulate` batches; fewer at the end of an epoch.
std::span<const std::int64_t> Loop::rows_of_step(std::span<const std::int64_t> order) const {
  const std::int64_t size = job_.settings.batch * job_.settings.accumulate;
  const std::int64_t begin = progress_.step % length_.steps_per_epoch * size;
  return order.subspan(static_cast<std::size_t>(begin),
                       static_cast<std::size_t>(std::min(size, length_.used_rows - begin)));
}

/// Returns the step's mean loss.
double Loop::train_step(std::span<const std::int64_t> rows, std::int64_t epoch) {
  Laps laps(hooks_);
  const auto size = static_cast<std::size_t>(job_.settings.batch);
  const std::optional<double> momentum = momentum_at(job_.settings, progress_.step, length_.steps);
  optimizer_.prepare(learning_rate_at(job_.settings, progress_.step, length_.steps, length_.steps_per_epoch), momentum);
  std::vector<Told> losses;
  double count = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += size) {
    const auto part = rows.subspan(begin, std::min(size, rows.size() - begin));
    const Batch batch = make_batch(job_, part);
    laps.lap("collate", static_cast<std::int64_t>(part.size()));
    const Pass pass{.training = true, .epoch = epoch, .step = progress_.step, .first_row = static_cast<std::int64_t>(begin)};
    losses.push_back(job_.settings.accumulate == 1 ? whole_step(batch, pass, !momentum, laps) : part_of_step(batch, pass, laps));
    count += losses.back().count;
  }
  const double divisor = count > 0 ? count : 1;  // a batch of weight 0 changes nothing
  if (job_.settings.accumulate > 1) {
    optimizer_.scale(1 / divisor);
    finish_step();
  }
  double sum = 0;
  for (const Told& loss : losses) sum += value_of(loss);  // waits for a device that is still at the step
  laps.lap(job_.device.is_cpu() ? "optimizer" : "step", static_cast<std::int64_t>(rows.size()));
  ++progress_.step;
  progress_.loss.sum += sum;
  progress_.loss.count += count;
  return sum / divisor;
}

/// Of one batch: all that the device does is one piece of work, that it may be replayed.
Told Loop::whole_step(const Batch& batch, const Pass& pass, bool steady_betas, Laps& laps) {
  const bool replayable = steady_betas && optimizer_.replayable() && job_.network.replayable(DeviceWork::kStep) && !batch.weights.defined();
  const auto gradients = [&](const Batch& there) { return forward_backward(there, pass, laps); };
  const auto work = [&](const Batch& there) {
    Told loss = gradients(there);
    finish_step();
    return loss;
  };
  const auto warm_up = [&](const Batch& there) {
    Told loss = gradients(there);
    optimizer_.zero_grad();
    return loss;
  };
  return replays_.run(batch, {.kind = "step", .replayable = replayable, .work = work, .warm_up = warm_up,
                              .before = [&] { seed_device(pass); }});
}

/// Of several, whose gradients are added up.
Told Loop::part_of_step(const Batch& batch, const Pass& pass, Laps& laps) {
  const Batch there = moved(batch, job_.device);
  seed_device(pass);
  return forward_backward(there, pass, laps);
}

/// For dropout that the device itself draws.
void Loop::seed_device(const Pass& pass) {
  if (job_.device.is_cpu()) return;
  const PhiloxBlock words = device_stream_.block(0, {.epoch = static_cast<std::uint32_t>(pass.epoch),
                                                     .step = static_cast<std::uint32_t>(pass.step),
                                                     .item = static_cast<std::uint32_t>(pass.first_row)});
  at::Generator generator = at::globalContext().defaultGenerator(job_.device);
  generator.set_current_seed(words[0] | static_cast<std::uint64_t>(words[1]) << 32);
}

void Loop::finish_step() {
  if (job_.settings.clip_norm > 0) optimizer_.clip(job_.settings.clip_norm);
  optimizer_.apply();
  optimizer_.zero_grad();
}

double Loop::value_of(const Told& loss) const {
  const double sum = loss.tensors.front().item<double>();
  if (std::isfinite(sum)) return sum;
  throw NanLoss(fmt::format("nan loss at step {}{}", progress_.step + 1, std::isnan(sum) ? "" : " (infinite)"));
}

/// Adds the gradient of the mean loss; of its sum where several batches make a step: their weights are not known yet.
Told Loop::forward_backward(const Batch& batch, const Pass& pass, Laps& laps) {
  const auto rows = static_cast<std::int64_t>(batch.rows.size());
  const LossSum loss = [&] {
    const Precision precision(job_);
    return job_.network.loss(job_.settings.loss, forward(job_, batch, pass), batch);
  }();
  Told told{{loss.sum.detach()}, loss.count};
  const bool on_cpu = job_.device.is_cpu();
  if (on_cpu) static_cast<void>(value_of(told));  // nothing is stepped with what is not finite
  if (on_cpu) laps.lap("forward", rows);
  const bool single = job_.settings.accumulate == 1;
  (single ? loss.sum / (loss.count > 0 ? loss.count : 1) : loss.sum).backward();
  if (on_cpu) laps.lap("backward", rows);
  return told;
}

void Loop::report_step(double loss, std::int64_t rows, double seconds) {
  if (progress_.step % stride_ == 0) curve("step_loss", Part::kTrain, loss);
  if (!hooks_.on_step) return;
  hooks_.on_step(progress_.step, length_.steps, epochs_done(), loss,
                 seconds > 0 ? static_cast<double>(rows) / seconds : 0);
}

void Loop::curve(const char* name, Part part, double value) {
  if (hooks_.on_curve) hooks_.on_curve(name, static_cast<int>(part), progress_.step, epochs_done(), value);
}

double Loop::epochs_done() const {
  return static_cast<double>(progress_.step) / static_cast<double>(length_.steps_per_epoch);
}

bool Loop::evaluation_due() const {
  const std::int64_t every = job_.settings.eval_every > 0 ? job_.settings.eval_every : length_.steps_per_epoch;
  return progress_.step % every == 0 || progress_.step == length_.steps;
}

bool Loop::out_of_patience() const {
  return job_.settings.patience > 0 && progress_.stale >= job_.settings.patience;
}

void Loop::evaluate_now() {
  Laps laps(hooks_);
  const FitData& data = job_.data;
  std::size_t rows = data.validation.size();
  curve("loss", Part::kTrain, progress_.loss.mean());
  progress_.loss = {};
  if (!data.validation.empty()) {
    LossTotal loss;
    const std::vector<double> predictions = evaluate(job_, data.validation, &loss).values;
    curve("loss", Part::kValidation, loss.mean());
    judge_validation(predictions);
  }
  if (job_.settings.keep == "published_test") {
    const double metric = data.metric(evaluate(job_, data.test, nullptr).values, data.test);
    curve(data.metric_name.c_str(), Part::kTest, metric);
    keep_if_better(metric, data.higher_is_better);
    rows += data.test.size();
  } else if (job_.settings.keep == "agreement") {
    std::vector<double> between;
    const Predictions told = evaluate(job_, data.test, nullptr, &between);
    const double value = analyze::disagreement(told.values, between);
    curve(analyze::kDisagreement.data(), Part::kTest, value);
    keep_if_better(value, false);
    rows += data.test.size();
  }
  laps.lap("evaluate", static_cast<std::int64_t>(rows));
}

void Loop::judge_validation(const std::vector<double>& predictions) {
  const FitData& data = job_.data;
  progress_.metric = data.metric(predictions, data.validation);
  curve(data.metric_name.c_str(), Part::kValidation, progress_.metric);
  if (job_.settings.keep == "best") keep_if_better(progress_.metric, data.higher_is_better);
  if (beats(progress_.metric, progress_.reference, job_.settings.min_delta, data.higher_is_better)) {
    progress_.reference = progress_.metric;
    progress_.stale = 0;
  } else {
    ++progress_.stale;
  }
}

/// Of equal values the first is kept.
void Loop::keep_if_better(double value, bool higher_is_better) {
  if (!beats(value, progress_.kept_metric, 0, higher_is_better)) return;
  progress_.kept_metric = value;
  progress_.kept_step = progress_.step;
  best_ = copies(tensors_of(job_.network));
}

std::vector<NamedTensor> Loop::live_tensors() {
  std::vector<NamedTensor> result;
  append(result, "model/", tensors_of(job_.network));
  append(result, "best/", best_);
  append(result, "optim/", optimizer_.state());
  return result;
}

void Loop::save_if_asked() {
  const bool stop = hooks_.stop_requested && hooks_.stop_requested();
  const bool due = hooks_.checkpoint_due && hooks_.checkpoint_due();
  if ((stop || due) && hooks_.save) hooks_.save(progress_.step, live_tensors(), to_json(progress_, length_));
  if (stop) throw Interrupted();
}

FitResult Loop::finish() {
  FitResult result;
  result.scale = job_.scale;
  result.step = progress_.step;
  result.epoch = progress_.step / length_.steps_per_epoch;
  result.stopped_early = progress_.step < length_.steps;
  result.kept_step = best_.empty() ? progress_.step : progress_.kept_step;
  const bool own = best_.empty() && job_.settings.keep != "agreement";  // no state was kept, and no disagreement known
  result.kept_metric = own ? progress_.metric : progress_.kept_metric;
  if (!best_.empty()) copy_values(best_, tensors_of(job_.network));
  for (const NamedTensor& entry : job_.network.parameters()) result.parameters += entry.tensor.numel();
  for (const NamedTensor& entry : job_.network.frozen()) result.frozen += entry.tensor.numel();
  return result;
}

}  // namespace
}  // namespace loop

FitResult fit(Network& network, const FitSettings& settings, const FitData& data, const Streams& streams,
              at::Device device, const FitHooks& hooks, const Checkpoint* resume) {
  loop::check_settings(network, settings, data);
  loop::Loop loop(make_job(network, settings, data, device), streams, hooks);
  if (resume != nullptr) loop.resume(*resume);
  return loop.run();
}

}  // namespace seqbench::train
