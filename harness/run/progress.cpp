#include "harness/run/progress.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::run {
namespace {

constexpr double kPlainSeconds = 30, kRedrawSeconds = 0.125;

std::string duration(double seconds) {
  if (!(seconds >= 0)) return "?";
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  return s < 60 ? fmt::format("{}s", s) : fmt::format("{}m{:02}s", s / 60, s % 60);
}

/// A stream that was closed ends progress, not the run: fmt::print would throw.
void tell(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string of_all(std::int64_t all) { return all > 0 ? fmt::format("/{}", all) : ""; }

std::string short_number(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : "-"; }

/// The ranking metric on one part, for the line at a trial's end.
std::string final_metric(const store::TrialRecord& record, int split, const char* name) {
  for (const store::MetricRow& m : record.metrics) {
    if (m.split == split && m.slice == "all") return fmt::format(" {}_{}={}", name, m.name, short_number(m.value));
  }
  return "";
}

}  // namespace

Progress::Progress(ProgressMode mode, const Plan& plan, int workers)
    : mode_(mode), plan_(plan), workers_(workers), total_(plan.needed()), started_(monotonic_seconds()) {}

std::string Progress::name_of(const PlannedTrial& trial) const {
  const store::TrialRow& row = trial.spec.row;
  std::string name = fmt::format("{} {} seed={}", row.task, trial.spec.label, row.seed);
  if (row.fold >= 0) name += fmt::format(" fold={}", row.fold);
  if (row.rep > 0) name += fmt::format(" repeat={}", row.rep);
  return printable(name);
}

double Progress::eta(const Running& r) const {
  const auto made = static_cast<double>(r.step - std::max<std::int64_t>(r.from_step, 0));
  return made <= 0 ? -1 : (monotonic_seconds() - r.since) / made * static_cast<double>(r.steps - r.step);
}

double Progress::run_eta() const {
  const std::size_t ended = done_ + failed_;
  double seconds = 0;
  for (const auto& [key, running] : running_) seconds += std::max(0.0, eta(running));
  const std::size_t waiting = total_ - std::min(total_, ended + running_.size());
  if (waiting > 0 && ended == 0) return -1;
  if (ended > 0) seconds += ended_seconds_ / static_cast<double>(ended) * static_cast<double>(waiting);
  return seconds / std::max(1, workers_);
}

void Progress::line(const std::string& text) {
  if (mode_ == ProgressMode::kQuiet || mode_ == ProgressMode::kJson) return;
  if (mode_ == ProgressMode::kTerminal) {
    clear_block();
    tell(text + "\n");
    redraw(true);
  } else {
    tell(utc_now().substr(0, 19) + "Z " + text + "\n");
  }
}

void Progress::event(Json json) {
  if (mode_ != ProgressMode::kJson) return;
  json["v"] = 1;
  json["at"] = utc_now();
  json["run"] = run_uid_;
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Progress::clear_block() {
  for (; drawn_lines_ > 0; --drawn_lines_) tell("\x1b[1A\x1b[2K");
}

void Progress::redraw(bool force) {
  if (mode_ != ProgressMode::kTerminal) return;
  const double now = monotonic_seconds();
  if (!force && now - drawn_ < kRedrawSeconds) return;
  drawn_ = now;
  clear_block();
  tell(fmt::format("{}  {}/{} done  {} failed  ETA {}\n", plan_.experiment.name, done_, total_, failed_,
                   duration(run_eta())));
  drawn_lines_ = 1;
  for (const PlannedTrial& trial : plan_.trials) {
    const auto found = running_.find(trial.spec.row.key);
    if (found == running_.end()) continue;
    const Running& r = found->second;
    std::string text = fmt::format("  {}  {} {}{}", name_of(trial), r.trained ? "step" : "part", r.step, of_all(r.steps));
    if (r.trained) text += fmt::format("  epoch {:.1f}  loss {}", r.epoch, r.loss);
    if (!r.metric_name.empty()) text += fmt::format("  {} {}", r.metric_name, short_number(r.metric));
    if (r.rate > 0) text += fmt::format("  {:.0f}/s", r.rate);
    text += fmt::format("  ETA {}", duration(eta(r)));
    tell(text.substr(0, 118) + "\n");
    ++drawn_lines_;
  }
  std::fflush(stderr);
}

void Progress::run_begin(const std::string& run_uid, const std::string& device) {
  run_uid_ = run_uid;
  event({{"event", "run_begin"}, {"experiment", plan_.experiment.name}, {"trials", plan_.trials.size()},
         {"to_run", total_}, {"device", device}});
  line(fmt::format("run {} {} scale={} trials={} to_run={} device={}", run_uid, plan_.experiment.name,
                   plan_.experiment.scale, plan_.trials.size(), total_, device));
}

void Progress::trial_begin(const PlannedTrial& trial, const std::string& device, std::int64_t attempt,
                           std::int64_t from_step) {
  Running& r = running_[trial.spec.row.key];
  r = Running{};
  r.number = static_cast<std::int64_t>(++begun_);
  r.begun = r.since = r.told = monotonic_seconds();
  r.loss = "-";
  const store::TrialRow& row = trial.spec.row;
  event({{"event", "trial_begin"}, {"trial", row.key}, {"attempt", attempt}, {"from_step", from_step},
         {"task", row.task}, {"model", row.model}, {"label", trial.spec.label}, {"seed", row.seed}, {"fold", row.fold}});
  line(fmt::format("trial {}/{} begin key={} {} device={} threads={}{}", r.number, total_, row.key.substr(0, 8),
                   name_of(trial), device, trial.spec.threads,
                   attempt > 1 ? fmt::format(" attempt={} from_step={}", attempt, from_step) : ""));
}

void Progress::trial_progress(const PlannedTrial& trial, const Json& message) {
  Running& r = running_[trial.spec.row.key];
  r.step = message.at("step");
  if (const bool trained = message.at("trained"); trained != r.trained) {
    r.trained = trained;
    r.from_step = -1;
  }
  if (r.from_step < 0) {
    r.from_step = r.step;
    r.since = monotonic_seconds();
  }
  r.steps = message.at("steps");
  r.epoch = message.at("epoch");
  r.rate = message.at("samples_per_s");
  r.loss = message.at("loss").is_number() ? short_number(message.at("loss").get<double>()) : "-";
  Json json = {{"event", "progress"}, {"trial", trial.spec.row.key}, {"step", r.step}, {"steps", r.steps},
               {"trained", r.trained}, {"epoch", r.epoch}, {"loss", message.at("loss")}, {"samples_per_s", r.rate}, {"eta_s", eta(r)}};
  if (!r.metric_name.empty()) json[r.metric_name] = json_number(r.metric);
  event(std::move(json));
  const double now = monotonic_seconds();
  if (mode_ == ProgressMode::kPlain && now - r.told >= kPlainSeconds) {
    r.told = now;
    const std::string training = !r.trained ? "" : fmt::format(" epoch={:.1f} loss={}", r.epoch, r.loss);
    const std::string metric = r.metric_name.empty() ? "" : fmt::format(" {}={}", r.metric_name, short_number(r.metric));
    const std::string rate = r.rate > 0 ? fmt::format(" samples_per_s={:.0f}", r.rate) : "";
    line(fmt::format("trial {}/{} {}={}{}{}{}{} eta={} run_eta={}", r.number, total_, r.trained ? "step" : "part", r.step, of_all(r.steps), training, metric,
                     rate, duration(eta(r)), duration(run_eta())));
  }
  redraw(false);
}

void Progress::metric(const PlannedTrial& trial, const std::string& name, double value) {
  Running& r = running_[trial.spec.row.key];
  r.metric_name = name;
  r.metric = value;
}

void Progress::checkpoint(const PlannedTrial& trial, std::int64_t step) {
  event({{"event", "checkpoint"}, {"trial", trial.spec.row.key}, {"step", step}});
}

void Progress::trial_end(const PlannedTrial& trial, const store::TrialRecord& record, const std::string& sha256) {
  const Running r = running_[trial.spec.row.key];
  running_.erase(trial.spec.row.key);
  const double seconds = monotonic_seconds() - r.begun;
  ended_seconds_ += seconds;
  const bool ok = record.verdict == "ok";
  ++(ok ? done_ : failed_);
  Json json = {{"event", "trial_end"}, {"trial", trial.spec.row.key}, {"status", ok ? "done" : "failed"}};
  if (ok) {
    Json metrics = Json::object();
    constexpr const char* kParts[] = {"train", "validation", "test"};
    for (const store::MetricRow& m : record.metrics) {
      if (m.slice == "all") metrics[kParts[m.split]][m.name] = json_number(m.value);
    }
    json["metrics"] = metrics;
    json["result_sha256"] = sha256;
  } else {
    json["verdict"] = record.verdict;
    json["reason"] = record.reason;
  }
  event(std::move(json));
  if (ok) {
    line(fmt::format("trial {}/{} done {}{}{} seconds={:.1f}", r.number, total_, name_of(trial),
                     final_metric(record, 1, "val"), final_metric(record, 2, "test"), seconds));
  } else {
    line(fmt::format("trial {}/{} failed {}: {}: {} (show {})", r.number, total_, name_of(trial), record.verdict,
                     printable(record.reason), trial.spec.row.key.substr(0, 8)));
  }
}

void Progress::trial_interrupted(const PlannedTrial& trial, const std::string& why, std::int64_t step) {
  running_.erase(trial.spec.row.key);
  event({{"event", "trial_interrupted"}, {"trial", trial.spec.row.key}, {"why", why}, {"step", step}});
  line(fmt::format("trial interrupted {}: {} at step {}", name_of(trial), why, step));
}

void Progress::warning(const std::string& text) {
  event({{"event", "warning"}, {"text", text}});
  if (mode_ == ProgressMode::kQuiet || mode_ == ProgressMode::kJson) {
    tell("warning: " + printable(text, 1000) + "\n");
  } else {
    line("warning: " + printable(text, 1000));
  }
}

void Progress::run_end(const std::string& status, int exit_code) {
  event({{"event", "run_end"}, {"status", status}, {"done", done_}, {"failed", failed_},
         {"missing", total_ - std::min(total_, done_ + failed_)}, {"exit_code", exit_code}});
  clear_block();
  if (mode_ == ProgressMode::kTerminal) mode_ = ProgressMode::kPlain;
  line(fmt::format("run {} {}: {} done, {} failed, {} not run, {}", run_uid_, status, done_, failed_,
                   total_ - std::min(total_, done_ + failed_), duration(monotonic_seconds() - started_)));
}

}  // namespace seqbench::run
