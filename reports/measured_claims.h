#pragma once
// Private to the room: a paper's claims held against what was measured (HARNESS 8.9).

#include <vector>

#include "reports/as_printed_rules.h"
#include "reports/measurements.h"
#include "reports/verify.h"

namespace seqbench::reports {

/// `rows`: of the paper, those that trusted_rows() leaves. Claims about numbers that are computed from the paper or the
/// data take over what `printed` says of them. A claim that is blocked is judged on each other input that was measured.
[[nodiscard]] JudgedClaim judge_measured(const store::Claim& claim, const Measurements& measured,
                                         const std::vector<Published>& rows, const PaperFindings& printed);

}  // namespace seqbench::reports
