// Findings as text, Markdown and JSON.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

std::string counts_line(const PaperFindings& f) {
  return fmt::format(
      "{} numbers, {} missing; findings: {} inconsistent, {} doubtful, {} notes; {} claims: {} supported, {} "
      "contradicted, "
      "{} undecided, {} not decidable as printed",
      f.numbers, f.missing, f.count(Severity::kInconsistent), f.count(Severity::kDoubtful), f.count(Severity::kNote),
      f.claims.size(), std::ranges::count(f.claims, AsPrinted::kSupported, &ClaimFinding::state),
      std::ranges::count(f.claims, AsPrinted::kContradicted, &ClaimFinding::state),
      std::ranges::count(f.claims, AsPrinted::kUndecided, &ClaimFinding::state),
      std::ranges::count(f.claims, AsPrinted::kNotDecidable, &ClaimFinding::state));
}

std::string with_interval(double value, const analyze::Interval& interval) {
  return fmt::format("{:.4f} [{:.3f}, {:.3f}]", value, interval.low, interval.high);
}

std::string counts_markdown(const PaperFindings& f) {
  TextTable table(
      {"table", "row", "n", "true positive", "false positive", "false negative", "true negative", "accuracy [95 %]",
       "F1 [95 %]", "MCC [95 %]"},
      2);
  for (const ImpliedCounts& c : f.counts) {
    table.add({escaped(c.table), escaped(c.row), std::to_string(c.counts.n()), std::to_string(c.counts.tp),
               std::to_string(c.counts.fp), std::to_string(c.counts.fn), std::to_string(c.counts.tn),
               with_interval(analyze::accuracy_of(c.counts), c.accuracy),
               with_interval(analyze::f1_of(c.counts), c.f1), with_interval(analyze::mcc_of(c.counts), c.mcc)});
  }
  if (table.empty()) return "";
  return "\n## Counts behind the metrics\n\nOne confusion matrix of each row, on the smallest evaluation set that fits "
         "all rows of its table. Intervals are what that many rows allow: Wilson's of accuracy and, through "
         "tp / (tp + fp + fn), of F1; of MCC those of sensitivity and specificity together.\n\n" +
         table.markdown();
}

}  // namespace

std::string findings_text(const PaperFindings& f) {
  std::string out = f.paper + "\n";
  for (const Finding& finding : f.findings) {
    out += fmt::format("  {:<12}  {}: {}\n                {}\n", to_string(finding.severity), finding.rule,
                       shown(finding.place, 200), shown(finding.reason, 4000));
  }
  for (const ClaimFinding& c : f.claims) {
    if (c.state == AsPrinted::kNotDecidable) continue;
    out += fmt::format("  {:<12}  claim {}: {}\n                {}\n", to_string(c.state), c.claim.id,
                       shown(c.claim.statement, 200), shown(c.reason, 1000));
  }
  return out + "  " + counts_line(f) + "\n";
}

std::string findings_markdown(const PaperFindings& f) {
  std::string out = fmt::format(
      "# What the printed numbers of {} say about themselves\n\nMade by `./seqbench verify {} --as-printed --out "
      "results/findings` from "
      "`results/published/`; no model was run. {}.\n",
      escaped(f.paper), f.paper, counts_line(f));
  std::string rule;
  for (const Finding& finding : f.findings) {
    if (rule.empty()) out += "\n## Findings\n";
    if (const std::string name(to_string(finding.severity)); name != rule)
      out += fmt::format("\n### {}\n\n", rule = name);
    out += fmt::format("- **{}**, {}: {}.\n", finding.rule, escaped(finding.place, 400), escaped(finding.reason, 4000));
  }
  out += counts_markdown(f);
  TextTable claims({"claim", "statement", "as printed", "why", "place"}, 5);
  for (const ClaimFinding& c : f.claims) {
    claims.add({c.claim.id, escaped(c.claim.statement, 400), std::string(to_string(c.state)), escaped(c.reason, 1000),
                escaped(c.claim.place)});
  }
  if (!claims.empty()) out += "\n## Claims against the printed numbers\n\n" + claims.markdown();
  return out;
}

Json to_json(const PaperFindings& f) {
  Json findings = Json::array(), counts = Json::array(), claims = Json::array();
  for (const Finding& x : f.findings) {
    findings.push_back({{"severity", to_string(x.severity)},
                        {"rule", x.rule},
                        {"place", x.place},
                        {"reason", x.reason},
                        {"numbers", x.subjects}});
  }
  for (const ImpliedCounts& c : f.counts) {
    counts.push_back({{"table", c.table},
                      {"row", c.row},
                      {"tp", c.counts.tp},
                      {"fp", c.counts.fp},
                      {"fn", c.counts.fn},
                      {"tn", c.counts.tn},
                      {"accuracy_low", c.accuracy.low},
                      {"accuracy_high", c.accuracy.high},
                      {"f1_low", c.f1.low},
                      {"f1_high", c.f1.high},
                      {"mcc_low", c.mcc.low},
                      {"mcc_high", c.mcc.high}});
  }
  for (const ClaimFinding& c : f.claims)
    claims.push_back({{"claim", c.claim.id},
                      {"statement", c.claim.statement},
                      {"as_printed", to_string(c.state)},
                      {"reason", c.reason}});
  return {
      {"v", 1},           {"paper", f.paper}, {"numbers", f.numbers}, {"missing", f.missing}, {"findings", findings},
      {"counts", counts}, {"claims", claims}};
}

}  // namespace seqbench::reports
