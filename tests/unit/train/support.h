#pragma once
// A small network with everything that makes resuming hard: dropout, a buffer that training moves, a sampler.

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "harness/base/error.h"
#include "harness/train/fit.h"
#include "harness/tensors/safetensors.h"

namespace seqbench::train {

inline at::Tensor doubles(const std::vector<double>& values, at::IntArrayRef shape) {
  at::Tensor result = at::empty(shape, at::kDouble);
  std::memcpy(result.mutable_data_ptr(), values.data(), values.size() * sizeof(double));
  return result;
}

inline std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto* begin = flat.const_data_ptr<double>();
  return {begin, begin + flat.numel()};
}

/// The rows of `view.values` as input "x", in the network's dtype.
inline Batch dense_rows(const View& view, std::span<const std::int64_t> rows, at::ScalarType dtype) {
  Batch batch;
  batch.inputs.push_back({"x", std::get<DenseView>(view.data).gather(rows).to(dtype)});
  return batch;
}

class TinyNetwork : public Network {
 public:
  static constexpr std::int64_t kHidden = 8;

  TinyNetwork(const Streams& streams, std::int64_t features, std::int64_t targets,
              at::ScalarType dtype = at::kFloat, double dropout = 0.2)
      : streams_(streams), dtype_(dtype), dropout_(dropout) {
    add("hidden.weight", {kHidden, features});
    add("hidden.bias", {kHidden});
    add("out.weight", {targets, kHidden});
    add("out.bias", {targets});
    mean_ = at::zeros({features}, dtype);
  }

  Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return dense_rows(view, rows, dtype_);
  }

  at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor& x = batch.input("x");
    if (pass.training) mean_.mul_(0.9).add_(x.mean(0), 0.1);
    at::Tensor hidden = at::linear(x - mean_, parameters_[0].tensor, parameters_[1].tensor).tanh();
    if (pass.training && dropout_ > 0) hidden = hidden * mask(x.size(0), pass);
    return at::linear(hidden, parameters_[2].tensor, parameters_[3].tensor);
  }

  std::vector<NamedTensor> parameters() override { return parameters_; }
  std::vector<NamedTensor> buffers() override { return {{"mean", mean_}}; }

  std::vector<std::int64_t> lengths(const View&, std::span<const std::int64_t> rows) const override {
    std::vector<std::int64_t> result;
    for (const std::int64_t row : rows) result.push_back(row * 5 % 7);
    return result;
  }

  /// With replacement.
  std::optional<std::vector<std::int64_t>> sample_epoch(std::span<const std::int64_t> train_rows,
                                                        std::int64_t epoch) const override {
    Draws draws = streams_.open("sampler").at({.epoch = static_cast<std::uint32_t>(epoch)});
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < train_rows.size(); ++i) rows.push_back(train_rows[draws.below(train_rows.size())]);
    return rows;
  }

 private:
  void add(const std::string& name, const std::vector<std::int64_t>& shape) {
    Draws draws = streams_.open("init/" + name).at();
    std::vector<double> values(
        static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
    for (double& value : values) value = draws.normal() * 0.5;
    parameters_.push_back({name, doubles(values, shape).to(dtype_)});
  }

  [[nodiscard]] at::Tensor mask(std::int64_t rows, const Pass& pass) const {
    const Stream stream = streams_.open("dropout/hidden");
    std::vector<double> keep;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::uint32_t block = 0; block < kHidden / 4; ++block) {
        const PhiloxBlock words =
            stream.block(block, {static_cast<std::uint32_t>(pass.epoch), static_cast<std::uint32_t>(pass.step),
                                 static_cast<std::uint32_t>(row)});
        for (const std::uint32_t word : words) {
          keep.push_back(static_cast<double>(word) < dropout_ * 4294967296.0 ? 0.0 : 1 / (1 - dropout_));
        }
      }
    }
    return doubles(keep, {rows, kHidden}).to(dtype_);
  }

  Streams streams_;
  at::ScalarType dtype_;
  double dropout_;
  std::vector<NamedTensor> parameters_;
  at::Tensor mean_;
};

/// 61 rows of 4 features with a smooth noisy target.
struct World {
  static constexpr std::int64_t kRows = 61, kFeatures = 4;
  View view;
  std::vector<double> targets, weights;
  std::vector<std::int64_t> train, validation, test;
  TaskKind kind = TaskKind::kRegression;

  World() {
    Draws draws = Streams(7).open("test").at();
    std::vector<double> x;
    for (std::int64_t row = 0; row < kRows; ++row) {
      double sum = 0;
      for (std::int64_t f = 0; f < kFeatures; ++f) {
        x.push_back(draws.normal());
        sum += std::sin(x.back() * static_cast<double>(f + 1));
      }
      targets.push_back(100 + 25 * (sum + 0.3 * draws.normal()));
      (row % 5 == 3 ? validation : row % 5 == 4 ? test : train).push_back(row);
    }
    view = {"dense", DenseView{doubles(x, {kRows, kFeatures}).to(at::kFloat)}};
  }

  [[nodiscard]] FitData data() const {
    FitData result{.view = view, .train = train, .validation = validation, .test = test,
                   .targets = targets, .weights = weights};
    result.metric = [this](std::span<const double> predictions, std::span<const std::int64_t> rows) {
      double sum = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const double error = predictions[i] - targets[static_cast<std::size_t>(rows[i])];
        sum += error * error;
      }
      return sum / static_cast<double>(rows.size());
    };
    result.metric_name = "mse";
    result.kind = kind;
    return result;
  }
};

struct CurvePoint {
  std::string name;
  int split;
  std::int64_t step;
  double epoch;
  std::uint64_t bits;  // of the value, so that NaN equals itself
  [[nodiscard]] double value() const { return std::bit_cast<double>(bits); }
  bool operator==(const CurvePoint&) const = default;
};

/// Hooks that write down what they are told; a checkpoint passes through the bytes of its file.
struct Recorder {
  std::vector<CurvePoint> curve = {};
  std::int64_t step = 0, stop_at = -1, save_every = 0;
  std::string file = {};  // of the last checkpoint

  [[nodiscard]] FitHooks hooks() {
    FitHooks result;
    result.on_curve = [this](const std::string& name, int split, std::int64_t at, double epoch, double value) {
      curve.push_back({name, split, at, epoch, std::bit_cast<std::uint64_t>(value)});
    };
    result.on_step = [this](std::int64_t at, std::int64_t, double, double, double) { step = at; };
    result.stop_requested = [this] { return step == stop_at; };
    result.checkpoint_due = [this] { return save_every > 0 && step % save_every == 0; };
    result.save = [this](std::int64_t at, const std::vector<NamedTensor>& tensors, const Json& state) {
      SEQBENCH_ASSERT(at == step, "a checkpoint is of the step just done");
      file = tensors::to_safetensors(tensors, {{"state", state.dump()}});
    };
    return result;
  }
  [[nodiscard]] Checkpoint checkpoint() const {
    const tensors::TensorFile read = tensors::from_safetensors(file, "checkpoint");
    return {read.tensors, parse_json(read.metadata.at("state"), "checkpoint")};
  }
  [[nodiscard]] std::vector<CurvePoint> points(const std::string& name, int split) const {
    std::vector<CurvePoint> result;
    for (const CurvePoint& point : curve) {
      if (point.name == name && point.split == split) result.push_back(point);
    }
    return result;
  }
};

/// 37 training rows: 4 whole batches and one of 5.
inline FitSettings tiny_settings() {
  FitSettings settings;
  settings.learning_rate = 0.05;
  settings.batch = 8;
  settings.eval_batch = 5;
  settings.epochs = 8;
  settings.weight_decay = 0.01;
  return settings;
}

/// Outputs `bias` + a number of the row; writes down what it was given.
class RowNetwork : public Network {
 public:
  explicit RowNetwork(std::vector<double> numbers) : numbers_(std::move(numbers)) {}

  Batch collate(const View&, std::span<const std::int64_t> rows) const override {
    std::vector<double> values;
    for (const std::int64_t row : rows) values.push_back(numbers_[static_cast<std::size_t>(row)]);
    Batch batch;
    batch.inputs.push_back({"x", doubles(values, {static_cast<std::int64_t>(rows.size()), 1})});
    return batch;
  }
  at::Tensor forward(const Batch& batch, const Pass& pass) override {
    (pass.training ? trained : evaluated).push_back(batch.rows);
    if (pass.training) passes.push_back(pass);
    labels = batch.labels;
    return batch.input("x") + bias_;
  }
  std::vector<NamedTensor> parameters() override { return {{"bias", bias_}}; }

  std::vector<std::vector<std::int64_t>> trained, evaluated;  // rows of each batch
  std::vector<Pass> passes;
  at::Tensor labels;  // of the last batch

 private:
  std::vector<double> numbers_;
  at::Tensor bias_ = at::zeros({1}, at::kDouble);
};

inline std::vector<double> zeros(std::size_t count = World::kRows) { return std::vector<double>(count, 0.0); }

/// Parameters and buffers that a fit of the tiny network ends with.
inline std::vector<double> weights_after(const FitSettings& settings, const FitData& data,
                                         FitResult* result = nullptr) {
  TinyNetwork network(Streams(5), World::kFeatures, 1);
  const FitResult got = fit(network, settings, data, Streams(5), at::kCPU, {}, nullptr);
  if (result != nullptr) *result = got;
  std::vector<double> all;
  std::vector<NamedTensor> tensors = network.parameters();
  tensors.push_back(network.buffers().front());
  for (const NamedTensor& entry : tensors) {
    const std::vector<double> values = values_of(entry.tensor);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace seqbench::train
