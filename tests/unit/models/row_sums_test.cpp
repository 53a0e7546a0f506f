#include "models/two_state/row_sums.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/streams.h"

namespace seqbench {
namespace row_sums_test {
namespace {

constexpr std::int64_t kExamples = 40, kMost = 5, kTable = 70;  // several pieces of rows, more than a run of vectors

/// Row b has b % 6 places, at most kMost.
at::Tensor places() {
  at::Tensor all = at::full({kExamples, kMost}, kTable, at::kLong);
  Draws draws = Streams(1).open("test").at();
  for (std::int64_t row = 0; row < kExamples; ++row) {
    for (std::int64_t i = 0; i < std::min(row % 6, kMost); ++i) all[row][i] = static_cast<std::int64_t>(draws.below(kTable));
  }
  return all;
}

at::Tensor one_by_one(const at::Tensor& table, const at::Tensor& places_BM) {
  const at::Tensor sums = at::zeros({kExamples, table.size(1)}, table.options());
  for (std::int64_t row = 0; row < kExamples; ++row) {
    for (std::int64_t i = 0; i < kMost; ++i) {
      const auto place = places_BM[row][i].item<std::int64_t>();
      if (place < kTable) sums[row].add_(table[place]);
    }
  }
  return sums;
}

TEST(RowSums, AreThoseOfTheRowsOneByOne) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const at::Tensor lower = at::arange(kTable * kTable, dtype).mul(0.37).sin().view({kTable, kTable}).tril();
    const at::Tensor narrow = lower.narrow(1, 0, 3).contiguous();
    EXPECT_TRUE(at::allclose(models::two_state::row_sums(lower, places(), true), one_by_one(lower, places()), 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(models::two_state::row_sums(lower, places(), false), one_by_one(lower, places()), 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(models::two_state::row_sums(narrow, places(), false), one_by_one(narrow, places()), 1e-5, 1e-6));
  }
}

TEST(RowSums, DoNotDependOnThreads) {
  const at::Tensor table = at::arange(kTable * kTable, at::kFloat).mul(0.37).sin().view({kTable, kTable});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = models::two_state::row_sums(table, places(), false);
  at::set_num_threads(4);
  EXPECT_TRUE(at::equal(models::two_state::row_sums(table, places(), false), alone));
  at::set_num_threads(before);
}

}  // namespace
}  // namespace row_sums_test
}  // namespace seqbench
