#pragma once
// Private to the room: a metric of several trials under many sets of integer weights.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/analyze/metrics.h"

namespace seqbench::analyze {

/// Most metrics have a path that does once what does not depend on weights (sorting, centring, scoring rows); it is
/// chosen by name, so that a copy of a MetricInfo under another name takes the general one through `compute`.
class Resampler {
 public:
  virtual ~Resampler() = default;
  /// Multiplicities of rows of the next resample, [n]; called before value().
  virtual void weigh(std::span<const double> weights) { weights_ = weights; }
  [[nodiscard]] virtual MetricValue value(std::size_t trial) const = 0;
  /// On all rows but these, each once, where that takes less than weighing and value(); changes no weights.
  [[nodiscard]] virtual std::optional<double> without(std::size_t /*trial*/,
                                                      std::span<const std::uint32_t> /*rows*/) const {
    return std::nullopt;
  }

 protected:
  std::span<const double> weights_;
};

/// `truth` and `predictions` must outlive the resampler.
[[nodiscard]] std::unique_ptr<Resampler> make_resampler(const MetricInfo& metric, std::span<const double> truth,
                                                        std::span<const std::vector<double>> predictions);

}  // namespace seqbench::analyze
