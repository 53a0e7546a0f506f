// Lists of texts that are copied, or made again.
#include <gtest/gtest.h>

#include "harness/contract/view.h"

namespace seqbench {
namespace {

TEST(Texts, CopiesAreOneListAndEqualOnesAreNot) {
  const Texts list({"MKV", "LLA"});
  const Texts copy = list, made_again({"MKV", "LLA"}), other({"MKV", "LLC"});
  const Texts written(2, [](std::int64_t row) { return std::string(row == 0 ? "MKV" : "LLA"); });
  EXPECT_TRUE(copy.same_list(list));
  EXPECT_FALSE(made_again.same_list(list));
  EXPECT_TRUE(made_again == list);
  EXPECT_TRUE(written == list);
  EXPECT_FALSE(other == list);
  EXPECT_EQ(copy[1], "LLA");
}

TEST(Texts, EmptyListsAreEqual) {
  EXPECT_TRUE(Texts() == Texts(std::vector<std::string>()));
  EXPECT_FALSE(Texts().same_list(Texts())) << "neither was copied from the other";
  EXPECT_EQ(Texts().begin(), Texts().end());
}

}  // namespace
}  // namespace seqbench
