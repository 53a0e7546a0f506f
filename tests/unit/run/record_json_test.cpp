// Records keep their bits on the way from worker to parent.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/run/record_json.h"

namespace seqbench::run {
namespace {

/// What text formats lose: payloads and signs of NaN, infinities, -0, denormals, last bits.
std::vector<double> awkward() {
  using Limits = std::numeric_limits<double>;
  return {std::bit_cast<double>(0x7ff8dead0000beefull), std::bit_cast<double>(0xfff8000000000001ull),
          Limits::infinity(), -Limits::infinity(), -0.0, 0.0, Limits::denorm_min(), -Limits::denorm_min(),
          std::bit_cast<double>(0x000fffffffffffffull), Limits::max(), Limits::lowest(), 0.1 + 0.2,
          std::nextafter(1.0, 2.0)};
}

std::vector<std::uint64_t> bits(const std::vector<double>& values) {
  std::vector<std::uint64_t> out;
  for (const double value : values) out.push_back(std::bit_cast<std::uint64_t>(value));
  return out;
}

store::TrialRecord record() {
  store::TrialRecord r;
  r.peak_bytes = std::int64_t{3} << 40;
  r.step = 1234567890123;
  r.epoch = 7;
  r.params_total = 42;
  r.chosen = {{"step", 5}, {"strength", 1e-300}, {"best_by", "mse"}};
  int split = 0;
  for (const double value : awkward()) {
    r.metrics.push_back({.split = split, .name = "mse", .slice = "parity=" + std::to_string(r.metrics.size()),
                         .value = value, .n = 11, .note = std::isnan(value) ? "nan: why" : "",
                         .higher_is_better = split == 1, .version = 2, .unit = "log10 \u00b5"});
    split = (split + 1) % 3;
  }
  store::Predictions p;
  p.examples = {"toy", "test", {"a", "b\"\\", "\u00e5"}, 2, {1, -0.0, 3, 4, 5, 1e-310}, {{"parity", {0, 1, 0}}}};
  p.kind = "value";
  p.values = awkward();
  p.values.resize(6);
  r.predictions = {p, p};
  r.predictions[1].examples.split = "train";
  r.predictions[1].values[0] = 0.3;
  r.timings = {{"load", 1, 2, 3, 4, 5, 6, std::nullopt}, {"train/forward", 9, 8, 7, 6, 5, 4, 640}};
  return r;
}

/// As over the pipe: the head becomes text and is read again.
store::TrialRecord through(const store::TrialRecord& before) {
  const PackedRecord packed = pack(before);
  return unpack(parse_json(packed.head.dump(), "head"), packed.tail);
}

TEST(RecordJson, KeepsEveryBit) {
  const store::TrialRecord before = record(), after = through(before);
  EXPECT_EQ(after.result_sha256(), before.result_sha256());
  ASSERT_EQ(after.metrics.size(), before.metrics.size());
  for (std::size_t i = 0; i < before.metrics.size(); ++i) {
    const store::MetricRow &a = before.metrics[i], &b = after.metrics[i];
    EXPECT_EQ(std::bit_cast<std::uint64_t>(b.value), std::bit_cast<std::uint64_t>(a.value)) << i;
    EXPECT_EQ(std::tie(b.split, b.name, b.slice, b.n, b.note, b.higher_is_better, b.version, b.unit),
              std::tie(a.split, a.name, a.slice, a.n, a.note, a.higher_is_better, a.version, a.unit));
  }
  ASSERT_EQ(after.predictions.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const store::Predictions &a = before.predictions[i], &b = after.predictions[i];
    EXPECT_EQ(bits(b.values), bits(a.values));
    EXPECT_EQ(bits(b.examples.truth), bits(a.examples.truth));
    EXPECT_EQ(b.examples.sha256(), a.examples.sha256());
    EXPECT_EQ(b.kind, a.kind);
    EXPECT_EQ(b.examples.fields, a.examples.fields);
  }
}

TEST(RecordJson, KeepsTheRestOfARecord) {
  const store::TrialRecord before = record(), after = through(before);
  EXPECT_EQ(std::tie(after.peak_bytes, after.step, after.epoch, after.params_total, after.params_trained),
            std::tie(before.peak_bytes, before.step, before.epoch, before.params_total, before.params_trained));
  EXPECT_EQ(after.chosen, before.chosen);
  ASSERT_EQ(after.timings.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const store::TimingRow &a = before.timings[i], &b = after.timings[i];
    EXPECT_EQ(std::tie(b.phase, b.count, b.total_ns, b.min_ns, b.p50_ns, b.p95_ns, b.max_ns, b.items),
              std::tie(a.phase, a.count, a.total_ns, a.min_ns, a.p50_ns, a.p95_ns, a.max_ns, a.items));
  }
}

TEST(RecordJson, KeepsAFailure) {
  store::TrialRecord failed;
  failed.verdict = "nan_loss";
  failed.reason = "loss is nan at step 3";
  const store::TrialRecord after = through(failed);
  EXPECT_EQ(after.verdict, "nan_loss");
  EXPECT_EQ(after.reason, failed.reason);
  EXPECT_TRUE(after.metrics.empty());
  EXPECT_EQ(after.params_total, std::nullopt);
}

TEST(RecordJson, ATruncatedTailIsAMachineError) {
  const PackedRecord packed = pack(record());
  ASSERT_GT(packed.tail.size(), 200u);
  for (std::size_t size = 0; size < packed.tail.size(); ++size) {
    EXPECT_THROW((void)unpack(packed.head, packed.tail.substr(0, size)), MachineError) << size;
  }
}

TEST(RecordJson, CurvesKeepEveryBit) {
  std::vector<store::CurvePoint> points;
  for (const double value : awkward()) {
    points.push_back({"step_loss", static_cast<int>(points.size() % 3), std::int64_t{1} << points.size(), value / 3, value});
  }
  const PackedRecord packed = pack(points);
  const auto after = unpack_curves(parse_json(packed.head.dump(), "head"), packed.tail);
  ASSERT_EQ(after.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(std::tie(after[i].name, after[i].split, after[i].step),
              std::tie(points[i].name, points[i].split, points[i].step));
    EXPECT_EQ(bits({after[i].epoch, after[i].value}), bits({points[i].epoch, points[i].value}));
  }
  EXPECT_THROW((void)unpack_curves(packed.head, packed.tail.substr(8)), MachineError);
}

}  // namespace
}  // namespace seqbench::run
