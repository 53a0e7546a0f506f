#pragma once
// What a model brings. A model is one file (models/NAME.cpp) or folder (models/NAME/NAME.cpp) that ends in
// SEQBENCH_MODEL(NAME) { ... }. It takes views, never a task, so it may enter every leaderboard whose task
// offers one of its views.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/catalog.h"
#include "harness/base/streams.h"
#include "harness/contract/folder_model.h"
#include "harness/contract/view.h"

namespace seqbench {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// Rows of one step. Shapes: B rows, T targets.
struct Batch {
  std::vector<NamedTensor> inputs;  // the model's own, from its collate; [B, ...]
  at::Tensor labels;                // [B, T], scaled as the network is trained; the loop fills it in where a loss is wanted
  at::Tensor weights;               // [B], undefined where all weigh 1; the loop fills it in
  std::vector<std::int64_t> rows;   // example indices, [B]
  [[nodiscard]] const at::Tensor& input(std::string_view name) const;  // assertion when absent
  [[nodiscard]] at::Tensor input_if_any(std::string_view name) const;  // undefined when absent
};

/// Where a forward pass stands: dropout masks are a function of it.
struct Pass {
  bool training = false;
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::int64_t first_row = 0;  // of the batch within its step, where gradients are accumulated over several
  std::span<const std::int64_t> lengths = {};  // what is passed on as [1, tokens, ...] holds rows end to end, of so many tokens
};

/// Sum and count, never a mean: short last batches and accumulated batches then weigh right.
struct LossSum {
  at::Tensor sum;    // scalar, differentiable
  double count = 0;  // sum of weights
};

/// Losses by name over outputs [B, T]: "mse" and "huber" (delta 1) against labels, "bce" on logits against 0/1.
/// Throws InputError naming the known losses.
[[nodiscard]] LossSum loss_sum(std::string_view name, const at::Tensor& outputs, const Batch& batch);

/// What a device is sent at once: a training step, an evaluation pass with its loss, one without.
enum class DeviceWork { kStep, kLoss, kOutputs };

/// Targets are trained as (target - mean) / sd, one of each a target.
struct TargetScale {
  std::vector<double> mean, sd;
};

/// Trained by the harness's one loop. Predictions are raw: scaled targets, or logits (binary: one logit a row).
class Network {
 public:
  virtual ~Network() = default;
  /// Inputs of these rows (on the CPU); padding is decided here and must not change a row's output.
  [[nodiscard]] virtual Batch collate(const View& view, std::span<const std::int64_t> rows) const = 0;
  /// [B, T]. In evaluation a row's output depends on that row alone.
  [[nodiscard]] virtual at::Tensor forward(const Batch& batch, const Pass& pass) = 0;
  [[nodiscard]] virtual LossSum loss(std::string_view name, const at::Tensor& outputs, const Batch& batch) {
    return loss_sum(name, outputs, batch);
  }
  /// Whether forward gives [B, 2 T]: predictions, then natural logarithms of their standard deviations, scaled as the labels.
  /// Metrics take the predictions; loss() is then the network's own.
  [[nodiscard]] virtual bool predicts_spread() const { return false; }
  /// Networks whose mean the predictions are, for train.keep = "agreement".
  [[nodiscard]] virtual std::int64_t members() const { return 1; }
  /// Of the last evaluation pass, with several members: the variance of their predictions, without any noise, [B, T], scaled as
  /// the labels.
  [[nodiscard]] virtual at::Tensor member_variance() const { return {}; }
  /// Trained tensors, in a fixed order, names unique; the tensors themselves, not copies.
  [[nodiscard]] virtual std::vector<NamedTensor> parameters() = 0;
  /// State that is saved but not trained.
  [[nodiscard]] virtual std::vector<NamedTensor> buffers() { return {}; }
  /// Weights that stay as they were made: moved to the device, never saved, no gradient.
  [[nodiscard]] virtual std::vector<NamedTensor> frozen() { return {}; }
  /// Whether such work is the same for every batch of one form (names, shapes and kinds of its tensors), whatever the values and
  /// rows are, never waits for the device and has no lasting effect but on gradients: then it is recorded once and replayed.
  [[nodiscard]] virtual bool replayable(DeviceWork /*work*/) const { return false; }
  /// Whether weight decay acts on this parameter.
  [[nodiscard]] virtual bool decays(std::string_view /*parameter*/) const { return true; }
  /// Length of each row in the network's own unit (tokens), for train.length_buckets; nothing: all are alike.
  [[nodiscard]] virtual std::vector<std::int64_t> lengths(const View& /*view*/,
                                                          std::span<const std::int64_t> /*rows*/) const {
    return {};
  }
  /// Writes the model as it stands as a new folder that `predict` reads (FolderModel), its outputs in the task's units:
  /// `scale` is what training divided targets by. InputError: this model has no such form.
  virtual void write_folder(const std::filesystem::path& folder, const TargetScale& scale) const;
  /// Rows of one epoch in order, for train.sampler = "model": a function of its arguments alone.
  /// Nothing: the model brings no sampler.
  [[nodiscard]] virtual std::optional<std::vector<std::int64_t>> sample_epoch(
      std::span<const std::int64_t> /*train_rows*/, std::int64_t /*epoch*/) const {
    return std::nullopt;
  }
};

/// Rows of the data set with what a fit may know of them.
struct FitRows {
  const View& view;
  std::span<const std::int64_t> rows;  // indices into the view, [n]
  std::span<const double> targets;     // [n, T], same order as rows
  std::span<const double> weights;     // [n]
};

/// What a fit made cannot serve as predictions.
struct WrongAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Hooks of a long fit.
struct FitControl {
  /// Rows whose predictions will be asked for besides those of training and validation; their labels are nowhere.
  std::span<const std::int64_t> test_rows = {};
  /// Throws Interrupted when a stop was asked for; call it between parts of the work.
  std::function<void()> check_stop = [] {};
  /// Work done so far of work in all, in any unit.
  std::function<void(std::int64_t done, std::int64_t all)> progress = [](std::int64_t, std::int64_t) {};
};

/// Fits itself; hyper-parameters are chosen on `validation`, never on test rows (it sees none).
class Estimator {
 public:
  virtual ~Estimator() = default;
  virtual void fit(const FitRows& train, const FitRows& validation, const FitControl& control) = 0;
  /// [n, T] in the task's units; binary: probabilities of class 1.
  [[nodiscard]] virtual std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const = 0;
  /// Standard deviations of what predict gives, [n, T], in the task's units; nothing: the model knows none.
  [[nodiscard]] virtual std::vector<double> spread(const View& /*view*/, std::span<const std::int64_t> /*rows*/) const { return {}; }
  /// Everything that predict needs.
  [[nodiscard]] virtual std::vector<NamedTensor> state() const = 0;
  /// Throws InputError naming missing or surplus tensors.
  virtual void load_state(std::span<const NamedTensor> state) = 0;
  /// Facts for the record: the strength chosen, and the like.
  [[nodiscard]] virtual std::vector<Setting> chosen() const { return {}; }
};

/// All that a model is made from.
struct ModelContext {
  const Params& params;
  const View& view;  // shapes only: a network must not read labels from anywhere, and has none here
  TaskKind kind = TaskKind::kRegression;
  std::int64_t targets = 1;
  Streams streams;                          // the trial's
  at::ScalarType dtype = at::ScalarType::Float;  // double in gradient checks
  std::span<const std::string> ids = {};         // of the view's rows: names, for programs that answer by name
  std::filesystem::path cache = {};              // a folder for what is costly and the same in every trial; "": nowhere
  FitControl control = {};                       // for a model that is long in the making
};

/// What pretraining goes on from: a folder's encoder and masked language model's head on a view of texts.
struct LanguageModelContext {
  std::filesystem::path folder;
  const View& view;
  Streams streams;
  std::int64_t max_length = 0;  // tokens; 0: the folder's own limit
  double masked = 0.15;         // share of a text's tokens that have to be told
  double kept = 0.1;            // of those: shown as they are
  double random = 0.1;          // of those: shown as any token; the rest as the mask
};

struct ModelEntry : ModelInfo {
  /// Exactly one of the two; trained_by_loop says which.
  std::unique_ptr<Network> (*network)(const ModelContext&) = nullptr;
  std::unique_ptr<Estimator> (*estimator)(const ModelContext&) = nullptr;
  /// Both or neither: whether a folder with this config.json is of this family, and the folder opened. InputError names
  /// the key and value of a configuration that is not supported.
  bool (*reads_folder)(const Json& config) = nullptr;
  std::unique_ptr<FolderModel> (*open_folder)(const std::filesystem::path& folder, const FolderOptions&) = nullptr;
  /// Writes MergeOptions::out. InputError where the adapter does not fit, or `out` is there already.
  void (*merge)(const MergeOptions&) = nullptr;
  /// [B, 1]: a text's sum of cross entropies over its masked tokens, of which loss() makes the mean over tokens.
  std::unique_ptr<Network> (*language_model)(const LanguageModelContext&) = nullptr;
};

struct NamedModel {
  std::string_view name;
  ModelEntry (*make)();
};
std::span<const NamedModel> models_table();

}  // namespace seqbench

/// Opens the entry of the model whose file or folder has this name; only declares and defines `models_NAME`.
#define SEQBENCH_MODEL(name)            \
  ::seqbench::ModelEntry models_##name(); \
  ::seqbench::ModelEntry models_##name()
