#include "harness/train/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "harness/base/error.h"

namespace seqbench::train {
namespace progress {
namespace {

std::string bits_of(double value) { return fmt::format("{:016x}", std::bit_cast<std::uint64_t>(value)); }

const Json& member(const Json& state, const char* name) {
  const auto found = state.find(name);
  if (!state.is_object() || found == state.end()) throw InputError(fmt::format("checkpoint: no '{}'", name));
  return *found;
}

double bits_at(const Json& state, const char* name) {
  const Json& value = member(state, name);
  std::uint64_t bits = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
    if (text.size() == 16 && error == std::errc{} && end == text.data() + text.size()) {
      return std::bit_cast<double>(bits);
    }
  }
  throw InputError(fmt::format("checkpoint: '{}' must be 16 hex digits, got {}", name, value.dump()));
}

std::int64_t integer_at(const Json& state, const char* name, std::int64_t low, std::int64_t high) {
  const Json& value = member(state, name);
  if (value.is_number_integer() && value.get<std::int64_t>() >= low && value.get<std::int64_t>() <= high) {
    return value.get<std::int64_t>();
  }
  throw InputError(fmt::format("checkpoint: '{}' must be an integer from {} to {}, got {}", name, low, high,
                               value.dump()));
}

}  // namespace
}  // namespace progress

FitLength fit_length(const FitSettings& settings, std::int64_t rows_per_epoch) {
  if (rows_per_epoch == 0) throw InputError("there are no training rows");
  if (settings.batch < 1) throw InputError(fmt::format("'train.batch' must be 1 or more, got {}", settings.batch));
  if (settings.epochs <= 0 && settings.max_steps <= 0) {
    throw InputError("'train.epochs' and 'train.max_steps' are both 0: one must be above 0");
  }
  if (settings.accumulate < 1) {
    throw InputError(fmt::format("'train.accumulate' must be 1 or more, got {}", settings.accumulate));
  }
  const std::int64_t whole = rows_per_epoch / settings.batch;
  const bool short_last = rows_per_epoch % settings.batch != 0 && !settings.drop_last;
  const std::int64_t batches = whole + (short_last ? 1 : 0);
  FitLength length{.rows_per_epoch = rows_per_epoch,
                   .steps_per_epoch = (batches + settings.accumulate - 1) / settings.accumulate,
                   .used_rows = short_last ? rows_per_epoch : whole * settings.batch};
  if (length.steps_per_epoch == 0) {
    throw InputError(fmt::format("'train.batch' is {} and 'train.drop_last' is true, but an epoch has {} rows",
                                 settings.batch, rows_per_epoch));
  }
  length.steps = settings.epochs > 0 ? settings.epochs * length.steps_per_epoch : settings.max_steps;
  if (settings.max_steps > 0) length.steps = std::min(length.steps, settings.max_steps);
  return length;
}

Json to_json(const Progress& progress, const FitLength& length) {
  return {{"rows_per_epoch", length.rows_per_epoch},
          {"steps", length.steps},
          {"step", progress.step},
          {"epoch", progress.step / length.steps_per_epoch},
          {"position", progress.step % length.steps_per_epoch},
          {"loss_sum", progress::bits_of(progress.loss.sum)},
          {"loss_count", progress::bits_of(progress.loss.count)},
          {"metric", progress::bits_of(progress.metric)},
          {"kept_metric", progress::bits_of(progress.kept_metric)},
          {"kept_step", progress.kept_step},
          {"reference", progress::bits_of(progress.reference)},
          {"stale", progress.stale}};
}

Progress progress_from_json(const Json& state, const FitLength& length) {
  using progress::bits_at, progress::integer_at;
  integer_at(state, "rows_per_epoch", length.rows_per_epoch, length.rows_per_epoch);
  integer_at(state, "steps", length.steps, length.steps);
  Progress result;
  result.step = integer_at(state, "step", 0, length.steps);
  const std::int64_t epoch = result.step / length.steps_per_epoch, position = result.step % length.steps_per_epoch;
  integer_at(state, "epoch", epoch, epoch);
  integer_at(state, "position", position, position);
  result.loss = {bits_at(state, "loss_sum"), bits_at(state, "loss_count")};
  result.metric = bits_at(state, "metric");
  result.kept_metric = bits_at(state, "kept_metric");
  result.kept_step = integer_at(state, "kept_step", -1, result.step);
  result.reference = bits_at(state, "reference");
  result.stale = integer_at(state, "stale", 0, result.step);
  return result;
}

}  // namespace seqbench::train
