#include "harness/train/device.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <vector>

namespace seqbench::train {
namespace {

TEST(Device, LargeBlocksAreNotMappedApart) {
  set_numerics(1);
  const std::size_t before = mallinfo2().hblks;
  const std::vector<char> large(std::size_t{64} << 20);
  EXPECT_EQ(mallinfo2().hblks, before) << "what is mapped by itself is given back when it is freed";
}

}  // namespace
}  // namespace seqbench::train
