#include <fmt/format.h>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/train/fit.h"

namespace seqbench::train {
namespace settings {
namespace {

/// "epoch" is 0.
std::int64_t parse_eval_every(const std::string& text) {
  constexpr std::string_view kUnit = " steps";
  if (text == "epoch") return 0;
  if (text.ends_with(kUnit)) {
    const auto steps = parse_int(std::string_view(text).substr(0, text.size() - kUnit.size()));
    if (steps && *steps > 0) return *steps;
  }
  throw InputError(fmt::format(
      "'train.eval_every' must be \"epoch\" or \"N steps\" with N above 0, got \"{}\"", printable(text)));
}

void read_betas(const Params& train, FitSettings& into) {
  const std::vector<double>& betas = train.numbers("betas");
  if (betas.size() != 2) {
    throw InputError(fmt::format("'train.betas' must be two numbers, got {}", betas.size()));
  }
  for (const double beta : betas) {
    if (!(beta >= 0 && beta < 1)) {
      throw InputError(fmt::format("'train.betas' must be from 0 to below 1, got {}", format_double(beta)));
    }
  }
  into.beta1 = betas[0];
  into.beta2 = betas[1];
}

}  // namespace
}  // namespace settings

FitSettings FitSettings::from(const Params& train) {
  FitSettings result;
  result.optimizer = train.text("optimizer");
  settings::read_betas(train, result);
  result.eps = train.number("eps");
  result.weight_decay = train.number("weight_decay");
  result.momentum = train.number("momentum");
  result.learning_rate = train.number("learning_rate");
  result.schedule = train.text("schedule");
  result.warmup = train.number("warmup");
  result.step_size = train.integer("step_size");
  result.gamma = train.number("gamma");
  result.min_lr = train.number("min_lr");
  result.pct_start = train.number("one_cycle.pct_start");
  result.div_factor = train.number("one_cycle.div_factor");
  result.final_div_factor = train.number("one_cycle.final_div_factor");
  result.cycle_momentum = train.flag("one_cycle.cycle_momentum");
  result.base_momentum = train.number("one_cycle.base_momentum");
  result.max_momentum = train.number("one_cycle.max_momentum");
  result.batch = train.integer("batch");
  result.members = train.integer("members");
  result.accumulate = train.integer("accumulate");
  result.length_buckets = train.integer("length_buckets");
  result.eval_batch = train.integer("eval_batch");
  result.epochs = train.integer("epochs");
  result.max_steps = train.integer("max_steps");
  result.drop_last = train.flag("drop_last");
  result.clip_norm = train.number("clip_norm");
  result.loss = train.text("loss");
  result.sampler = train.text("sampler");
  result.order = train.text("order");
  result.patience = train.integer("early_stop.patience");
  result.min_delta = train.number("early_stop.min_delta");
  result.keep = train.text("keep");
  result.eval_every = settings::parse_eval_every(train.text("eval_every"));
  result.scale_targets = train.flag("scale_targets");
  result.precision = train.text("precision");
  return result;
}

}  // namespace seqbench::train
