#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "harness/base/streams.h"
#include "harness/measure/capture.h"

namespace seqbench::measure {
namespace {

TEST(PhaseClock, SumsAndQuantilesOfFewSamples) {
  PhaseClock clock;
  for (std::int64_t i = 100; i >= 1; --i) clock.add("forward", i, 32);
  clock.add("load", 7);
  const auto summary = clock.summary();
  ASSERT_EQ(summary.size(), 2u);
  const PhaseTimes& forward = summary.at("forward");
  EXPECT_EQ(forward.count, 100);
  EXPECT_EQ(forward.total_ns, 5050);
  EXPECT_EQ(forward.min_ns, 1);
  EXPECT_EQ(forward.max_ns, 100);
  EXPECT_EQ(forward.p50_ns, 50);
  EXPECT_EQ(forward.p95_ns, 95);
  EXPECT_EQ(forward.items, 3200);
  const PhaseTimes& load = summary.at("load");
  EXPECT_EQ(load.count, 1);
  EXPECT_EQ(load.min_ns, 7);
  EXPECT_EQ(load.p50_ns, 7);
  EXPECT_EQ(load.p95_ns, 7);
  EXPECT_EQ(load.items, 0);
}

TEST(PhaseClock, QuantilesAreSamplesThatEnoughOthersDoNotExceed) {
  PhaseClock clock;
  for (const std::int64_t duration : {30, 10, 20}) clock.add("step", duration);
  const PhaseTimes times = clock.summary().at("step");
  EXPECT_EQ(times.p50_ns, 20);
  EXPECT_EQ(times.p95_ns, 30);
}

TEST(PhaseClock, IsEmptyBeforeTheFirstPhase) { EXPECT_TRUE(PhaseClock().summary().empty()); }

TEST(PhaseClock, ManySamplesKeepExactSumsAndNearQuantiles) {
  PhaseClock clock;
  constexpr std::int64_t kCount = 1'000'000;
  std::vector<std::int64_t> durations(kCount);
  for (std::int64_t i = 0; i < kCount; ++i) durations[static_cast<std::size_t>(i)] = i + 1;
  Draws draws = Streams(1).open("test").at();
  draws.shuffle(std::span(durations));
  for (const std::int64_t duration : durations) clock.add("step", duration, 1);
  const PhaseTimes times = clock.summary().at("step");
  EXPECT_EQ(times.count, kCount);
  EXPECT_EQ(times.total_ns, kCount * (kCount + 1) / 2);
  EXPECT_EQ(times.min_ns, 1);
  EXPECT_EQ(times.max_ns, kCount);
  EXPECT_NEAR(static_cast<double>(times.p50_ns), 500'000, 50'000);  // 2,048 samples or more: 4.5 standard errors
  EXPECT_NEAR(static_cast<double>(times.p95_ns), 950'000, 22'000);
}

// Samples that are all taken early, or all late, would miss half of a drift.
TEST(PhaseClock, KeptSamplesAreSpreadOverTheWholeRun) {
  PhaseClock clock;
  for (std::int64_t i = 0; i < 100'000; ++i) clock.add("step", i);
  const PhaseTimes times = clock.summary().at("step");
  EXPECT_NEAR(static_cast<double>(times.p50_ns), 50'000, 100);
  EXPECT_NEAR(static_cast<double>(times.p95_ns), 95'000, 100);
}

TEST(PhaseClock, SpanAddsTheTimeOfItsLife) {
  PhaseClock clock;
  {
    const PhaseClock::Span span(clock, "sleep", 5);
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
    EXPECT_TRUE(clock.summary().empty());
  }
  const PhaseTimes times = clock.summary().at("sleep");
  EXPECT_EQ(times.count, 1);
  EXPECT_EQ(times.items, 5);
  EXPECT_GE(times.total_ns, 15'000'000);
  EXPECT_LT(times.total_ns, 10'000'000'000);
}

TEST(PhaseClockDeathTest, TimeDoesNotRunBackwards) {
  PhaseClock clock;
  EXPECT_DEATH(clock.add("step", -1), "never run backwards");
}

}  // namespace
}  // namespace seqbench::measure
