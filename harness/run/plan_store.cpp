#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "harness/base/text.h"
#include "harness/run/plan.h"

namespace seqbench::run {
namespace {

/// "code changed: models/ridge": what differs between this trial and an executed one of the same definition.
std::string code_difference(const Json& now, const Json& before, const store::TrialRow& row) {
  std::vector<std::string> rooms;
  for (const auto& [room, hash] : now.items()) {
    if (before.value(room, Json()) == hash) continue;
    rooms.push_back(room == "task" ? "tasks/" + row.task : room == "model" ? "models/" + row.model : room);
  }
  return "code changed: " + join(rooms, ", ");
}

void explain(PlannedTrial& trial, const store::Reader& store) {
  const store::TrialRow& row = trial.spec.row;
  if (const auto before = store.configs_with_spec_key(row.spec_key); !before.empty()) {
    trial.state = "rerun";
    trial.why = code_difference(row.config.at("code"), before.front().at("code"), row);
  } else if (!store.data_of_same_trial(row).empty()) {
    trial.state = "rerun";
    trial.why = "data changed: " + row.task;
  }
}

std::optional<double> estimate(const PlannedTrial& trial, const store::Reader& store) {
  if (trial.spec.row.kind == "ceiling") return std::nullopt;
  const std::string view = trial.spec.row.config.at("model").at("view");
  const auto pace = store.pace(trial.spec.row.task, trial.spec.row.model, view, trial.spec.row.scale);
  if (!pace) return std::nullopt;
  return pace->seconds_per_step * static_cast<double>(pace->steps) + pace->other_seconds;
}

std::string format_seconds(double seconds) {
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
}

}  // namespace

void consult_store(Plan& plan, const store::Reader& store, const PlanOptions& options) {
  for (PlannedTrial& trial : plan.trials) {
    const store::TrialState state = store.state(trial.spec.row.key);
    if (state.status.empty()) {
      explain(trial, store);
    } else if (state.status == "done") {
      trial.needed = options.again;
      trial.state = options.again ? "rerun" : "done";
      trial.why = options.again ? "--again" : "-";
    } else if (state.status == "failed") {
      trial.needed = options.retry_failed || options.again;
      trial.state = trial.needed ? "rerun" : "failed";
      trial.why = "failed: " + state.verdict;
    } else {
      trial.state = "resume";
      trial.why = fmt::format("interrupted at step {}", state.step);
    }
    if (trial.needed) trial.estimate_seconds = estimate(trial, store);
  }
}

std::string format_plan(const Plan& plan, std::size_t limit) {
  std::string out = fmt::format("{}  \"{}\"  {} trials\n", plan.experiment.name, printable(plan.experiment.title),
                                plan.trials.size());
  const std::size_t shown = limit == 0 ? plan.trials.size() : std::min(limit, plan.trials.size());
  std::size_t width = 34;
  for (const PlannedTrial& t : std::span(plan.trials).first(shown)) {
    width = std::max(width, count_code_points(printable(t.spec.label)));
  }
  const auto line = [&](auto&&... cells) { return fmt::format("  {:<8}  {:<18}  {:<{}}  {:>4}  {:>4}  {:<6}  {:<28}  {:>8}\n", cells...); };
  out += line("key", "task", "model", width, "seed", "fold", "state", "why", "estimate");
  double seconds = 0;
  std::size_t done = 0, failed = 0, unknown = 0;
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    const PlannedTrial& t = plan.trials[i];
    done += t.state == "done";
    failed += t.state == "failed";
    if (t.needed) {
      unknown += !t.estimate_seconds;
      seconds += t.estimate_seconds.value_or(0);
    }
    if (i >= shown) continue;
    const store::TrialRow& row = t.spec.row;
    const std::string when = !t.needed ? "-" : t.estimate_seconds ? format_seconds(*t.estimate_seconds) : "?";
    out += line(row.key.substr(0, 8), row.task, printable(t.spec.label), width, row.seed, row.fold < 0 ? "-" : std::to_string(row.fold), t.state, t.why,
                when);
  }
  if (shown < plan.trials.size()) {
    out += fmt::format("  ... {} more (--limit 0 shows all)\n", plan.trials.size() - shown);
  }
  const std::size_t needed = plan.needed();
  out += fmt::format("to run {}, done {}, failed before {}", needed, done, failed);
  if (needed > unknown) out += fmt::format("; about {} of work in one worker", format_seconds(seconds));
  if (unknown > 0) out += fmt::format("; {} without an estimate", unknown);
  return out + "\n";
}

Json plan_json(const Plan& plan) {
  Json trials = Json::array();
  for (const PlannedTrial& t : plan.trials) {
    const store::TrialRow& row = t.spec.row;
    trials.push_back({{"key", row.key}, {"task", row.task}, {"model", row.model}, {"label", t.spec.label},
                      {"variant", row.variant}, {"seed", row.seed}, {"rep", row.rep}, {"fold", row.fold},
                      {"kind", row.kind}, {"state", t.state}, {"why", t.why}, {"needed", t.needed},
                      {"estimate_s", t.estimate_seconds ? Json(*t.estimate_seconds) : Json()}});
  }
  return {{"v", 1}, {"experiment", plan.experiment.name}, {"scale", plan.experiment.scale}, {"trials", trials}};
}

}  // namespace seqbench::run
