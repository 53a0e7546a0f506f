#include "harness/run/audits.h"

#include <fmt/format.h>

#include "harness/audit/audit.h"
#include "harness/data/home.h"
#include "harness/run/split.h"

namespace seqbench::run {
namespace {

/// The field that grouped splits keep together: the split's own, else the task's.
std::string group_of(const TrialConfig& config) {
  const std::string own = config.split.has("group") ? config.split.text("group") : "";
  return own.empty() ? config.task->group : own;
}

}  // namespace

std::vector<store::AuditRow> check_and_audit(const Plan& plan, const Tables& tables,
                                             const std::function<bool(const std::string& subject)>& known) {
  DataCache cache;
  std::set<std::string> seen, audited;
  std::vector<store::AuditRow> audits;
  for (const PlannedTrial& trial : plan.trials) {
    const store::TrialRow& row = trial.spec.row;
    const std::string what = canonical_json({row.config.at("task"), row.config.at("split"), row.rep, row.fold});
    if (!trial.needed || !seen.insert(what).second) continue;
    const TrialConfig config = TrialConfig::of(row, tables);
    if (!config.twin && !config.task->fingerprint) data::verify_lock(trial.spec.data_folder, true);
    const Dataset& dataset = cache.get(config, trial.spec);
    const data::SplitRows rows = split_rows(dataset.examples(), config);
    const std::string subject = store::audit_subject(row.config);
    if (!audited.insert(subject).second || known(subject)) continue;
    audits.push_back({subject, row.task, audit::kVersion,
                      audit::to_json(audit::audit(*config.task, dataset, rows, group_of(config)))});
    audits.back().audit["heading"] = audit_heading(row.config);
  }
  return audits;
}

std::string audit_heading(const Json& config) {
  const Json& task = config.at("task");
  const Json& split = config.at("split");
  std::string text = fmt::format("{}, {} data, split {}", task.at("name").get<std::string>(),
                                 task.at("source").get<std::string>(), split.at("kind").get<std::string>());
  if (config.at("fold").get<std::int64_t>() >= 0) text += fmt::format(", fold {}", config.at("fold").get<std::int64_t>());
  return text;
}

}  // namespace seqbench::run
