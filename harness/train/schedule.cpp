#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/train/fit.h"

namespace seqbench::train {
namespace schedule {
namespace {

double warmup_steps(const FitSettings& settings, double steps) {
  return settings.warmup < 1 ? std::ceil(settings.warmup * steps) : std::floor(settings.warmup);
}

}  // namespace
}  // namespace schedule

double learning_rate_at(const FitSettings& settings, std::int64_t step, std::int64_t steps,
                        std::int64_t steps_per_epoch) {
  const double peak = settings.learning_rate, floor = settings.min_lr;
  const auto now = static_cast<double>(step), all = static_cast<double>(steps);
  const double warmup = schedule::warmup_steps(settings, all);
  if (now < warmup) return peak * now / warmup;
  if (settings.schedule == "constant") return peak;
  if (settings.schedule == "step") {
    const std::int64_t decays = step / steps_per_epoch / std::max<std::int64_t>(settings.step_size, 1);
    return std::max(floor, peak * std::pow(settings.gamma, static_cast<double>(decays)));
  }
  const double progress = std::min((now - warmup) / std::max(1.0, all - warmup), 1.0);
  if (settings.schedule == "linear") return floor + (peak - floor) * (1 - progress);
  if (settings.schedule == "cosine") {
    return floor + (peak - floor) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  }
  throw InputError(fmt::format("'train.schedule' must be one of constant, linear, cosine, step, got \"{}\"",
                               printable(settings.schedule)));
}

}  // namespace seqbench::train
