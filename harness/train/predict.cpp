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

}  // namespace
}  // namespace prediction

Predictions evaluate(const FitJob& job, std::span<const std::int64_t> rows, LossTotal* loss, std::vector<double>* member_variances) {
  SEQBENCH_ASSERT(job.settings.eval_batch >= 1, "eval_batch is in its range");
  const at::NoGradGuard no_grad;
  Predictions predictions;
  predictions.values.reserve(rows.size() * static_cast<std::size_t>(job.data.target_count));
  const auto size = static_cast<std::size_t>(job.settings.eval_batch);
  for (std::size_t begin = 0; begin < rows.size(); begin += size) {
    const auto part = rows.subspan(begin, std::min(size, rows.size() - begin));
    const Batch batch = make_batch(job, part);
    const Precision precision(job);
    const at::Tensor outputs = forward(job, batch, Pass{});
    prediction::append_predictions(job, outputs, predictions);
    if (member_variances != nullptr) prediction::append_variances(job, job.network.member_variance(), *member_variances);
    if (loss == nullptr) continue;
    const LossSum part_loss = job.network.loss(job.settings.loss, outputs, batch);
    loss->sum += part_loss.sum.item<double>();
    loss->count += part_loss.count;
  }
  return predictions;
}

Predictions predict(Network& network, const FitSettings& settings, const FitData& data,
                    std::span<const std::int64_t> rows, at::Device device) {
  return evaluate(make_job(network, settings, data, device), rows, nullptr);
}

}  // namespace seqbench::train
