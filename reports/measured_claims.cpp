#include "reports/measured_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "reports/curve_claims.h"

namespace seqbench::reports {
namespace {

constexpr double kLevel = 0.05;

/// The summary of what was measured less `limit`, which has no spread.
analyze::Summary above(analyze::Summary s, double limit) {
  for (double* value : {&s.mean, &s.low, &s.high, &s.low90, &s.high90}) *value -= limit;
  return s;
}

analyze::Summary mirrored(analyze::Summary s) {
  std::swap(s.low, s.high);
  std::swap(s.low90, s.high90);
  for (double* value : {&s.mean, &s.low, &s.high, &s.low90, &s.high90}) *value = -*value;
  return s;
}

class ClaimJudge {
 public:
  ClaimJudge(const Measurements& measured, std::string input, const std::vector<Published>& rows, const PaperFindings& printed)
      : measured_(measured), input_(std::move(input)), rows_(rows), printed_(printed) {}

  JudgedClaim judge(const store::Claim& claim) const {
    JudgedClaim out;
    out.claim = claim;
    if (claim.form == "none") {
      out.reason = claim.note.empty() ? "needs a measurement of its own" : claim.note;
    } else if (is_computed(claim)) {
      take_over(claim, out);
    } else if (claim.form == "bound") {
      bound(claim, out);
    } else if (claim.form == "trend") {
      trend(claim, out);
    } else if (claim.form == "curve") {
      curves(claim, out);
    } else {
      pairs(claim, out);
    }
    return out;
  }

  /// Whether a row of this very input was looked at, and any that was chosen on test rows.
  [[nodiscard]] bool own_input() const { return own_input_; }
  [[nodiscard]] bool chosen_on_test() const { return chosen_on_test_; }
  /// Printed rows that "INPUT, how" has no row of, so that INPUT's stood in.
  [[nodiscard]] std::size_t borrowed() const { return borrowed_.size(); }

 private:
  /// Numbers that the program computes need no run.
  void take_over(const store::Claim& claim, JudgedClaim& out) const {
    const auto found = std::ranges::find(printed_.claims, claim.id, [](const ClaimFinding& c) { return c.claim.id; });
    out.reason = found->reason;
    out.p = found->state == AsPrinted::kContradicted ? 0 : 1;
    out.verdict = found->state == AsPrinted::kSupported      ? ClaimVerdict::kSupported
                  : found->state == AsPrinted::kContradicted ? ClaimVerdict::kContradicted
                  : found->state == AsPrinted::kUndecided    ? ClaimVerdict::kUndecided
                                                             : ClaimVerdict::kBlocked;
  }

  [[nodiscard]] const Measured* seen(const Published& p) const {
    const Measured* found = measured_.of(p, input_);
    const bool own = found != nullptr && found->row->label.ends_with(" @ " + input_);
    own_input_ = own_input_ || own;
    if (found != nullptr && !own) borrowed_.insert(p.row_ref);
    chosen_on_test_ = chosen_on_test_ || (found != nullptr && found->row->chosen_on_test);
    return found;
  }

  [[nodiscard]] const analyze::Summary* summary(const Published& p) const {
    const Measured* found = seen(p);
    return found == nullptr ? nullptr : &found->cell->summary;
  }

  /// One run of one side shows nothing of its spread, so that nothing follows from it.
  static analyze::ClaimResult greater(const analyze::Summary& difference, std::int64_t fewest, double margin = 0) {
    if (fewest >= 2) return analyze::claim_greater(difference, margin);
    return {analyze::Support::kUndecided, 1, "one run shows nothing of the spread between runs: run more seeds"};
  }

  [[nodiscard]] analyze::ClaimResult compare(const Measured& a, const Measured& b, double margin) const {
    const Measurements::Difference d = measured_.difference(a, b);
    analyze::ClaimResult result =
        greater(d.summary, std::min(a.cell->summary.trials, b.cell->summary.trials), margin);
    result.reason += d.paired ? "; paired over the same test rows" : "; unpaired";
    return result;
  }

  /// Rows of the best's comparison: the best measured named one against each other one.
  [[nodiscard]] std::vector<ClaimPair> pairs_for_best(const store::Claim& claim) const {
    std::vector<ClaimPair> pairs;
    for (const std::string& column : claim.columns) {
      std::vector<const Published*> named, others;
      for (const std::string& r : claim.right) {
        for (const Published* p : selected(r, column, claim.tables.front(), rows_)) {
          const bool ours =
              std::ranges::any_of(claim.left, [&](const std::string& l) { return matches(l, p->row_ref); });
          (ours ? named : others).push_back(p);
        }
      }
      if (named.empty()) continue;
      const bool up = higher_is_better(named.front()->metric);
      const auto value = [&](const Published* p) {
        const analyze::Summary* s = summary(*p);
        return s == nullptr ? -std::numeric_limits<double>::infinity() : up ? s->mean : -s->mean;
      };
      const Published* best = *std::ranges::max_element(named, {}, value);
      for (const Published* other : others) pairs.push_back({best, other, !up});
    }
    return pairs;
  }

  void pairs(const store::Claim& claim, JudgedClaim& out) const {
    const std::vector<ClaimPair> all = claim.form == "best" ? pairs_for_best(claim) : pairs_of(claim, rows_).pairs;
    std::vector<analyze::ClaimResult> results;
    for (const ClaimPair& pair : all) {
      const Measured *a = seen(*pair.left), *b = seen(*pair.right);
      if (a == nullptr || b == nullptr) continue;
      const double margin = claim.form == "at_least" ? pair.right->margin.value_or(0) : 0;
      results.push_back(pair.smaller ? compare(*b, *a, margin) : compare(*a, *b, margin));
    }
    combine(results, all.size(), out);
  }

  /// All must be supported; one that is contradicted, by Bonferroni over them, contradicts.
  static void combine(const std::vector<analyze::ClaimResult>& results, std::size_t all, JudgedClaim& out) {
    if (results.size() < all || all == 0) {
      out.reason = fmt::format("{} of {} comparisons are measured", results.size(), all);
      return;
    }
    const auto worst = std::ranges::min_element(results, {}, &analyze::ClaimResult::p_against);
    out.p = std::min(1.0, worst->p_against * static_cast<double>(all));
    const bool every =
        std::ranges::all_of(results, [](const auto& r) { return r.support == analyze::Support::kSupported; });
    out.verdict = every           ? ClaimVerdict::kSupported
                  : out.p <= kLevel ? ClaimVerdict::kContradicted
                                  : ClaimVerdict::kUndecided;
    const auto weakest = every ? worst : std::ranges::find_if(results, [&](const auto& r) {
      return out.p <= kLevel ? r.p_against == worst->p_against : r.support != analyze::Support::kSupported;
    });
    out.reason = every && all > 1 ? fmt::format("all {} comparisons hold; the weakest: {}", all, weakest->reason)
                                  : weakest->reason;
  }

  void bound(const store::Claim& claim, JudgedClaim& out) const {
    const analyze::Interval limit = bound_of(claim);
    std::size_t all = 0;
    std::vector<analyze::ClaimResult> results;
    for (const std::string& column : claim.columns) {
      for (const std::string& l : claim.left) {
        for (const Published* p : selected(l, column, claim.tables.front(), rows_)) {
          ++all;
          const analyze::Summary* s = summary(*p);
          if (s == nullptr) continue;
          if (std::isfinite(limit.low)) results.push_back(greater(above(*s, limit.low), s->trials));
          if (std::isfinite(limit.high)) results.push_back(greater(above(mirrored(*s), -limit.high), s->trials));
          all += std::isfinite(limit.low) && std::isfinite(limit.high) ? 1u : 0u;  // two comparisons
        }
      }
    }
    combine(results, all, out);
  }

  void trend(const store::Claim& claim, JudgedClaim& out) const {
    std::vector<analyze::ClaimResult> results;
    std::size_t all = 0, measured = 0;
    for (const TrendRows& t : trends_of(claim, rows_)) {
      std::vector<double> means;
      for (const Published* p : t.rows) {
        const analyze::Summary* s = summary(*p);
        if (s != nullptr) means.push_back(t.falling ? -s->mean : s->mean);
      }
      all += t.rows.size();
      measured += means.size();
      if (means.size() < t.rows.size() || means.size() < 2) continue;
      results.push_back(analyze::claim_trend(t.levels, means));
      results.back().reason = fmt::format("{}, {}: {}", t.table, t.column, results.back().reason);
    }
    if (measured < all || results.empty())
      out.reason = fmt::format("{} of {} rows are measured", measured, all);
    else
      combine(results, results.size(), out);
  }

  void curves(const store::Claim& claim, JudgedClaim& out) const {
    const CurveClaim judged = judge_curves(claim, measured_, input_);
    if (judged.measured == 0) {
      out.reason = claim.note.empty() ? "needs stored curves" : claim.note;
      return;
    }
    out.reason = judged.result.reason + (claim.note.empty() ? "" : "; " + claim.note);
    own_input_ = true;
    out.p = judged.result.p_against;
    out.verdict = judged.result.support == analyze::Support::kSupported      ? ClaimVerdict::kSupported
                  : judged.result.support == analyze::Support::kContradicted ? ClaimVerdict::kContradicted
                                                                            : ClaimVerdict::kUndecided;
  }

  const Measurements& measured_;
  const std::string input_;  // "": the paper's
  mutable bool own_input_ = false, chosen_on_test_ = false;
  mutable std::set<std::string> borrowed_;
  const std::vector<Published>& rows_;
  const PaperFindings& printed_;
};

}  // namespace

JudgedClaim judge_measured(const store::Claim& claim, const Measurements& measured, const std::vector<Published>& rows,
                           const PaperFindings& printed) {
  JudgedClaim judged = ClaimJudge(measured, "", rows, printed).judge(claim);
  if (judged.verdict != ClaimVerdict::kBlocked) return judged;
  for (const std::string& input : measured.inputs()) {
    const ClaimJudge judge(measured, input, rows, printed);
    JudgedClaim other = judge.judge(claim);
    if (other.verdict == ClaimVerdict::kBlocked || !judge.own_input()) continue;
    if (judge.borrowed() > 0) other.reason += fmt::format("; {} of its rows are those of '{}'", judge.borrowed(), input.substr(0, input.find(", ")));
    if (judge.chosen_on_test()) other.reason += "; a row was chosen on test rows";
    judged.others.push_back({input, other.verdict, std::move(other.reason)});
  }
  return judged;
}

}  // namespace seqbench::reports
