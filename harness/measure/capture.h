#pragma once
// Facts of this process and machine, and the clocks of a trial's phases.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/environment.h"

namespace seqbench::measure {

/// Everything but torch, cpu_capability, device, driver, threads: run fills those in, this room links no torch.
[[nodiscard]] Environment capture_environment();
/// Peak resident bytes of this process, or of the largest that it started and saw end.
[[nodiscard]] std::int64_t peak_resident_bytes();
/// Resident bytes of a process and of all that it started, 0 when it is gone.
[[nodiscard]] std::int64_t resident_bytes(int pid);

struct PhaseTimes {
  std::int64_t count = 0, total_ns = 0, min_ns = 0, p50_ns = 0, p95_ns = 0, max_ns = 0, items = 0;
};

/// Durations by phase. Keeps at most 4,096 samples a phase for the quantiles (every 2^k-th).
class PhaseClock {
 public:
  void add(const std::string& phase, std::int64_t duration_ns, std::int64_t items = 0);
  [[nodiscard]] std::map<std::string, PhaseTimes> summary() const;

  /// Adds the time from construction to destruction.
  class Span {
   public:
    Span(PhaseClock& clock, std::string phase, std::int64_t items = 0);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    PhaseClock& clock_;
    std::string phase_;
    std::int64_t items_, begun_ns_;
  };

 private:
  struct Samples {
    PhaseTimes times;
    std::vector<std::int64_t> kept;
    std::int64_t stride = 1;
  };
  std::map<std::string, Samples> phases_;
};

}  // namespace seqbench::measure
