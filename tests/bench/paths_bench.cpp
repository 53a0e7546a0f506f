// Every fast path beside the plain one that it stands for: NAME/fast and NAME/plain, on the same values, in one thread.

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/optim/adam.h>

#include <functional>
#include <memory>
#include <vector>

#include "harness/base/streams.h"
#include "harness/contract/tables.h"
#include "harness/train/device.h"
#include "harness/train/optimizer.h"
#include "models/blocks/dropout.h"
#include "models/blocks/one_hot.h"
#include "models/blocks/product.h"
#include "models/two_state/row_sums.h"
#include "tests/bench/bench.h"

namespace seqbench::bench {
namespace {

using Work = std::function<at::Tensor()>;

at::Tensor drawn(std::initializer_list<std::int64_t> sizes, std::uint32_t item) {
  at::Tensor values = at::empty(sizes, at::kFloat);
  Draws draws = Streams(1).open("test").at({.item = item});
  for (std::int64_t i = 0; i < values.numel(); ++i) values.mutable_data_ptr<float>()[i] = static_cast<float>(draws.normal());
  return values;
}

/// Verifies that both give the same to `tolerance` and registers both.
void register_pair(const std::string& name, const Work& fast, const Work& plain, double tolerance) {
  const double apart = fast().sub(plain()).abs().max().item<double>();
  require(apart <= tolerance, fmt::format("{}: {} apart", name, apart));
  const auto timed = [](const Work& work) {
    return [work](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(work());
    };
  };
  benchmark::RegisterBenchmark((name + "/fast").c_str(), timed(fast))->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark((name + "/plain").c_str(), timed(plain))->Unit(benchmark::kMillisecond);
}

/// Forward and backward: the gradient of what is multiplied.
Work step(const at::Tensor& x, const at::Tensor& weight, const std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>& product) {
  return [=] {
    weight.mutable_grad() = at::Tensor();
    product(x, weight).sum().backward();
    return weight.grad();
  };
}

void register_products() {
  for (const auto& [rows, in, out] : {std::array<std::int64_t, 3>{64, 320, 128}, {192, 384, 384}, {1536, 768, 3072}}) {
    const at::Tensor x = drawn({rows, in}, 0).requires_grad_(true), weight = drawn({out, in}, 1).requires_grad_(true);
    const Work fast = step(x, weight, [](const at::Tensor& a, const at::Tensor& b) { return models::linear_by_one_dnn(a, b); });
    const Work plain = step(x, weight, [](const at::Tensor& a, const at::Tensor& b) { return at::linear(a, b); });
    register_pair(fmt::format("oneDNN product/{}x{}x{}", rows, in, out), fast, plain, 1e-3);
  }
}

/// As a weight that is stored transposed: its gradient in its own layout, or in the other.
void register_transposed() {
  const at::Tensor x = drawn({256, 1880}, 0), traits = drawn({1880, 64}, 1).requires_grad_(true);
  const Work fast = step(x, traits, [](const at::Tensor& a, const at::Tensor& b) { return models::linear_by_one_dnn(a, b.t()); });
  const Work plain = step(x, traits, [](const at::Tensor& a, const at::Tensor& b) { return at::linear(a, b.t()); });
  register_pair("oneDNN product/transposed weight", fast, plain, 1e-3);
}

constexpr std::int64_t kLength = 237, kSymbols = 21, kRows = 64;

/// Rows that differ from the reference, all zeros, in 4 places.
at::Tensor near_codes() {
  const at::Tensor codes = at::zeros({kRows, kLength}, at::kByte);
  Draws draws = Streams(1).open("test").at();
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (int i = 0; i < 4; ++i) codes.mutable_data_ptr<std::uint8_t>()[row * kLength + static_cast<std::int64_t>(draws.below(kLength))] = static_cast<std::uint8_t>(1 + draws.below(19));
  }
  return codes;
}

void register_one_hot() {
  const at::Tensor codes = near_codes(), reference = at::zeros({kLength}, at::kByte), bias = at::zeros({128}, at::kFloat);
  const at::Tensor weight = drawn({128, kSymbols * kLength}, 0).requires_grad_(true);
  const Work fast = step(codes, weight, [=](const at::Tensor& a, const at::Tensor& b) { return models::one_hot_linear(a, kSymbols, reference, b, bias); });
  const Work plain = step(codes, weight, [=](const at::Tensor& a, const at::Tensor& b) { return models::linear(models::one_hot(a, kSymbols, at::kFloat).flatten(1), b, bias); });
  register_pair("one-hot rows near a reference", fast, plain, 1e-3);
}

/// 4 rows of a table for each example.
void register_sums() {
  constexpr std::int64_t kExamples = 256, kEach = 4, kTable = 1880;
  const at::Tensor lower = drawn({kTable, kTable}, 0).tril(), places = at::empty({kExamples, kEach}, at::kLong);
  Draws draws = Streams(1).open("test").at();
  for (std::int64_t i = 0; i < places.numel(); ++i) places.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(draws.below(kTable));
  const at::Tensor begins = at::arange(0, places.numel(), kEach, places.options());
  const auto bags = [=] { return std::get<0>(at::embedding_bag(lower, places.flatten(), begins)); };
  register_pair("sums of a prior's rows", [=] { return models::two_state::row_sums(lower, places, true); }, bags, 1e-4);
  const at::Tensor table = drawn({kTable, 64}, 2), row = at::arange(kExamples).repeat_interleave(kEach);
  const auto laid_out = [=] { return at::zeros({kExamples, 64}, at::kFloat).index_add(0, row, table.index_select(0, places.flatten())); };
  register_pair("sums of short rows", [=] { return models::sums_by_row(table, places.flatten(), row, kExamples); }, laid_out, 1e-4);
}

/// Words of dropout masks: many blocks at once, or one after another.
void register_words() {
  for (const std::int64_t count : {128, 98304}) {
    const Stream stream = Streams(1).open("dropout/test");
    const auto words = std::make_shared<std::vector<std::uint32_t>>(static_cast<std::size_t>(count));
    const auto as_tensor = [=] { return at::from_blob(words->data(), {count}, at::kInt); };
    const auto one_by_one = [=] {
      for (std::size_t i = 0; i < words->size(); i += 4) std::ranges::copy(stream.block(static_cast<std::uint32_t>(i / 4), {}), words->begin() + static_cast<std::ptrdiff_t>(i));
      return as_tensor();
    };
    const auto together = [=] {
      stream.fill(0, {}, *words);
      return as_tensor();
    };
    const at::Tensor first = together().clone();
    require(first.equal(one_by_one()), "both draw the same words");
    register_pair(fmt::format("words of a mask/{}", count), together, one_by_one, 0);
  }
}

std::vector<NamedTensor> parameters_of(std::int64_t tensors, std::int64_t width) {
  std::vector<NamedTensor> all;
  for (std::int64_t i = 0; i < tensors; ++i) {
    const at::Tensor tensor = drawn({width, width}, 0).requires_grad_(true);
    tensor.mutable_grad() = drawn({width, width}, 1);
    all.push_back({std::to_string(i), tensor});
  }
  return all;
}

void register_adam() {
  for (const auto& [tensors, width] : {std::pair<std::int64_t, std::int64_t>{12, 64}, {4, 1024}}) {
    const std::vector<NamedTensor> ours = parameters_of(tensors, width), theirs = parameters_of(tensors, width);
    train::FitSettings settings;
    settings.optimizer = "adam";
    const auto fast = std::make_shared<train::Optimizer>(settings, ours);
    std::vector<at::Tensor> plain;
    for (const NamedTensor& entry : theirs) plain.push_back(entry.tensor);
    const auto torchs = std::make_shared<torch::optim::Adam>(plain, torch::optim::AdamOptions(1e-3));
    const auto step_fast = [=] {
      fast->step(1e-3);
      return ours.front().tensor.detach();
    };
    const auto step_plain = [=] {
      torchs->step();
      return theirs.front().tensor.detach();
    };
    register_pair(fmt::format("Adam/{} of {}x{}", tensors, width, width), step_fast, step_plain, 1e-5);
  }
}

void register_all() {
  train::set_numerics(1);
  register_products();
  register_transposed();
  register_one_hot();
  register_sums();
  register_words();
  register_adam();
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) { return seqbench::bench::main_with(argc, argv, &seqbench::bench::register_all); }
