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
#include <vector>

#include "harness/base/streams.h"

namespace seqbench::train {
namespace adam_test {
namespace {

constexpr std::int64_t kCount = 3 * 16 * 2048;  // whole vectors for one, two and three threads
constexpr std::uint32_t kGradients = 5;

/// Of many sizes, from 1e-9 to 1e6 or so; every fourth is 0, as where an input never is anything else.
at::Tensor drawn_gradient(std::uint32_t item) {
  at::Tensor values = at::empty({kCount}, at::kFloat);
  Draws draws = Streams(3).open("test").at({.item = item});
  for (std::int64_t i = 0; i < kCount; ++i) {
    const double value = draws.normal() * std::exp(4 * draws.normal());
    values.mutable_data_ptr<float>()[i] = i % 4 == 0 ? 0 : static_cast<float>(value);
  }
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

void expect_librarys_bits(AdamStep step) {
  SCOPED_TRACE(::testing::Message() << "decoupled " << step.decoupled << ", decay " << step.weight_decay << ", beta2 " << step.beta2);
  const at::Tensor start = at::arange(kCount, at::kFloat).mul(0.37).sin();
  AdamState own = state_of(start), library = state_of(start);
  for (step.step = 1; step.step <= 20; ++step.step) {
    own.gradient = library.gradient = gradients()[static_cast<std::size_t>(step.step) % kGradients];
    ASSERT_TRUE(adam_pass_fits(own));
    adam_pass(own, step);
    library_step(library, step);
  }
  EXPECT_TRUE(at::equal(own.parameter, library.parameter));
  EXPECT_TRUE(at::equal(own.exp_avg, library.exp_avg));
  EXPECT_TRUE(at::equal(own.exp_avg_sq, library.exp_avg_sq));
  EXPECT_FALSE(at::equal(own.parameter, start));
}

TEST(AdamPass, HasTheLibrarysBits) {
  if (!adam_pass_fits(state_of(at::zeros({kCount})))) GTEST_SKIP() << "no AVX2 here: steps are LibTorch's";
  for (const int threads : {1, 2, 3}) {
    const Threads set(threads);
    for (const bool decoupled : {false, true}) {
      for (const double decay : {0.0, 0.01}) {
        for (const double beta2 : {0.999, 0.95}) {
          expect_librarys_bits({.learning_rate = 1e-3, .beta1 = 0.9, .beta2 = beta2, .eps = 1e-8, .weight_decay = decay, .decoupled = decoupled, .step = 0});
        }
      }
    }
  }
}

TEST(AdamPass, LeavesTheRestToTheLibrary) {
  const auto fits = [](const at::Tensor& parameter, const at::Tensor& given) {
    return adam_pass_fits({parameter, given, at::zeros_like(parameter), at::zeros_like(parameter)});
  };
  const Threads set(2);
  for (const std::int64_t count : {1, 15, 24}) EXPECT_FALSE(fits(at::zeros({count}), at::zeros({count}))) << count << " for two threads";
  EXPECT_FALSE(fits(at::zeros({16}, at::kDouble), at::zeros({16}, at::kDouble)));
  EXPECT_FALSE(fits(at::zeros({4, 8}).t(), at::zeros({8, 4}))) << "stored by columns";
}

}  // namespace
}  // namespace adam_test
}  // namespace seqbench::train
