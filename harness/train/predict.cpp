#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/train/batches.h"

namespace seqbench::train {
namespace prediction {
namespace {

double sigmoid(double logit) {
  if (logit >= 0) return 1 / (1 + std::exp(-logit));
  const double odds = std::exp(logit);
  return odds / (1 + odds);
}

/// Appends outputs [B, T] or [B, 2 T] in the task's units.
void append_predictions(const FitJob& job, const at::Tensor& outputs, Predictions& into) {
  const at::Tensor values = outputs.to(at::kCPU, at::kDouble).contiguous();
  const auto* value = values.const_data_ptr<double>();
  const auto targets = static_cast<std::size_t>(job.data.target_count);
  const std::size_t width = targets * (job.network.predicts_spread() ? 2 : 1);
  SEQBENCH_ASSERT(values.size(1) == static_cast<std::int64_t>(width), "outputs are as wide as the network says");
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const std::size_t column = static_cast<std::size_t>(i) % width, t = column % targets;
    if (column >= targets) into.spreads.push_back(std::exp(value[i]) * job.scale.sd[t]);
    else into.values.push_back(job.data.kind == TaskKind::kBinary ? sigmoid(value[i]) : value[i] * job.scale.sd[t] + job.scale.mean[t]);
  }
}

/// Appends variances [B, T] in the task's units.
void append_variances(const FitJob& job, const at::Tensor& scaled, std::vector<double>& into) {
  const at::Tensor values = scaled.to(at::kCPU, at::kDouble).contiguous();
  const auto* value = values.const_data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const double sd = job.scale.sd[static_cast<std::size_t>(i % job.data.target_count)];
    into.push_back(value[i] * sd * sd);
  }
}

/// Outputs; variances, where wanted; the sum of losses, where wanted.
Told told_of(const FitJob& job, const Batch& batch, bool with_loss, bool with_variances) {
  const Precision precision(job);
  Told told{.tensors = {forward(job, batch, Pass{})}};
  if (with_variances) told.tensors.push_back(job.network.member_variance());
  if (!with_loss) return told;
  const LossSum loss = job.network.loss(job.settings.loss, told.tensors[0], batch);
  told.tensors.push_back(loss.sum);
  told.count = loss.count;
  return told;
}

/// Safe from the next replay.
Told kept(Told told) {
  for (at::Tensor& tensor : told.tensors) {
    if (!tensor.is_cpu()) tensor = tensor.clone();
  }
  return told;
}

}  // namespace
}  // namespace prediction

Predictions evaluate(const FitJob& job, std::span<const std::int64_t> rows, LossTotal* loss, std::vector<double>* member_variances) {
  SEQBENCH_ASSERT(job.settings.eval_batch >= 1, "eval_batch is in its range");
  SEQBENCH_ASSERT(loss == nullptr || member_variances == nullptr, "at most one of both is asked for");
  const at::NoGradGuard no_grad;
  const bool with_loss = loss != nullptr, with_variances = member_variances != nullptr;
  const auto work = [&](const Batch& batch) { return prediction::told_of(job, batch, with_loss, with_variances); };
  const char* kind = with_loss ? "outputs, loss" : with_variances ? "outputs, variances" : "outputs";
  const auto size = static_cast<std::size_t>(job.settings.eval_batch);
  std::vector<Told> all;
  for (std::size_t begin = 0; begin < rows.size(); begin += size) {
    const Batch batch = make_batch(job, rows.subspan(begin, std::min(size, rows.size() - begin)), with_loss);
    const bool replayable = job.network.replayable(with_loss ? DeviceWork::kLoss : DeviceWork::kOutputs) && !batch.weights.defined();
    all.push_back(prediction::kept(job.replays->run(batch, {.kind = kind, .replayable = replayable, .work = work, .warm_up = work})));
  }
  Predictions predictions;
  predictions.values.reserve(rows.size() * static_cast<std::size_t>(job.data.target_count));
  for (const Told& told : all) {  // read last: a device is not waited for in between
    prediction::append_predictions(job, told.tensors[0], predictions);
    if (member_variances != nullptr) prediction::append_variances(job, told.tensors[1], *member_variances);
    if (loss == nullptr) continue;
    loss->sum += told.tensors.back().item<double>();
    loss->count += told.count;
  }
  return predictions;
}

Predictor::Predictor(Network& network, const FitSettings& settings, const FitData& data, at::Device device)
    : job_(std::make_shared<FitJob>(make_job(network, settings, data, device))) {}

Predictions Predictor::operator()(std::span<const std::int64_t> rows) const { return evaluate(*job_, rows, nullptr); }

Predictions predict(Network& network, const FitSettings& settings, const FitData& data,
                    std::span<const std::int64_t> rows, at::Device device) {
  return Predictor(network, settings, data, device)(rows);
}

}  // namespace seqbench::train
