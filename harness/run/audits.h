#pragma once
// Each data set and split of a plan, audited once.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/plan.h"
#include "harness/run/run_trial.h"
#include "harness/store/records.h"

namespace seqbench::run {

/// Loads the data set and split of every needed trial once, so that a bad file or split ends here, and audits each
/// data set on its first repeat and fold, but for subjects that `known` holds at the checks' version. Throws InputError.
[[nodiscard]] std::vector<store::AuditRow> check_and_audit(const Plan& plan, const Tables& tables,
                                                           const std::function<bool(const std::string& subject)>& known);
/// "promoter, twin, split grouped": what an audit is of, from the configuration of a trial.
[[nodiscard]] std::string audit_heading(const Json& config);

}  // namespace seqbench::run
