// Rotary positions in one pass beside the same by one operator after another.

#include "models/blocks/rotation.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "tests/unit/models/support.h"

namespace seqbench::models {
namespace rotation_test {
namespace {

struct Found {
  at::Tensor y, of_x;
};

/// As in attention, gradients come with heads before tokens. `upstream` [B, h, L, d].
template <typename Form>
Found of(const Form& form, const at::Tensor& x, const Rotation& by, const at::Tensor& upstream) {
  const at::Tensor leaf = x.detach().clone().requires_grad_(), y = form(leaf, by);
  y.unflatten(2, {upstream.size(1), upstream.size(3)}).transpose(1, 2).mul(upstream).sum().backward();
  return {y.detach(), leaf.grad()};
}

/// Halves of a head that are shorter than a run, a run, and some runs and more.
TEST(Rotation, IsThePlainOneWithItsGradient) {
  for (const std::int64_t half : {3, 8, 21}) {
    const Rotation by = rotation_by(rotation_angles(rotary_frequencies(2 * half), 11));
    for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
      const at::Tensor x = testing::drawn({4, 11, 5 * 2 * half}, 1, type), upstream = testing::drawn({4, 5, 11, 2 * half}, 2, type);
      const Found ours = of(rotated, x, by, upstream), wanted = of(plain_rotated, x, by, upstream);
      EXPECT_EQ(ours.y.scalar_type(), type);
      EXPECT_TRUE(at::equal(ours.y, wanted.y)) << half;
      EXPECT_TRUE(at::equal(ours.of_x, wanted.of_x)) << half;
      const at::NoGradGuard guard;
      EXPECT_TRUE(at::equal(rotated(x, by), ours.y)) << half;
    }
  }
}

/// Equation 34 of Su et al.: pair j of the token at place m is turned by m 10000^(-2j/d).
TEST(Rotation, TurnsEachPairByItsAngle) {
  const at::Tensor x = testing::drawn({1, 7, 4}, 1, at::kFloat), y = rotated(x, rotation_by(rotation_angles(rotary_frequencies(4), 7)));
  for (std::int64_t place = 0; place < 7; ++place) {
    const auto number = [&](const at::Tensor& of, std::int64_t i) { return of[0][place][i].item<double>(); };
    for (std::int64_t j = 0; j < 2; ++j) {
      const double angle = static_cast<double>(place) * std::pow(10000.0, -static_cast<double>(j) / 2);
      EXPECT_NEAR(number(y, j), number(x, j) * std::cos(angle) - number(x, j + 2) * std::sin(angle), 1e-5);
      EXPECT_NEAR(number(y, j + 2), number(x, j + 2) * std::cos(angle) + number(x, j) * std::sin(angle), 1e-5);
    }
  }
}

/// Threads begin in the middle of a row.
TEST(Rotation, DoesNotDependOnThreads) {
  const Rotation by = rotation_by(rotation_angles(rotary_frequencies(32), 200));
  const at::Tensor x = testing::drawn({3, 200, 256}, 1, at::kFloat), upstream = testing::drawn({3, 8, 200, 32}, 2, at::kFloat);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Found alone = of(rotated, x, by, upstream);
  at::set_num_threads(4);
  const Found together = of(rotated, x, by, upstream);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(together.y, alone.y));
  EXPECT_TRUE(at::equal(together.of_x, alone.of_x));
}

TEST(Rotation, HasASecondDerivative) {
  const Rotation by = rotation_by(rotation_angles(rotary_frequencies(4), 7));
  const at::Tensor x = testing::drawn({1, 7, 4}, 1, at::kFloat).requires_grad_();
  const at::Tensor of_x = torch::autograd::grad({rotated(x, by).pow(3).sum()}, {x}, {}, true, true)[0];
  of_x.sum().backward();
  const at::Tensor ours = x.grad().clone();
  x.mutable_grad() = at::Tensor();
  torch::autograd::grad({plain_rotated(x, by).pow(3).sum()}, {x}, {}, true, true)[0].sum().backward();
  EXPECT_LE(ours.sub(x.grad()).abs().max().item<double>(), 1e-5);
}

TEST(Rotation, TakesRowsThatAreNoDenseOnesAndNone) {
  const Rotation by = rotation_by(rotation_angles(rotary_frequencies(8), 3));
  const at::Tensor x = testing::drawn({2, 16, 3}, 1, at::kFloat).transpose(1, 2);
  EXPECT_TRUE(at::equal(rotated(x, by), rotated(x.contiguous(), by)));
  EXPECT_EQ(rotated(x.narrow(0, 0, 0), by).sizes(), (std::vector<std::int64_t>{0, 3, 16}));
}

}  // namespace
}  // namespace rotation_test
}  // namespace seqbench::models
