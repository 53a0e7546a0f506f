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

/// torch's OneCycleLR: from `first` to `top` in the first pct_start of the steps, then to `last`, along cosines.
double one_cycle(const FitSettings& settings, double step, double steps, double first, double top, double last) {
  const double turn = settings.pct_start * steps - 1;
  const bool rising = step <= turn;
  const double begin = rising ? 0 : turn, end = rising ? turn : steps - 1;
  const double share = end > begin ? (step - begin) / (end - begin) : 1;
  const double from = rising ? first : top, to = rising ? top : last;
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
}

double one_cycle_rate(const FitSettings& settings, double step, double steps) {
  const double first = settings.learning_rate / settings.div_factor;
  const double rate =
      one_cycle(settings, step, steps, first, settings.learning_rate, first / settings.final_div_factor);
  return std::max(settings.min_lr, rate);
}

}  // namespace
}  // namespace schedule

double learning_rate_at(const FitSettings& settings, std::int64_t step, std::int64_t steps,
                        std::int64_t steps_per_epoch) {
  const double peak = settings.learning_rate, floor = settings.min_lr;
  const auto now = static_cast<double>(step), all = static_cast<double>(steps);
  if (settings.schedule == "one_cycle") return schedule::one_cycle_rate(settings, now, all);
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
  throw InputError(fmt::format("'train.schedule' must be one of constant, linear, cosine, step, one_cycle, got \"{}\"",
                               printable(settings.schedule)));
}

std::optional<double> momentum_at(const FitSettings& settings, std::int64_t step, std::int64_t steps) {
  if (settings.schedule != "one_cycle" || !settings.cycle_momentum) return std::nullopt;
  return schedule::one_cycle(settings, static_cast<double>(step), static_cast<double>(steps), settings.max_momentum,
                             settings.base_momentum, settings.max_momentum);
}

}  // namespace seqbench::train
