// Parts of steps by a fast path and by the plain one that it stands for: NAME/fast and NAME/plain, on the same values, in one thread.

#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding_bag.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/optim/adam.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "harness/base/streams.h"
#include "harness/train/adam.h"
#include "harness/train/device.h"
#include "harness/train/optimizer.h"
#include "models/blocks/one_hot.h"
#include "models/blocks/product.h"
#include "models/blocks/relu_feed_forward.h"
#include "models/blocks/rotation.h"
#include "models/blocks/side_by_side.h"
#include "models/blocks/swiglu.h"
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

using Product = at::Tensor (*)(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

at::Tensor plain_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) { return at::linear(x, weight, bias); }

/// What comes out and the gradients of all that wants one, end to end.
at::Tensor forward_backward(const at::Tensor& out, const at::Tensor& upstream, const std::vector<at::Tensor>& wanted) {
  std::vector<at::Tensor> all{out.detach().flatten()};
  for (const at::Tensor& gradient : torch::autograd::grad({out}, wanted, {upstream})) all.push_back(gradient.flatten());
  return at::cat(all);
}

/// `transposed`: the weight is stored the other way round.
void register_product(std::int64_t rows, std::int64_t in, std::int64_t out, bool transposed) {
  const at::Tensor x = drawn({rows, in}, 0).requires_grad_(true), bias = drawn({out}, 2).requires_grad_(true);
  const at::Tensor stored = (transposed ? drawn({in, out}, 1) : drawn({out, in}, 1)).requires_grad_(true), upstream = drawn({rows, out}, 3);
  const auto by = [=](Product product) {
    return [=] { return forward_backward(product(x, transposed ? stored.t() : stored, bias), upstream, {x, stored, bias}); };
  };
  const std::string name = fmt::format("oneDNN product/{}x{}x{}{}", rows, in, out, transposed ? ", transposed" : "");
  register_pair(name, by(&models::linear_by_one_dnn), by(&plain_linear), 1e-2);
}

void register_products() {
  register_product(64, 320, 128, false);
  register_product(192, 384, 384, false);
  register_product(1536, 768, 3072, false);
  register_product(256, 1880, 64, true);
}

constexpr std::int64_t kLength = 237, kSymbols = 21, kRows = 64;

/// Rows that differ from the reference, all zeros, in 4 places.
at::Tensor near_codes() {
  const at::Tensor codes = at::zeros({kRows, kLength}, at::kByte);
  Draws draws = Streams(1).open("test").at();
  for (std::int64_t row = 0; row < kRows; ++row) {
    auto* code = codes.mutable_data_ptr<std::uint8_t>() + row * kLength;
    for (int i = 0; i < 4; ++i) code[draws.below(kLength)] = static_cast<std::uint8_t>(1 + draws.below(19));
  }
  return codes;
}

void register_one_hot() {
  const at::Tensor codes = near_codes(), reference = at::zeros({kLength}, at::kByte), upstream = drawn({kRows, 128}, 3);
  const at::Tensor weight = drawn({128, kSymbols * kLength}, 0).requires_grad_(true), bias = drawn({128}, 1).requires_grad_(true);
  const auto fast = [=] {
    return forward_backward(models::one_hot_linear(codes, kSymbols, reference, weight, bias), upstream, {weight, bias});
  };
  const auto plain = [=] {
    return forward_backward(models::linear(models::one_hot(codes, kSymbols, at::kFloat).flatten(1), weight, bias), upstream, {weight, bias});
  };
  register_pair("one-hot rows near a reference", fast, plain, 1e-3);
}

/// `each` rows of a table of 1,880 for each of `examples`.
at::Tensor drawn_places(std::int64_t examples, std::int64_t each) {
  at::Tensor places = at::empty({examples, each}, at::kLong);
  Draws draws = Streams(1).open("test").at();
  for (std::int64_t i = 0; i < places.numel(); ++i) places.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(draws.below(1880));
  return places;
}

/// Of a batch: long rows of a prior's factor, and short ones.
void register_sums() {
  using models::two_state::row_sums;
  const at::Tensor lower = drawn({1880, 1880}, 0).tril(), places = drawn_places(256, 4), begins = at::arange(0, 1024, 4, at::kLong);
  const auto bags = [=] { return std::get<0>(at::embedding_bag(lower, places.flatten(), begins)); };
  register_pair("sums of a prior's rows", [=] { return row_sums(lower, places, true); }, bags, 1e-4);
  const at::Tensor table = drawn({1880, 64}, 2), row = at::arange(256).repeat_interleave(4);
  const auto laid_out = [=] { return at::zeros({256, 64}, at::kFloat).index_add(0, row, table.index_select(0, places.flatten())); };
  register_pair("sums of short rows", [=] { return models::sums_by_row(table, places.flatten(), row, 256); }, laid_out, 1e-4);
  // Predictions of many rows: the product first, of the table alone, or last, of all sums.
  const at::Tensor traits = drawn({72, 1880}, 3), many = drawn_places(3072, 4);
  const auto first = [=] { return row_sums(models::linear(lower, traits), many, false); };
  const auto last = [=] { return models::linear(row_sums(lower, many, true), traits); };
  register_pair("product before sums, 3,072 rows", first, last, 1e-2);
}

/// Both decoders' traits of a batch, by one product or by two; forward and backward.
void register_decoders() {
  const at::Tensor x = drawn({256, 1880}, 0), upstream = drawn({256, 72}, 1);
  const at::Tensor narrow = drawn({1880, 8}, 2).requires_grad_(true), wide = drawn({1880, 64}, 3).requires_grad_(true);
  const auto one = [=] { return forward_backward(models::linear(x, at::cat({narrow, wide}, 1).t()), upstream, {narrow, wide}); };
  const auto two = [=] {
    return forward_backward(at::cat({models::linear(x, narrow.t()), models::linear(x, wide.t())}, 1), upstream, {narrow, wide});
  };
  register_pair("one product for two decoders", one, two, 1e-2);
}

at::Tensor plain_side_by_side(const at::Tensor& x, std::span<const models::Affine> layers, bool relu) {
  const std::int64_t in = layers[0].weight.size(1);
  std::vector<at::Tensor> outputs;
  for (std::size_t m = 0; m < layers.size(); ++m) {
    const at::Tensor own = layers.size() == 1 ? x : x.narrow(1, static_cast<std::int64_t>(m) * in, in);
    outputs.push_back(models::linear(own, layers[m].weight, layers[m].bias));
  }
  const at::Tensor y = outputs.size() == 1 ? outputs[0] : at::cat(outputs, 1);
  return relu ? at::relu(y) : y;
}

/// All layers of MIMO on embeddings for a batch of 64 groups, each an operation of the graph or of several; forward and backward.
void register_layers() {
  auto layers = [item = std::uint32_t{4}](std::size_t count, std::int64_t out, std::int64_t in) mutable {
    std::vector<models::Affine> made;
    for (std::size_t m = 0; m < count; ++m, item += 2) {
      made.push_back({drawn({out, in}, item).mul(0.05).requires_grad_(true), drawn({out}, item + 1).requires_grad_(true)});
    }
    return made;
  };
  const std::vector<std::vector<models::Affine>> all = {layers(3, 128, 320), layers(1, 384, 384), layers(1, 384, 384), layers(3, 1, 128)};
  std::vector<at::Tensor> wanted;
  for (const auto& some : all) {
    for (const models::Affine& layer : some) wanted.insert(wanted.end(), {layer.weight, layer.bias});
  }
  const at::Tensor input = drawn({64, 3 * 320}, 2), upstream = drawn({64, 3}, 3);
  const auto by = [=](auto side_by_side) {
    return [=] {
      at::Tensor x = input;
      for (const auto& some : all) x = side_by_side(x, some, some[0].weight.size(0) > 1);
      return forward_backward(x, upstream, wanted);
    };
  };
  register_pair("layers side by side, MIMO's", by([](auto&&... of) { return models::side_by_side(of...); }), by(&plain_side_by_side), 1e-2);
}

/// Of an encoder of width 64 over 32 genes of 253 factors: hidden units some tokens at a time, or all; forward and backward.
void register_feed_forward() {
  const auto layer = [](std::int64_t out, std::int64_t in, std::uint32_t item) {
    return models::Linear{.weight = drawn({out, in}, item).mul(0.05).requires_grad_(true), .bias = drawn({out}, item + 1).requires_grad_(true), .lora_a = {}, .lora_b = {}};
  };
  const models::Linear in = layer(2048, 64, 0), out = layer(64, 2048, 2);
  const at::Tensor x = drawn({32, 253, 64}, 4).requires_grad_(true), upstream = drawn({32, 253, 64}, 5);
  const models::Dropout dropout(Streams(1), "test", 0.1);
  const auto by = [=](auto form) {
    return [=] { return forward_backward(form(x, in, out, dropout, Pass{.training = true}), upstream, {x, in.weight, in.bias, out.weight, out.bias}); };
  };
  register_pair("hidden units some tokens at a time", by(&models::relu_feed_forward), by(&models::plain_relu_feed_forward), 1e-1);
}

/// Of Nucleotide Transformer v2 50M, 8 x 51 tokens: queries of a layer turned, and its gate; forward and backward.
void register_rotation_and_gate() {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const std::string precision = type == at::kFloat ? "f32" : "bf16";
    const at::Tensor x = drawn({8, 51, 512}, 0).to(type).requires_grad_(true), inner = drawn({8, 51, 4096}, 1).to(type).requires_grad_(true);
    const at::Tensor of_x = drawn({8, 51, 512}, 2).to(type), of_inner = drawn({8, 51, 2048}, 3).to(type);
    const models::Rotation rotation = models::rotation_by(models::rotation_angles(models::rotary_frequencies(32), 51));
    const auto turned_by = [=](auto form) { return [=] { return forward_backward(form(x, rotation), of_x, {x}); }; };
    const double tolerance = type == at::kFloat ? 1e-5 : 0.1;
    const auto gated_by = [=](auto form) { return [=] { return forward_backward(form(inner), of_inner, {inner}); }; };
    register_pair("rotary positions, " + precision, turned_by(&models::rotated), turned_by(&models::plain_rotated), tolerance);
    register_pair("gate, " + precision, gated_by(&models::swiglu), gated_by(&models::plain_swiglu), tolerance);
  }
}

/// Words of dropout masks: many blocks at once, or one after another.
void register_words() {
  for (const std::int64_t count : {128, 98304}) {
    const Stream stream = Streams(1).open("dropout/test");
    const auto drawn_by = [=](const std::function<void(std::span<std::uint32_t>)>& draw) {
      const auto words = std::make_shared<std::vector<std::uint32_t>>(static_cast<std::size_t>(count));
      return [=] {
        draw(*words);
        return at::from_blob(words->data(), {count}, at::kInt);
      };
    };
    const auto together = drawn_by([=](std::span<std::uint32_t> words) { stream.fill(0, {}, words); });
    const auto one_by_one = drawn_by([=](std::span<std::uint32_t> words) {
      for (std::size_t i = 0; i < words.size(); i += 4) std::ranges::copy(stream.block(static_cast<std::uint32_t>(i / 4), {}), words.begin() + static_cast<std::ptrdiff_t>(i));
    });
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

/// One pass of either over MIMO's trunk.
void register_adam_pass() {
  const auto state = [] { return train::AdamState{drawn({2, 384, 384}, 0), drawn({2, 384, 384}, 1), at::zeros({2, 384, 384}), at::zeros({2, 384, 384})}; };
  const train::AdamState own = state(), library = state();
  train::AdamStep of_own{.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0, .decoupled = false, .step = 0};
  if (!train::adam_pass_fits(own, of_own)) return;  // no such processor
  const auto fast = [own, of_own]() mutable {
    ++of_own.step;
    train::adam_pass(own, of_own);
    return own.parameter;
  };
  const auto plain = [library, step = std::int64_t{0}]() mutable {
    const std::vector<at::Tensor> count{at::full({}, ++step, at::kFloat)};
    at::_fused_adam_(library.parameter, library.gradient, library.exp_avg, library.exp_avg_sq, at::TensorList{}, count, 1e-3, 0.9, 0.999, 0.0, 1e-8, false,
                     false, std::nullopt, std::nullopt);
    return library.parameter;
  };
  register_pair("Adam's pass", fast, plain, 0);
}

void register_all() {
  train::set_numerics(1);
  register_products();
  register_one_hot();
  register_sums();
  register_decoders();
  register_layers();
  register_feed_forward();
  register_rotation_and_gate();
  register_words();
  register_adam();
  register_adam_pass();
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) { return seqbench::bench::main_with(argc, argv, &seqbench::bench::register_all); }
