#include "harness/base/streams.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>

namespace seqbench {
namespace {

std::vector<std::uint32_t> words(Draws draws, std::size_t count) {
  std::vector<std::uint32_t> values(count);
  for (std::uint32_t& value : values) value = draws.word();
  return values;
}

std::vector<int> shuffled(int count, Draws draws) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  draws.shuffle(std::span(values));
  return values;
}

// Random123, kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

struct Golden {
  std::uint32_t fold;
  const char* purpose;
  std::uint32_t epoch;
  PhiloxKey key;
  PhiloxBlock block;
  std::vector<int> order;
};

class StreamGolden : public testing::TestWithParam<Golden> {};

TEST_P(StreamGolden, KeyFirstBlockAndShuffle) {
  const Golden& golden = GetParam();
  const Stream stream = Streams(42, 0, golden.fold).open(golden.purpose);
  const Counter at{.epoch = golden.epoch};
  EXPECT_EQ(stream.key(), golden.key);
  EXPECT_EQ(stream.block(0, at), golden.block);
  EXPECT_EQ(words(stream.at(at), 4), std::vector<std::uint32_t>(golden.block.begin(), golden.block.end()));
  EXPECT_EQ(shuffled(10, stream.at(at)), golden.order);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, StreamGolden,
    testing::Values(Golden{0, "init", 0, {0xec0c2f55, 0x46b85890},
                           {0xf03f8dbc, 0xb51d2a44, 0xceae3681, 0xc7b1e355}, {7, 4, 1, 3, 2, 0, 5, 8, 6, 9}},
                    Golden{3, "order", 2, {0x219c13a6, 0x8a81f5d3},
                           {0xeca47198, 0xf395e026, 0x058b5495, 0x1ab60221}, {3, 2, 1, 6, 5, 4, 7, 0, 8, 9}},
                    Golden{kNoFold, "split", 0, {0xb98a2c48, 0x06916bc6},
                           {0x95fe8a87, 0x80df0a9d, 0x4da8436b, 0xbc08fade}, {7, 1, 0, 6, 8, 3, 9, 2, 4, 5}}));

TEST(Stream, CounterWordsAreBlockItemStepEpoch) {
  const Stream stream = Streams(1, 0, 0).open("test");
  const Counter at{.epoch = 2, .step = 3, .item = 5};
  EXPECT_EQ(stream.block(0, at), (PhiloxBlock{0x1a114890, 0xf0b0b5d8, 0x330391b9, 0x97f7328a}));
  EXPECT_EQ(stream.block(7, at), philox({7, 5, 3, 2}, stream.key()));
}

TEST(Stream, DrawsReadBlocksInOrder) {
  const Stream stream = Streams(9).open("augment");
  const std::vector<std::uint32_t> read = words(stream.at({.item = 4}), 12);
  for (std::uint32_t block = 0; block < 3; ++block) {
    const PhiloxBlock expected = stream.block(block, {.item = 4});
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), read.begin() + 4 * block)) << "block " << block;
  }
}

TEST(Stream, FillsWithTheWordsOfItsBlocks) {
  const Stream stream = Streams(7).open("test");
  const Counter at{.epoch = 3, .step = 1, .item = 9};
  for (const std::size_t count : {0u, 1u, 4u, 255u, 256u, 257u, 1030u}) {
    std::vector<std::uint32_t> words(count), expected(count);
    stream.fill(0xFFFFFFF0u, at, words);  // over the end of a word
    for (std::size_t i = 0; i < count; ++i) expected[i] = stream.block(static_cast<std::uint32_t>(0xFFFFFFF0u + i / 4), at)[i % 4];
    EXPECT_EQ(words, expected) << count;
  }
}

TEST(Stream, CopiedDrawsReadTheSameWordsAgain) {
  Draws draws = Streams(9).open("augment").at();
  static_cast<void>(draws.word());
  EXPECT_EQ(words(draws, 9), words(draws, 9));
}

TEST(Streams, EveryPartOfTheKeyTells) {
  std::set<PhiloxKey> keys;
  int opened = 0;
  const auto add = [&](const Streams& streams, const char* purpose) {
    keys.insert(streams.open(purpose).key());
    ++opened;
  };
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32, 1ull << 63}) add(Streams(seed, 0, 0), "init");
  add(Streams(0, 1, 0), "init");
  add(Streams(0, 0, 1), "init");
  add(Streams(0), "init");
  add(Streams(0, 0, 0), "order");
  add(Streams(0, 0, 0), "init/weight");
  add(Streams(0, 0, 0), "init/weights");
  EXPECT_EQ(keys.size(), static_cast<std::size_t>(opened));
}

TEST(Purposes, AreUnique) {
  EXPECT_EQ(std::set<std::string_view>(kPurposes.begin(), kPurposes.end()).size(), kPurposes.size());
}

TEST(Purposes, ListedOnesOpen) {
  for (const std::string_view purpose : kPurposes) {
    const std::string name = std::string(purpose) + (purpose.ends_with('/') ? "encoder.0.attention" : "");
    static_cast<void>(Streams(0).open(name));
  }
}

TEST(PurposesDeathTest, AnythingElseIsAnAssertion) {
  for (const char* purpose : {"", "Init", "order/", "order/x", "dropout", "dropout/", "twin", "mask/", "weights"}) {
    EXPECT_DEATH(static_cast<void>(Streams(0).open(purpose)), "is no purpose") << purpose;
  }
}

TEST(Draws, FloatsOfTheFirstGoldenRow) {
  const Stream stream = Streams(42, 0, 0).open("init");
  EXPECT_EQ(stream.at().uniform_float(), 0.9384697079658508f);
  EXPECT_EQ(stream.at().uniform(), 0.7074762743288813);
  EXPECT_EQ(static_cast<double>(stream.at().uniform_float()), 0.9384697079658508);
}

TEST(Draws, UniformsFillTheUnitIntervalEvenly) {
  Draws draws = Streams(3).open("test").at();
  constexpr int kCount = 20000;
  std::array<int, 20> bins{};
  for (int i = 0; i < kCount; ++i) {
    const double value = i % 2 == 0 ? draws.uniform() : static_cast<double>(draws.uniform_float());
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    ++bins[static_cast<std::size_t>(value * 20)];
  }
  double chi_square = 0;
  for (const int count : bins) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 43.8);  // 19 degrees of freedom, p = 0.001
}

std::vector<std::uint64_t> below(std::uint64_t n, int count) {
  Draws draws = Streams(1, 0, 0).open("test").at();
  std::vector<std::uint64_t> values;
  for (int i = 0; i < count; ++i) values.push_back(draws.below(n));
  return values;
}

// The first two rows are the published ones; the others come from the same rule in Python's integers.
TEST(Draws, IntegersBelow) {
  using Values = std::vector<std::uint64_t>;
  EXPECT_EQ(below(7, 14), (Values{2, 0, 0, 0, 0, 5, 1, 4, 0, 2, 3, 5, 4, 6}));
  EXPECT_EQ(below(3000000000, 4), (Values{1207925677, 123114788, 411991689, 34316427}));
  EXPECT_EQ(below(std::uint64_t{1} << 32, 2), (Values{1729333761, 176257997}));
  EXPECT_EQ(below((std::uint64_t{1} << 32) + 1, 4), (Values{176257997, 49129311, 3257757269, 2936667928}));
  EXPECT_EQ(below(3000000000000000000, 4),
            (Values{123114788953197579, 34316427403127702, 2275517165440857710, 2051238851723849160}));
  EXPECT_EQ(below((std::uint64_t{1} << 63) + 1, 6),  // half of all draws are rejected
            (Values{378511167251399936, 6995980464370083214, 3027819186495519588, 6993683948682280207,
                    7249749491817291411, 7718409141228571645}));
  EXPECT_EQ(below(1, 3), (Values{0, 0, 0}));
}

TEST(DrawsDeathTest, NothingIsBelowZero) {
  Draws draws = Streams(0).open("test").at();
  EXPECT_DEATH(static_cast<void>(draws.below(0)), "no integer below 0");
}

TEST(Draws, BelowIsEvenAlsoWhereTheWordsAreNotAMultiple) {
  Draws draws = Streams(5).open("test").at();
  for (const std::uint64_t n : {2ull, 3ull, 5ull, 6ull, 10ull}) {
    std::vector<int> counts(n);
    for (std::uint64_t i = 0; i < 2000 * n; ++i) {
      const std::uint64_t value = draws.below(n);
      ASSERT_LT(value, n);
      ++counts[value];
    }
    for (const int count : counts) EXPECT_NEAR(count, 2000, 4.5 * 45) << "n = " << n;
  }
}

TEST(Draws, BelowRejectsTheBiasedShareOfLargeRanges) {
  // n = 3 * 2^30: without rejection, every third value would be drawn twice as often as the others.
  Draws draws = Streams(6).open("test").at();
  constexpr std::uint64_t kN = std::uint64_t{3} << 30;
  std::array<int, 3> residues{};
  for (int i = 0; i < 30000; ++i) ++residues[draws.below(kN) % 3];
  for (const int count : residues) EXPECT_NEAR(count, 10000, 4.5 * 82);
}

TEST(Draws, ShuffleIsAPermutationForEverySize) {
  for (int size = 0; size <= 70; ++size) {
    std::vector<int> values = shuffled(size, Streams(8).open("order").at({.epoch = static_cast<std::uint32_t>(size)}));
    std::sort(values.begin(), values.end());
    for (int i = 0; i < size; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], i);
  }
}

TEST(Draws, ShuffleReachesAllOrdersEvenly) {
  const Stream stream = Streams(8).open("order");
  std::map<std::vector<int>, int> counts;
  for (std::uint32_t epoch = 0; epoch < 12000; ++epoch) ++counts[shuffled(4, stream.at({.epoch = epoch}))];
  EXPECT_EQ(counts.size(), 24u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 500, 4.5 * 22);
}

}  // namespace
}  // namespace seqbench
