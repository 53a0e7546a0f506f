// Rotary positions and the gate of gated feed-forward networks as one operation of the graph each, beside the same by several.

#include "models/blocks/rotation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/base/streams.h"
#include "models/blocks/swiglu.h"

namespace seqbench::models {
namespace {

at::Tensor drawn(const std::vector<std::int64_t>& shape, std::uint32_t item, at::ScalarType type) {
  at::Tensor x = at::empty(shape, at::kDouble);
  Draws draws = Streams(6).open("test").at({.item = item});
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data_ptr<double>()[i] = draws.normal();
  return x.to(type);
}

struct Found {
  at::Tensor y, of_x;
};

template <typename Form>
Found of(const Form& form, const at::Tensor& x, const at::Tensor& upstream) {
  const at::Tensor leaf = x.detach().clone().requires_grad_();
  const at::Tensor y = form(leaf);
  y.mul(upstream).sum().backward();
  return {y.detach(), leaf.grad()};
}

double apart(const at::Tensor& a, const at::Tensor& b) { return a.to(at::kDouble).sub(b.to(at::kDouble)).abs().max().item<double>(); }

/// Halves of a head that are shorter than a run, a run, and some runs and more.
TEST(Rotation, IsThePlainOneWithItsGradient) {
  for (const std::int64_t half : {3, 8, 21}) {
    const at::Tensor angles = rotation_angles(rotary_frequencies(2 * half), 11);
    for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
      const at::Tensor x = drawn({4, 11, 5 * 2 * half}, 1, type), upstream = drawn({4, 11, 5 * 2 * half}, 2, type);
      const Found ours = of([&](const at::Tensor& of_x) { return rotated(of_x, angles); }, x, upstream);
      const Found wanted = of([&](const at::Tensor& of_x) { return plain_rotated(of_x, angles); }, x, upstream);
      EXPECT_EQ(ours.y.scalar_type(), type);
      EXPECT_TRUE(at::equal(ours.y, wanted.y)) << half;
      EXPECT_LE(apart(ours.of_x, wanted.of_x), type == at::kBFloat16 ? 0.05 : 1e-6) << half;
      const at::NoGradGuard guard;
      EXPECT_TRUE(at::equal(rotated(x, angles), ours.y)) << half;
    }
  }
}

/// Equation 34 of Su et al.: pair j of the token at place m is turned by m 10000^(-2j/d).
TEST(Rotation, TurnsEachPairByItsAngle) {
  const at::Tensor x = drawn({1, 7, 4}, 1, at::kFloat), y = rotated(x, rotation_angles(rotary_frequencies(4), 7));
  for (std::int64_t place = 0; place < 7; ++place) {
    const auto number = [&](const at::Tensor& of, std::int64_t i) { return of[0][place][i].item<double>(); };
    for (std::int64_t j = 0; j < 2; ++j) {
      const double angle = static_cast<double>(place) * std::pow(10000.0, -static_cast<double>(j) / 2);
      EXPECT_NEAR(number(y, j), number(x, j) * std::cos(angle) - number(x, j + 2) * std::sin(angle), 1e-5);
      EXPECT_NEAR(number(y, j + 2), number(x, j + 2) * std::cos(angle) + number(x, j) * std::sin(angle), 1e-5);
    }
  }
}

TEST(Rotation, TakesRowsThatAreNoDenseOnes) {
  const at::Tensor angles = rotation_angles(rotary_frequencies(8), 3), x = drawn({2, 16, 3}, 1, at::kFloat).transpose(1, 2);
  EXPECT_TRUE(at::equal(rotated(x, angles), rotated(x.contiguous(), angles)));
  EXPECT_EQ(rotated(x.narrow(0, 0, 0), angles).sizes(), (std::vector<std::int64_t>{0, 3, 16}));
}

TEST(Swiglu, IsThePlainOneWithItsGradient) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    const at::Tensor x = drawn({3, 7, 10}, 1, type), upstream = drawn({3, 7, 5}, 2, type);
    const Found ours = of(swiglu, x, upstream), wanted = of(plain_swiglu, x, upstream);
    EXPECT_TRUE(at::equal(ours.y, wanted.y));
    EXPECT_LE(apart(ours.of_x, wanted.of_x), type == at::kBFloat16 ? 0.05 : 1e-6);
    const at::NoGradGuard guard;
    EXPECT_TRUE(at::equal(swiglu(x), ours.y));
  }
}

}  // namespace
}  // namespace seqbench::models
