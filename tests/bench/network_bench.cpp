// A training step and a forward pass of small_cnn at GFP's shape, in one thread.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "harness/base/streams.h"
#include "harness/contract/tables.h"
#include "harness/train/device.h"
#include "harness/train/optimizer.h"
#include "tests/bench/bench.h"

namespace seqbench::bench {
namespace {

constexpr std::int64_t kLength = 237, kSymbols = 21, kBatch = 64;

View codes() {
  CodeView view{at::empty({kBatch, kLength}, at::kByte), at::empty({kBatch}, at::kLong), kSymbols};
  view.lengths.fill_(kLength);
  Draws draws = Streams(1).open("test").at();
  auto* code = view.codes.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < kBatch * kLength; ++i) code[i] = static_cast<std::uint8_t>(draws.below(kSymbols));
  return {"one_hot", view};
}

const ModelEntry& entry() {
  static const Tables kTables({}, {models_table().begin(), models_table().end()});
  return kTables.model("small_cnn");
}

/// The network, one batch of rows, and its optimizer with the entry's own settings.
class Bench {
 public:
  Bench() : view_(codes()), params_(entry().params), network_(entry().network({params_, view_, TaskKind::kRegression, 1, Streams(0)})) {
    for (const NamedTensor& parameter : network_->parameters()) parameter.tensor.set_requires_grad(true);
    optimizer_ = std::make_unique<train::Optimizer>(train::FitSettings{}, network_->parameters());
    std::iota(rows_.begin(), rows_.end(), 0);
    labels_ = at::empty({kBatch, 1}, at::kFloat);
    Draws draws = Streams(2).open("test").at();
    for (std::int64_t i = 0; i < kBatch; ++i) labels_.mutable_data_ptr<float>()[i] = static_cast<float>(draws.normal());
  }

  /// Collate, forward, loss, backward, optimizer: the mean loss before the step.
  double train_step(std::int64_t step) {
    Batch batch = network_->collate(view_, rows_);
    batch.labels = labels_;
    batch.weights = at::ones({kBatch}, at::kFloat);
    optimizer_->zero_grad();
    const at::Tensor outputs = network_->forward(batch, {.training = true, .epoch = 0, .step = step});
    const LossSum loss = network_->loss("mse", outputs, batch);
    const at::Tensor mean = loss.sum.div(loss.count);
    mean.backward();
    optimizer_->step(1e-3);
    return mean.item<double>();
  }

  [[nodiscard]] std::vector<double> predict(std::span<const std::int64_t> rows) const {
    const at::NoGradGuard no_grad;
    const at::Tensor out = network_->forward(network_->collate(view_, rows), {}).to(at::kDouble).contiguous();
    return {out.const_data_ptr<double>(), out.const_data_ptr<double>() + out.numel()};
  }

  [[nodiscard]] std::span<const std::int64_t> rows() const { return rows_; }

 private:
  View view_;
  Params params_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<train::Optimizer> optimizer_;
  std::vector<std::int64_t> rows_ = std::vector<std::int64_t>(kBatch);
  at::Tensor labels_;
};

void verify_training() {
  Bench bench;
  const double before = bench.train_step(0);
  double after = before;
  for (std::int64_t step = 1; step < 60; ++step) after = bench.train_step(step);
  require(std::isfinite(before) && after < 0.5 * before, fmt::format("60 steps took the loss from {} to {}", before, after));
}

void verify_inference() {
  const Bench bench;
  const std::vector<double> together = bench.predict(bench.rows());
  require(together.size() == static_cast<std::size_t>(kBatch), "one output a row");
  for (std::size_t i = 0; i < together.size(); ++i) {
    const double alone = bench.predict(bench.rows().subspan(i, 1))[0];
    require(std::abs(alone - together[i]) < 1e-5, fmt::format("row {} alone gives {}, in a batch {}", i, alone, together[i]));
  }
}

void train_step(benchmark::State& state) {
  Bench bench;
  std::int64_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(bench.train_step(step++));
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void inference(benchmark::State& state) {
  const Bench bench;
  for (auto _ : state) benchmark::DoNotOptimize(bench.predict(bench.rows()));
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void register_all() {
  train::set_numerics(1);
  verify_training();
  verify_inference();
  const std::string shape = fmt::format("{}x{}/batch:{}", kLength, kSymbols, kBatch);
  benchmark::RegisterBenchmark(("small_cnn/train_step/" + shape).c_str(), &train_step)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark(("small_cnn/inference/" + shape).c_str(), &inference)->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) { return seqbench::bench::main_with(argc, argv, &seqbench::bench::register_all); }
