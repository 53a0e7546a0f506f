// The gate of gated feed-forward networks as one operation of the graph beside the same by several.

#include "models/blocks/swiglu.h"

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/models/support.h"

namespace seqbench::models {
namespace swiglu_test {
namespace {

struct Found {
  at::Tensor y, of_x;
};

template <typename Form>
Found of(const Form& form, const at::Tensor& x, const at::Tensor& upstream) {
  const at::Tensor leaf = x.detach().requires_grad_(), y = form(leaf);
  y.mul(upstream).sum().backward();
  return {y.detach(), leaf.grad()};
}

void expect_plain(const at::Tensor& x, const at::Tensor& upstream) {
  const Found ours = of(swiglu, x, upstream), wanted = of(plain_swiglu, x, upstream);
  EXPECT_TRUE(at::equal(ours.y, wanted.y));
  EXPECT_TRUE(at::equal(ours.of_x, wanted.of_x));
  const at::NoGradGuard guard;
  EXPECT_TRUE(at::equal(swiglu(x), ours.y));
}

TEST(Swiglu, IsThePlainOneWithItsGradient) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    expect_plain(testing::drawn({3, 7, 10}, 1, type), testing::drawn({3, 7, 5}, 2, type));
  }
}

TEST(Swiglu, TakesWhatIsNotDenseAndNothing) {
  const at::Tensor x = testing::drawn({10, 7, 3}, 1, at::kFloat).permute({2, 1, 0});
  expect_plain(x, testing::drawn({3, 7, 5}, 2, at::kFloat));
  expect_plain(x, testing::drawn({1}, 2, at::kFloat).expand({3, 7, 5}));
  EXPECT_EQ(swiglu(x.narrow(1, 0, 0)).sizes(), (std::vector<std::int64_t>{3, 0, 5}));
}

}  // namespace
}  // namespace swiglu_test
}  // namespace seqbench::models
