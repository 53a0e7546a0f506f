#include "harness/measure/capture.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "harness/base/error.h"

namespace seqbench::measure {
namespace {

constexpr std::size_t kMaxKept = 4096;

std::int64_t monotonic_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

/// Drops every second sample: what stays is each 2 * stride-th of all.
void thin(std::vector<std::int64_t>& kept) {
  for (std::size_t i = 0; 2 * i < kept.size(); ++i) kept[i] = kept[2 * i];
  kept.resize((kept.size() + 1) / 2);
}

/// The smallest sample that at least `percent` of all do not exceed.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, std::size_t percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

void PhaseClock::add(const std::string& phase, std::int64_t duration_ns, std::int64_t items) {
  SEQBENCH_ASSERT(duration_ns >= 0 && items >= 0, "the monotonic clock and a count of items never run backwards");
  Samples& samples = phases_[phase];
  PhaseTimes& times = samples.times;
  times.min_ns = times.count == 0 ? duration_ns : std::min(times.min_ns, duration_ns);
  times.max_ns = std::max(times.max_ns, duration_ns);
  times.total_ns += duration_ns;
  times.items += items;
  if (times.count++ % samples.stride != 0) return;
  samples.kept.push_back(duration_ns);
  if (samples.kept.size() > kMaxKept) {
    thin(samples.kept);
    samples.stride *= 2;
  }
}

std::map<std::string, PhaseTimes> PhaseClock::summary() const {
  std::map<std::string, PhaseTimes> result;
  for (const auto& [phase, samples] : phases_) {
    std::vector<std::int64_t> sorted = samples.kept;
    std::sort(sorted.begin(), sorted.end());
    PhaseTimes& times = result[phase] = samples.times;
    times.p50_ns = percentile(sorted, 50);
    times.p95_ns = percentile(sorted, 95);
  }
  return result;
}

PhaseClock::Span::Span(PhaseClock& clock, std::string phase, std::int64_t items)
    : clock_(clock), phase_(std::move(phase)), items_(items), begun_ns_(monotonic_ns()) {}

PhaseClock::Span::~Span() { clock_.add(phase_, monotonic_ns() - begun_ns_, items_); }

}  // namespace seqbench::measure
