#include "harness/train/batches.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/MT19937RNGEngine.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

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

template <typename Number>
void fill_labels(const FitJob& job, std::span<const std::int64_t> rows, Number* out) {
  const std::int64_t targets = job.data.target_count;
  for (const std::int64_t row : rows) {
    for (std::int64_t t = 0; t < targets; ++t) {
      const auto column = static_cast<std::size_t>(t);
      *out++ = static_cast<Number>((target(job.data, row, t) - job.scale.mean[column]) / job.scale.sd[column]);
    }
  }
}

at::Tensor labels_of(const FitJob& job, std::span<const std::int64_t> rows) {
  const bool single = job.dtype == at::kFloat;
  at::Tensor labels = at::empty({static_cast<std::int64_t>(rows.size()), job.data.target_count}, single ? at::kFloat : at::kDouble);
  if (single) fill_labels(job, rows, labels.mutable_data_ptr<float>());
  else fill_labels(job, rows, labels.mutable_data_ptr<double>());
  return labels.to(job.dtype);
}

at::Tensor weights_of(const FitJob& job, std::span<const std::int64_t> rows) {
  if (job.data.weights.empty()) return {};
  at::Tensor weights = at::empty({static_cast<std::int64_t>(rows.size())}, at::kDouble);
  auto* out = weights.mutable_data_ptr<double>();
  for (const std::int64_t row : rows) *out++ = job.data.weights[static_cast<std::size_t>(row)];
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

/// Of the Trainer of Hugging Face: the permutation of torch.randperm on the CPU, seeded anew each epoch.
std::vector<std::int64_t> torch_order(std::span<const std::int64_t> rows, std::uint64_t seed) {
  SEQBENCH_ASSERT(rows.size() < 0xFFFFFFFFu / 20, "torch shuffles longer lists in another way");
  at::mt19937 engine(seed);
  std::vector<std::int64_t> order(rows.begin(), rows.end());
  for (std::size_t i = 0; i + 1 < order.size(); ++i) std::swap(order[i], order[i + engine() % (order.size() - i)]);
  return order;
}

std::vector<std::int64_t> drawn_rows(const FitJob& job, const Streams& streams, std::int64_t epoch) {
  const FitSettings& settings = job.settings;
  if (settings.sampler == "model") return sampled_rows(job, epoch);
  if (settings.sampler != "plain") {
    throw InputError(fmt::format("'train.sampler' must be one of plain, model, got \"{}\"", printable(settings.sampler)));
  }
  if (settings.order == "hf") return torch_order(job.data.train, streams.seed() + static_cast<std::uint64_t>(epoch));
  if (settings.order != "streams") {
    throw InputError(fmt::format("'train.order' must be one of streams, hf, got \"{}\"", printable(settings.order)));
  }
  std::vector<std::int64_t> rows(job.data.train.begin(), job.data.train.end());
  Draws draws = streams.open("order").at({.epoch = static_cast<std::uint32_t>(epoch)});
  draws.shuffle(std::span<std::int64_t>(rows));
  return rows;
}

/// The longest first; equal ones stay in order.
void sort_by_length(const FitJob& job, std::span<std::int64_t> rows) {
  const std::vector<std::int64_t> lengths = job.network.lengths(job.data.view, rows);
  if (lengths.empty()) throw InputError("'train.length_buckets' is set, but the model has no lengths to sort by");
  SEQBENCH_ASSERT(lengths.size() == rows.size(), "a network gives a length for each row");
  std::vector<std::pair<std::int64_t, std::int64_t>> sorted;
  for (std::size_t i = 0; i < rows.size(); ++i) sorted.emplace_back(lengths[i], rows[i]);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = sorted[i].second;
}

std::vector<std::int64_t> bucketed(const FitJob& job, std::vector<std::int64_t> rows, Draws draws) {
  const auto batch = static_cast<std::size_t>(job.settings.batch);
  const std::size_t whole = rows.size() / batch, group = static_cast<std::size_t>(job.settings.length_buckets);
  for (std::size_t first = 0; first < whole; first += group) {
    sort_by_length(job, std::span(rows).subspan(first * batch, std::min(group, whole - first) * batch));
  }
  std::vector<std::size_t> batches(whole);
  std::iota(batches.begin(), batches.end(), std::size_t{0});
  draws.shuffle(std::span<std::size_t>(batches));
  std::vector<std::int64_t> order;
  order.reserve(rows.size());
  for (const std::size_t index : batches) {
    const auto part = std::span(rows).subspan(index * batch, batch);
    order.insert(order.end(), part.begin(), part.end());
  }
  order.insert(order.end(), rows.begin() + static_cast<std::ptrdiff_t>(whole * batch), rows.end());
  return order;
}

}  // namespace
}  // namespace batches

FitJob make_job(Network& network, const FitSettings& settings, const FitData& data, at::Device device) {
  SEQBENCH_ASSERT(data.target_count >= 1, "a task has targets");
  const std::vector<NamedTensor> parameters = network.parameters();
  batches::move_to(parameters, device);
  batches::move_to(network.buffers(), device);
  batches::move_to(network.frozen(), device);
  const at::ScalarType dtype = parameters.empty() ? at::kFloat : parameters.front().tensor.scalar_type();
  return {network, settings, data, device, dtype, batches::scale_of(settings, data), std::make_shared<Replays>(device)};
}

Batch make_batch(const FitJob& job, std::span<const std::int64_t> rows, bool with_labels) {
  Batch batch = job.network.collate(job.data.view, rows);
  batch.rows.assign(rows.begin(), rows.end());
  if (!with_labels) return batch;
  batch.labels = batches::labels_of(job, rows);
  batch.weights = batches::weights_of(job, rows);
  return batch;
}

Precision::Precision(const FitJob& job) : device_(job.device.type()), enabled_(job.settings.precision == "bf16") {
  if (!enabled_) return;
  before_ = at::autocast::is_autocast_enabled(device_);
  dtype_before_ = at::autocast::get_autocast_dtype(device_);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

Precision::~Precision() {
  if (!enabled_) return;
  // The outermost exit forgets the parameters' casts: the next step has other values.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, before_);
  at::autocast::set_autocast_dtype(device_, dtype_before_);
}

at::Tensor forward(const FitJob& job, const Batch& batch, const Pass& pass) {
  at::Tensor outputs = job.network.forward(batch, pass);
  const std::int64_t targets = job.data.target_count;
  SEQBENCH_ASSERT(outputs.dim() == 2 && outputs.size(0) == static_cast<std::int64_t>(batch.rows.size()), "forward gives a row each");
  // An ensemble in training gives all that its members do.
  const bool fits = job.network.predicts_spread() ? outputs.size(1) >= 2 * targets && outputs.size(1) % targets == 0
                                                  : outputs.size(1) == targets;
  SEQBENCH_ASSERT(fits, "forward gives [B, T], or [B, 2 T] with its spread");
  return outputs.to(job.dtype);
}

std::vector<std::int64_t> epoch_rows(const FitJob& job, const Streams& streams, std::int64_t epoch) {
  std::vector<std::int64_t> rows = batches::drawn_rows(job, streams, epoch);
  if (job.settings.length_buckets <= 0 || job.settings.batch < 1) return rows;  // a batch of 0 is refused later
  const Counter at{.epoch = static_cast<std::uint32_t>(epoch), .item = 1};  // item 0 drew the rows
  return batches::bucketed(job, std::move(rows), streams.open("order").at(at));
}

}  // namespace seqbench::train
