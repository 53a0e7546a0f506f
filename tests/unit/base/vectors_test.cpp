#include "harness/base/vectors.h"

#include <gtest/gtest.h>

#include <vector>

namespace seqbench {
namespace {

template <typename T>
void expect_sums(std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  std::vector<T> from(size + 1), to(size + 1, T{0.5});
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i) / 4 - 3;
  add_values(from.data(), count, to.data());
  for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(to[i], from[i] + T{0.5}) << i << " of " << count;
  EXPECT_EQ(to[size], T{0.5}) << "what lies behind stays";
}

TEST(Vectors, SumsOfAnyLength) {
  for (const std::int64_t count : {0, 1, 63, 64, 65, 200}) {
    expect_sums<float>(count);
    expect_sums<double>(count);
  }
}

}  // namespace
}  // namespace seqbench
