#pragma once
// What every part of a fit works on, and how its rows become batches. B rows, T targets.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "harness/train/fit.h"
#include "harness/train/replays.h"

namespace seqbench::train {

struct FitJob {
  Network& network;
  const FitSettings& settings;
  const FitData& data;
  at::Device device;
  at::ScalarType dtype;  // of the parameters; labels and weights are cast to it
  TargetScale scale;     // of the training targets (population deviation); 0 and 1 where they are not scaled
  std::shared_ptr<Replays> replays;  // of evaluation passes
};

/// Moves the network to `device`.
[[nodiscard]] FitJob make_job(Network& network, const FitSettings& settings, const FitData& data,
                              at::Device device);
/// The network's inputs of these rows, with labels (scaled) and weights where a loss is wanted, on the CPU.
[[nodiscard]] Batch make_batch(const FitJob& job, std::span<const std::int64_t> rows, bool with_labels = true);
/// While it lives, the network computes in the precision that the settings name: for bf16 under torch's autocast,
/// which casts matrix products and keeps parameters, normalizations and losses in f32.
class Precision {
 public:
  explicit Precision(const FitJob& job);
  ~Precision();
  Precision(const Precision&) = delete;
  Precision& operator=(const Precision&) = delete;

 private:
  at::DeviceType device_;
  bool enabled_, before_ = false;
  at::ScalarType dtype_before_ = at::ScalarType::Undefined;
};
/// Outputs [B, T], or [B, 2 T] of a network that predicts_spread, in the dtype of the parameters, for a loss in full precision.
[[nodiscard]] at::Tensor forward(const FitJob& job, const Batch& batch, const Pass& pass);

/// The training rows of one epoch, in order. Throws InputError when the network was asked for its sampler or for
/// lengths and brings none, or draws a row that is not for training. With train.length_buckets each group of that
/// many whole batches is sorted by length, the longest first, and the batches are shuffled; what is left over stays
/// last, as drawn.
[[nodiscard]] std::vector<std::int64_t> epoch_rows(const FitJob& job, const Streams& streams, std::int64_t epoch);

/// A loss over many batches.
struct LossTotal {
  double sum = 0, count = 0;
  [[nodiscard]] double mean() const { return sum / count; }
};
/// `loss`, where asked for, is added to; to `member_variances` [rows, T], in the task's units, is appended.
[[nodiscard]] Predictions evaluate(const FitJob& job, std::span<const std::int64_t> rows, LossTotal* loss,
                                   std::vector<double>* member_variances = nullptr);

}  // namespace seqbench::train
