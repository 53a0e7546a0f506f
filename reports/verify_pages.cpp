// The scorecard as text, JSON and rows of the store.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/text.h"
#include "reports/verify.h"

namespace seqbench::reports {
namespace {

using analyze::Verdict;

std::string words(std::string_view verdict) {
  std::string text(verdict);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string verdict_text(const NumberVerdict& v) {
  const std::string verdict = words(analyze::to_string(v.judgement.verdict));
  if (v.judgement.verdict == Verdict::kBlocked)
    return fmt::format("{}: {}", verdict, v.unblock.empty() ? v.judgement.reason : v.unblock);
  return v.judgement.reason.empty() ? verdict : fmt::format("{}: {}", verdict, v.judgement.reason);
}

std::string measured_text(const NumberVerdict& v) {
  if (v.trials.empty()) return "–";
  return fmt::format("measured {} {}", mean_text(v.measured), interval_text(v.measured));
}

std::string counts_line(const Scorecard& card) {
  return fmt::format(
      "{} numbers: {} reproduced, {} better, {} not reproduced, {} undecided, {} blocked, {} inconsistent as printed; "
      "{} not printed; {} settings and "
      "quoted numbers are not judged; {} claims: {} supported, {} contradicted, {} undecided, {} blocked",
      card.numbers.size(), card.count(Verdict::kReproduced), card.count(Verdict::kBetter),
      card.count(Verdict::kNotReproduced), card.count(Verdict::kUndecided), card.count(Verdict::kBlocked),
      card.count(Verdict::kInconsistentAsPrinted), card.missing.size(), card.others.size(), card.claims.size(),
      card.count(ClaimVerdict::kSupported), card.count(ClaimVerdict::kContradicted),
      card.count(ClaimVerdict::kUndecided), card.count(ClaimVerdict::kBlocked));
}

std::string method_of(const Scorecard& card, const std::string& how) {
  return fmt::format("HARNESS 8.9; {}; margins sha256 {}", how.empty() ? "nothing measured" : how, card.margins_sha256);
}

std::optional<double> finite(double value) { return std::isfinite(value) ? std::optional(value) : std::nullopt; }

}  // namespace

std::string scorecard_text(const Scorecard& card) {
  std::string out = card.paper + "\n";
  std::string place;
  TextTable table({"row", "number", "measured", "margin", "verdict"}, 5);
  const auto flush = [&] {
    if (table.empty()) return;
    const std::string text = table.plain();
    for (std::string_view line : split(text, '\n')) {
      while (line.ends_with(' ')) line.remove_suffix(1);
      if (!line.empty()) out += fmt::format("    {}\n", line);
    }
    table = TextTable({"row", "number", "measured", "margin", "verdict"}, 5);
  };
  for (const NumberVerdict& v : card.numbers) {
    if (v.printed.table_ref != place) {
      flush();
      out += fmt::format("  {}\n", shown(place = v.printed.table_ref));
    }
    table.add({shown(v.printed.row_ref), shown(v.printed.col_ref) + " " + printed_digits(v.printed), measured_text(v),
               v.printed.margin ? "±" + four_digits(*v.printed.margin) : "–", shown(verdict_text(v), 400)});
    for (const OtherInput& o : v.others) {
      table.add({"  on " + shown(o.input), shown(v.printed.col_ref), fmt::format("measured {} {}", mean_text(o.measured), interval_text(o.measured)),
                 "–", o.chosen_on_test ? "other input, chosen on test rows" : "other input"});
    }
  }
  flush();
  if (!card.claims.empty()) out += "  claims\n";
  for (const JudgedClaim& c : card.claims) {
    out += fmt::format("    {}  {}  {}: {}\n", c.claim.id, shown(c.claim.statement, 200), to_string(c.verdict),
                       shown(c.reason, 400));
    for (const OtherClaim& o : c.others) out += fmt::format("      on {}  {}: {}\n", shown(o.input), to_string(o.verdict), shown(o.reason, 400));
  }
  if (card.expected_false() > 0) {
    out += fmt::format(
        "  at most {:.1f} of the {} reproduced are to be expected to be so falsely (5 % of the numbers measured)\n",
        card.expected_false(), card.count(Verdict::kReproduced));
  }
  return out + "  " + counts_line(card) + "\n";
}

Json to_json(const Scorecard& card) {
  Json numbers = Json::array(), claims = Json::array();
  for (const NumberVerdict& v : card.numbers) {
    const analyze::Judgement& j = v.judgement;
    Json others = Json::array();
    for (const OtherInput& o : v.others) {
      others.push_back({{"input", o.input}, {"measured", json_number(o.measured.mean)}, {"low", json_number(o.measured.low)},
                        {"high", json_number(o.measured.high)}, {"chosen_on_test", o.chosen_on_test}, {"trials", o.trials}});
    }
    numbers.push_back({{"uid", v.printed.uid},
                       {"table", v.printed.table_ref},
                       {"row", v.printed.row_ref},
                       {"column", v.printed.col_ref},
                       {"printed", printed_digits(v.printed)},
                       {"verdict", analyze::to_string(j.verdict)},
                       {"reason", j.reason},
                       {"unblock", v.unblock},
                       {"measured", v.trials.empty() ? Json() : json_number(v.measured.mean)},
                       {"difference", json_number(j.difference)},
                       {"low", json_number(j.low)},
                       {"high", json_number(j.high)},
                       {"p", json_number(j.p)},
                       {"p_adjusted", json_number(v.p_adjusted)},
                       {"margin", v.printed.margin ? Json(*v.printed.margin) : Json()},
                       {"other_inputs", others},
                       {"trials", v.trials}});
  }
  for (const JudgedClaim& c : card.claims) {
    Json others = Json::array();
    for (const OtherClaim& o : c.others) others.push_back({{"input", o.input}, {"verdict", to_string(o.verdict)}, {"reason", o.reason}});
    claims.push_back({{"claim", c.claim.id},
                      {"statement", c.claim.statement},
                      {"verdict", to_string(c.verdict)},
                      {"reason", c.reason},
                      {"p", json_number(c.p)},
                      {"p_adjusted", json_number(c.p_adjusted)},
                      {"other_inputs", others}});
  }
  return {{"v", 1},
          {"paper", card.paper},
          {"margins_sha256", card.margins_sha256},
          {"numbers", numbers},
          {"claims", claims},
          {"not_printed", card.missing.size()},
          {"not_judged", card.others.size()},
          {"expected_false", card.expected_false()}};
}

std::vector<store::VerdictRow> verdict_rows(const Scorecard& card) {
  std::vector<store::VerdictRow> rows;
  for (const NumberVerdict& v : card.numbers) {
    const analyze::Judgement& j = v.judgement;
    const std::string reason = v.unblock.empty() ? j.reason : j.reason + "; " + v.unblock;
    rows.push_back({v.printed.uid, std::string(analyze::to_string(j.verdict)), finite(j.difference), finite(j.low),
                    finite(j.high), finite(j.p), finite(v.p_adjusted),
                    method_of(card, v.trials.empty() ? "" : v.measured.method), v.trials, reason});
  }
  for (const JudgedClaim& c : card.claims) {
    const char* verdict = c.verdict == ClaimVerdict::kSupported      ? "reproduced"
                          : c.verdict == ClaimVerdict::kContradicted ? "not_reproduced"
                          : c.verdict == ClaimVerdict::kUndecided    ? "undecided"
                                                                     : "blocked";
    rows.push_back({"claim:" + c.claim.id,
                    verdict,
                    std::nullopt,
                    std::nullopt,
                    std::nullopt,
                    finite(c.p),
                    finite(c.p_adjusted),
                    method_of(card, "claim " + c.claim.form),
                    {},
                    c.reason});
  }
  return rows;
}

}  // namespace seqbench::reports
