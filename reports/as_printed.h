#pragma once
// What a paper's printed numbers say about themselves (HARNESS 8.10), from results/published/ alone: no model, no
// run, no store. Every finding is derived from the rows by a rule that names no row.

#include <string>
#include <vector>

#include "harness/analyze/forensics.h"
#include "harness/base/json.h"
#include "harness/store/published_files.h"

namespace seqbench::reports {

enum class Severity {
  kInconsistent,  // the printed numbers contradict each other, or a fact of the data
  kDoubtful,      // they can be so, but hardly, or they do not mean what they seem to
  kNote,          // worth knowing before one relies on them
};
[[nodiscard]] std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::kNote;
  std::string rule;                   // "impossible pair"
  std::string place;                  // "Table 3.2, bert-large-t2t, f1 and mcc"
  std::string reason;                 // one or two sentences with the numbers
  std::vector<std::string> subjects;  // uids of the numbers that are hit; of an inconsistent one: their verdict
};

/// A claim held against the printed numbers.
enum class AsPrinted { kSupported, kContradicted, kUndecided, kNotDecidable };
[[nodiscard]] std::string_view to_string(AsPrinted state);
struct ClaimFinding {
  store::Claim claim;
  AsPrinted state = AsPrinted::kNotDecidable;
  std::string reason;
};

/// The counts behind one row of a table of classifiers, on the smallest evaluation set that fits all its rows.
struct ImpliedCounts {
  std::string table, row;
  analyze::Confusion counts;
  analyze::Interval accuracy, f1, mcc;  // 95 % each
};

struct PaperFindings {
  std::string paper;
  std::size_t numbers = 0, missing = 0;
  std::vector<Finding> findings;  // by severity, then as found
  std::vector<ImpliedCounts> counts;
  std::vector<ClaimFinding> claims;

  [[nodiscard]] std::size_t count(Severity severity) const;
  [[nodiscard]] bool inconsistent() const { return count(Severity::kInconsistent) > 0; }
};

/// Under a second for the four papers. Throws InputError for a paper that the folder does not have.
[[nodiscard]] PaperFindings as_printed(const store::PublishedFolder& folder, const std::string& paper);
[[nodiscard]] std::string findings_text(const PaperFindings& findings);
[[nodiscard]] std::string findings_markdown(const PaperFindings& findings);
[[nodiscard]] Json to_json(const PaperFindings& findings);

}  // namespace seqbench::reports
