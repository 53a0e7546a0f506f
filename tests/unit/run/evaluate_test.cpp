// Which rows of a part choose a state.
#include "harness/run/evaluate.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace seqbench::run {
namespace evaluate_test {
namespace {

TEST(BestOn, NamesPlacesWithinThePart) {
  Examples examples;
  examples.fields["num"] = std::vector<std::int64_t>{3, 1, 3, 2, 3};
  examples.fields["tissue"] = std::vector<std::string>{"a=b", "c", "a=b", "c", "a"};
  const std::vector<std::int64_t> part = {4, 3, 2, 1};
  EXPECT_EQ(places_where(examples, part, "num=3"), (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(places_where(examples, part, "tissue=a=b"), (std::vector<std::int64_t>{2}));
  try {
    (void)places_where(examples, part, "num=4");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "'train.best_on' is \"num=4\", but no validation row has this value");
  }
}

}  // namespace
}  // namespace evaluate_test
}  // namespace seqbench::run
