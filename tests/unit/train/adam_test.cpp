// Our pass of Adam and AdamW against LibTorch's, to the bit.

#include "harness/train/adam.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/streams.h"
#include "harness/train/optimizer.h"

namespace seqbench::train {
namespace adam_test {
namespace {

constexpr std::int64_t kCount = 3 * 16 * 2048 + 8;  // several threads' worth; a multiple of 8 only
constexpr std::uint32_t kGradients = 5;

/// Of many sizes, from 1e-9 to 1e6 or so; every fourth is 0, as where an input never is anything else; one whose square is infinite.
at::Tensor drawn_gradient(std::uint32_t item) {
  at::Tensor values = at::empty({kCount}, at::kFloat);
  Draws draws = Streams(3).open("test").at({.item = item});
  for (std::int64_t i = 0; i < kCount; ++i) {
    const double value = draws.normal() * std::exp(4 * draws.normal());
    values.mutable_data_ptr<float>()[i] = i % 4 == 0 ? 0 : static_cast<float>(value);
  }
  values.mutable_data_ptr<float>()[5] = 1e21F;
  return values;
}

const std::vector<at::Tensor>& gradients() {
  static const std::vector<at::Tensor> kDrawn = [] {
    std::vector<at::Tensor> drawn;
    for (std::uint32_t item = 0; item < kGradients; ++item) drawn.push_back(drawn_gradient(item));
    return drawn;
  }();
  return kDrawn;
}

AdamStep usual() { return {.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0, .decoupled = false, .step = 0}; }

AdamState state_of(const at::Tensor& start) { return {start.clone(), at::zeros_like(start), at::zeros_like(start), at::zeros_like(start)}; }

void library_step(const AdamState& state, const AdamStep& step) {
  const std::vector<at::Tensor> count{at::full({}, step.step, at::kFloat)};
  const auto by = [&](const auto& fused) {
    fused(state.parameter, state.gradient, state.exp_avg, state.exp_avg_sq, at::TensorList{}, count, step.learning_rate, step.beta1, step.beta2,
          step.weight_decay, step.eps, false, false, std::nullopt, std::nullopt);
  };
  if (step.decoupled) by([](auto&&... of) { at::_fused_adamw_(of...); });
  else by([](auto&&... of) { at::_fused_adam_(of...); });
}

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

void expect_librarys_bits(std::int64_t count, AdamStep step) {
  SCOPED_TRACE(::testing::Message() << count << " numbers, decoupled " << step.decoupled << ", decay " << step.weight_decay << ", beta1 " << step.beta1);
  const at::Tensor start = at::arange(count, at::kFloat).mul(0.37).sin();
  AdamState own = state_of(start), library = state_of(start);
  for (step.step = 1; step.step <= 20; ++step.step) {
    own.gradient = library.gradient = gradients()[static_cast<std::size_t>(step.step) % kGradients].narrow(0, 0, count);
    ASSERT_TRUE(adam_pass_fits(own, step));
    adam_pass(own, step);
    library_step(library, step);
  }
  EXPECT_TRUE(at::equal(own.parameter, library.parameter));
  EXPECT_TRUE(at::equal(own.exp_avg, library.exp_avg));
  EXPECT_TRUE(at::equal(own.exp_avg_sq, library.exp_avg_sq));
  EXPECT_FALSE(at::equal(own.parameter, start));
  EXPECT_TRUE(own.parameter.isfinite().all().item<bool>());
}

TEST(AdamPass, HasTheLibrarysBits) {
  if (!adam_pass_fits(state_of(at::zeros({8})), usual())) GTEST_SKIP() << "no such vectors here: steps are LibTorch's";
  for (const int threads : {1, 2, 3}) {
    const Threads set(threads);
    for (const std::int64_t count : {std::int64_t{8}, std::int64_t{24}, std::int64_t{40}, std::int64_t{4104}, kCount}) expect_librarys_bits(count, usual());
    for (const bool decoupled : {false, true}) {
      for (const double decay : {0.0, 0.01}) {
        AdamStep step = usual();
        step.decoupled = decoupled;
        step.weight_decay = decay;
        expect_librarys_bits(kCount, step);
        step.beta1 = 0.55;
        step.beta2 = 0.95;
        expect_librarys_bits(kCount, step);
      }
    }
  }
}

TEST(AdamPass, LeavesTheRestToTheLibrary) {
  const auto fits = [](const at::Tensor& parameter, const at::Tensor& given, const AdamStep& step) {
    return adam_pass_fits({parameter, given, at::zeros_like(parameter), at::zeros_like(parameter)}, step);
  };
  for (const std::int64_t count : {1, 15, 28}) EXPECT_FALSE(fits(at::zeros({count}), at::zeros({count}), usual())) << count;
  EXPECT_FALSE(fits(at::zeros({16}, at::kDouble), at::zeros({16}, at::kDouble), usual()));
  EXPECT_FALSE(fits(at::zeros({4, 8}).t(), at::zeros({8, 4}), usual())) << "stored by columns";
  for (const double beta1 : {0.0, 0.4, 0.5}) {
    AdamStep step = usual();
    step.beta1 = beta1;
    EXPECT_FALSE(fits(at::zeros({16}), at::zeros({16}), step)) << beta1;
  }
}

/// Of two groups, one that decays; some parameters fit our pass, some do not, and one has no gradient.
TEST(AdamPass, IsTheOptimizersStepWithTheLibrarys) {
  for (const bool decoupled : {false, true}) {
    FitSettings settings;
    settings.optimizer = decoupled ? "adamw" : "adam";
    settings.weight_decay = 0.02;
    std::vector<NamedTensor> parameters;
    std::vector<AdamState> wanted;
    for (const std::int64_t count : {64, 3, 48, 5}) {
      const at::Tensor start = at::arange(count, at::kFloat).mul(0.37).sin();
      parameters.push_back({std::to_string(count), start.clone().set_requires_grad(true)});
      wanted.push_back(state_of(start));
    }
    parameters.push_back({"unused", at::zeros({8}).set_requires_grad(true)});
    Optimizer optimizer(settings, parameters, [](std::string_view name) { return name == "64" || name == "3"; });
    for (std::int64_t step = 1; step <= 5; ++step) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i].gradient = gradients()[static_cast<std::size_t>(step) % kGradients].narrow(0, 8, wanted[i].parameter.numel());
        parameters[i].tensor.mutable_grad() = wanted[i].gradient.clone();
        library_step(wanted[i], {.learning_rate = 0.01, .beta1 = settings.beta1, .beta2 = settings.beta2, .eps = settings.eps,
                                 .weight_decay = i < 2 ? 0.02 : 0, .decoupled = decoupled, .step = step});
      }
      optimizer.step(0.01);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(at::equal(parameters[i].tensor, wanted[i].parameter)) << parameters[i].name << settings.optimizer;
    EXPECT_TRUE(at::equal(parameters.back().tensor, at::zeros({8})));
  }
}

}  // namespace
}  // namespace adam_test
}  // namespace seqbench::train
