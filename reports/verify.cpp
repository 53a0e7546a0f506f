#include "reports/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "reports/judged.h"
#include "reports/measured_claims.h"

namespace seqbench::reports {
namespace {

using analyze::Verdict;
using Published = store::PublishedRow;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::map<std::string, std::string> inconsistent_numbers(const PaperFindings& findings) {
  std::map<std::string, std::string> reasons;
  for (const Finding& f : findings.findings) {
    if (f.severity != Severity::kInconsistent) continue;
    for (const std::string& uid : f.subjects) reasons.try_emplace(uid, f.rule + ": " + f.reason);
  }
  return reasons;
}

analyze::Judgement without_measure(Verdict verdict, std::string reason) {
  analyze::Judgement j;
  j.verdict = verdict;
  j.difference = j.low = j.high = j.low90 = j.high90 = j.prediction_low = j.prediction_high = j.p = kNone;
  j.reason = std::move(reason);
  return j;
}

NumberVerdict verdict_of(const Published& p, const Measurements& measured,
                         const std::map<std::string, std::string>& wrong, const VerifyOptions& options) {
  NumberVerdict v;
  v.printed = p;
  v.p_adjusted = kNone;
  for (const std::string& input : measured.inputs()) {
    const Measured* other = measured.of(p, input);
    if (other == nullptr || !other->row->label.ends_with(" @ " + input)) continue;
    v.others.push_back({input, other->cell->summary, other->row->chosen_on_test, other->row->keys});
  }
  const Measured* found = measured.of(p);
  if (found != nullptr) {
    v.measured = found->cell->summary;
    v.trials = found->row->keys;
  }
  if (const auto reason = wrong.find(p.uid); reason != wrong.end()) {
    v.judgement = without_measure(Verdict::kInconsistentAsPrinted, reason->second);
    return v;
  }
  if (found == nullptr) {
    v.judgement = without_measure(Verdict::kBlocked, "nothing measured on real data at full scale");
    v.unblock = options.unblock ? options.unblock(p) : "";
    return v;
  }
  const auto judgement = judged(p, *found->row, *found->cell);
  v.judgement = judgement
                    ? *judgement
                    : without_measure(Verdict::kUndecided, fmt::format("no margin for {} in margins.toml", p.metric));
  if (found->rows > 1) v.judgement.reason += fmt::format("; {} rows stand for it, that of most trials is judged", found->rows);
  if ((p.selected_on == "test") != found->row->chosen_on_test) {
    v.judgement.reason += p.selected_on == "test"
                              ? "; the printed one was chosen on test rows, the measured one was not"
                              : "; the measured one was chosen on test rows";
  }
  return v;
}

/// Holm within the paper over not reproduced and contradicted: what it does not leave standing is undecided.
void adjust(Scorecard& card) {
  std::vector<double> p;
  for (const NumberVerdict& v : card.numbers)
    p.push_back(v.judgement.verdict == Verdict::kInconsistentAsPrinted ? kNone : v.judgement.p);
  for (const JudgedClaim& c : card.claims) p.push_back(c.verdict == ClaimVerdict::kBlocked ? kNone : c.p);
  const std::vector<double> adjusted = analyze::holm(p);
  std::size_t i = 0;
  for (NumberVerdict& v : card.numbers) {
    v.p_adjusted = adjusted[i++];
    if (v.judgement.verdict != Verdict::kNotReproduced || !(v.p_adjusted > 0.05)) continue;
    v.judgement.verdict = Verdict::kUndecided;
    v.judgement.reason =
        fmt::format("not reproduced taken alone (p {:.3f}), not after Holm's adjustment within the paper ({:.3f})",
                    v.judgement.p, v.p_adjusted);
  }
  for (JudgedClaim& c : card.claims) {
    c.p_adjusted = adjusted[i++];
    if (c.verdict != ClaimVerdict::kContradicted || !(c.p_adjusted > 0.05)) continue;
    c.verdict = ClaimVerdict::kUndecided;
    c.reason +=
        fmt::format("; contradicted taken alone, not after Holm's adjustment within the paper ({:.3f})", c.p_adjusted);
  }
}

}  // namespace

std::string_view to_string(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::kSupported: return "supported";
    case ClaimVerdict::kContradicted: return "contradicted";
    case ClaimVerdict::kUndecided: return "undecided";
    case ClaimVerdict::kBlocked: break;
  }
  return "blocked";
}

std::size_t Scorecard::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(numbers, [&](const NumberVerdict& v) { return v.judgement.verdict == verdict; }));
}

std::size_t Scorecard::count(ClaimVerdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(claims, verdict, &JudgedClaim::verdict));
}

double Scorecard::expected_false() const {
  const auto judged = std::ranges::count_if(numbers, [](const NumberVerdict& v) {
    return !v.trials.empty() && v.judgement.verdict != Verdict::kInconsistentAsPrinted;
  });
  return 0.05 * static_cast<double>(judged);
}

bool Scorecard::finding() const { return count(Verdict::kNotReproduced) > 0 || count(ClaimVerdict::kContradicted) > 0; }

Scorecard verify(const store::Reader* store, const store::PublishedFolder& folder, const std::string& paper,
                 const VerifyOptions& options) {
  const store::Paper& source = folder.paper(paper);
  const PaperFindings printed = as_printed(folder, paper);
  const std::map<std::string, std::string> wrong = inconsistent_numbers(printed);
  const Measurements measured(store, source);
  Scorecard card;
  card.paper = paper;
  card.margins_sha256 = options.margins_sha256;
  for (const Published& p : source.rows) {
    if (p.status == "missing")
      card.missing.push_back(p);
    else if (p.task.empty() && !wrong.contains(p.uid))
      card.others.push_back(p);
    else
      card.numbers.push_back(verdict_of(p, measured, wrong, options));
  }
  const std::vector<Published> rows = trusted_rows(source.rows, printed);
  for (const store::Claim& claim : folder.claims) {
    if (claim.paper == paper) card.claims.push_back(judge_measured(claim, measured, rows, printed));
  }
  adjust(card);
  return card;
}

Scorecard of_table(Scorecard card, const std::string& table) {
  const auto wanted = [&](const std::string& name) { return name == table || name == "Table " + table || name.starts_with(table + " ("); };
  const auto other = [&](const Published& p) { return !wanted(p.table_ref); };
  std::vector<std::string> tables;
  const auto add = [&](const Published& p) {
    if (std::ranges::find(tables, p.table_ref) == tables.end()) tables.push_back(p.table_ref);
  };
  for (const NumberVerdict& v : card.numbers) add(v.printed);
  for (const auto* rows : {&card.others, &card.missing}) std::ranges::for_each(*rows, add);
  std::erase_if(card.numbers, [&](const NumberVerdict& v) { return other(v.printed); });
  std::erase_if(card.others, other);
  std::erase_if(card.missing, other);
  if (card.numbers.empty() && card.others.empty() && card.missing.empty()) {
    throw InputError(fmt::format("no table '{}' in paper '{}': it has {}", printable(table), card.paper, join(tables, ", ")));
  }
  std::erase_if(card.claims, [&](const JudgedClaim& c) { return std::ranges::none_of(c.claim.tables, wanted); });
  return card;
}

}  // namespace seqbench::reports
