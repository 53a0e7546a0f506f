#include "harness/train/batches.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::train {
namespace batches {
namespace {

double target(const FitData& data, std::int64_t row, std::int64_t t) {
  return data.targets[static_cast<std::size_t>(row * data.target_count + t)];
}

TargetScale scale_of(const FitSettings& settings, const FitData& data) {
  const auto targets = static_cast<std::size_t>(data.target_count);
  TargetScale scale{std::vector<double>(targets, 0.0), std::vector<double>(targets, 1.0)};
  if (!settings.scale_targets || data.kind != TaskKind::kRegression || data.train.empty()) return scale;
  const auto rows = static_cast<double>(data.train.size());
  for (std::size_t t = 0; t < targets; ++t) {
    double sum = 0, squares = 0;
    for (const std::int64_t row : data.train) sum += target(data, row, static_cast<std::int64_t>(t));
    scale.mean[t] = sum / rows;
    for (const std::int64_t row : data.train) {
      const double deviation = target(data, row, static_cast<std::int64_t>(t)) - scale.mean[t];
      squares += deviation * deviation;
    }
    if (squares > 0) scale.sd[t] = std::sqrt(squares / rows);
  }
  return scale;
}

void move_to(const std::vector<NamedTensor>& tensors, at::Device device) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& entry : tensors) {
    if (entry.tensor.device() != device) entry.tensor.set_data(entry.tensor.to(device));
  }
}

at::Tensor labels_of(const FitJob& job, std::span<const std::int64_t> rows) {
  const std::int64_t targets = job.data.target_count;
  at::Tensor labels = at::empty({static_cast<std::int64_t>(rows.size()), targets}, at::kDouble);
  auto* out = labels.mutable_data_ptr<double>();
  for (const std::int64_t row : rows) {
    for (std::int64_t t = 0; t < targets; ++t) {
      const auto column = static_cast<std::size_t>(t);
      *out++ = (target(job.data, row, t) - job.scale.mean[column]) / job.scale.sd[column];
    }
  }
  return labels.to(job.dtype);
}

at::Tensor weights_of(const FitJob& job, std::span<const std::int64_t> rows) {
  at::Tensor weights = at::empty({static_cast<std::int64_t>(rows.size())}, at::kDouble);
  auto* out = weights.mutable_data_ptr<double>();
  for (const std::int64_t row : rows) {
    *out++ = job.data.weights.empty() ? 1.0 : job.data.weights[static_cast<std::size_t>(row)];
  }
  return weights.to(job.dtype);
}

std::vector<std::int64_t> sampled_rows(const FitJob& job, std::int64_t epoch) {
  std::optional<std::vector<std::int64_t>> rows = job.network.sample_epoch(job.data.train, epoch);
  if (!rows) throw InputError("'train.sampler' is \"model\", but the model brings no sampler");
  std::vector<std::int64_t> allowed(job.data.train.begin(), job.data.train.end());
  std::sort(allowed.begin(), allowed.end());
  for (const std::int64_t row : *rows) {
    if (!std::binary_search(allowed.begin(), allowed.end(), row)) {
      throw InputError(fmt::format("the model's sampler drew row {}, which is not a training row", row));
    }
  }
  return std::move(*rows);
}

}  // namespace
}  // namespace batches

FitJob make_job(Network& network, const FitSettings& settings, const FitData& data, at::Device device) {
  SEQBENCH_ASSERT(data.target_count >= 1, "a task has targets");
  const std::vector<NamedTensor> parameters = network.parameters();
  batches::move_to(parameters, device);
  batches::move_to(network.buffers(), device);
  const at::ScalarType dtype = parameters.empty() ? at::kFloat : parameters.front().tensor.scalar_type();
  return {network, settings, data, device, dtype, batches::scale_of(settings, data)};
}

Batch make_batch(const FitJob& job, std::span<const std::int64_t> rows) {
  Batch batch = job.network.collate(job.data.view, rows);
  for (NamedTensor& input : batch.inputs) input.tensor = input.tensor.to(job.device);
  batch.labels = batches::labels_of(job, rows).to(job.device);
  batch.weights = batches::weights_of(job, rows).to(job.device);
  batch.rows.assign(rows.begin(), rows.end());
  return batch;
}

std::vector<std::int64_t> epoch_rows(const FitJob& job, const Streams& streams, std::int64_t epoch) {
  if (job.settings.sampler == "model") return batches::sampled_rows(job, epoch);
  if (job.settings.sampler != "plain") {
    throw InputError(fmt::format("'train.sampler' must be one of plain, model, got \"{}\"",
                                 printable(job.settings.sampler)));
  }
  std::vector<std::int64_t> rows(job.data.train.begin(), job.data.train.end());
  Draws draws = streams.open("order").at({.epoch = static_cast<std::uint32_t>(epoch)});
  draws.shuffle(std::span<std::int64_t>(rows));
  return rows;
}

}  // namespace seqbench::train
