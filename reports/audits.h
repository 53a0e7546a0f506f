#pragma once
// Private to the room: what the audits of a table's data found.

#include <string>
#include <vector>

#include "harness/store/reader.h"
#include "reports/html.h"

namespace seqbench::reports {

/// Audits of the data sets and splits of these trials, each once, in order of appearance.
[[nodiscard]] std::vector<Json> audits_of(const store::Reader& store, const std::vector<store::TrialResult>& trials);
/// One sentence: "no leak and no giveaway among 9 checks", or what was found.
[[nodiscard]] std::string audit_summary(const Json& audit);
/// For a terminal: an audit in lines of at most 100 columns, each alarm on one of its own.
[[nodiscard]] std::string audit_lines(const Json& audit);
void append_audits(std::string& out, const std::vector<Json>& audits);
/// A block an audit; `number` is the task's place on the page.
[[nodiscard]] std::vector<HtmlBlock> audit_blocks(const std::vector<Json>& audits, std::size_t number);

}  // namespace seqbench::reports
