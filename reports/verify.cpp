#include "reports/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/judged.h"
#include "reports/tables.h"

namespace seqbench::reports {
namespace {

using analyze::Verdict;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// What was measured of one printed number.
struct Measured {
  const Row* row;
  const Row::Cell* cell;
};

/// The store's rows of a paper's tasks, found by the printed numbers they stand for.
class Measurements {
 public:
  Measurements(const store::Reader* store, const store::Paper& paper) {
    if (store == nullptr) return;
    std::set<std::string> tasks;
    for (const Published& p : paper.rows) {
      if (!p.task.empty()) tasks.insert(p.task);
    }
    for (const std::string& task : tasks) {
      TaskTable& table = tables_[task] = build_table(*store, task, store->trials_of_task(task));
      table.published = paper.rows;
      std::erase_if(table.published, [&](const Published& p) { return p.task != task; });
    }
    for (const auto& [task, table] : tables_) index(table);
  }

  [[nodiscard]] const Measured* of(const Published& printed) const {
    const auto found = by_uid_.find(printed.uid);
    return found == by_uid_.end() ? nullptr : &found->second;
  }

 private:
  /// Of several rows that one number may stand beside, that of most trials.
  void index(const TaskTable& table) {
    for (const Row& row : table.rows) {
      if (!comparable_with_published(row)) continue;
      for (const Row::Cell& cell : row.cells) {
        for (const Published& p : published_for(table, row, cell)) {
          const auto [at, fresh] = by_uid_.try_emplace(p.uid, Measured{&row, &cell});
          if (!fresh && cell.summary.trials > at->second.cell->summary.trials) at->second = {&row, &cell};
        }
      }
    }
  }

  std::map<std::string, TaskTable> tables_;
  std::map<std::string, Measured> by_uid_;
};

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
  if ((p.selected_on == "test") != found->row->chosen_on_test) {
    v.judgement.reason += p.selected_on == "test"
                              ? "; the printed one was chosen on test rows, the measured one was not"
                              : "; the measured one was chosen on test rows";
  }
  return v;
}

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
  ClaimJudge(const Measurements& measured, const std::vector<Published>& rows, const PaperFindings& printed)
      : measured_(measured), rows_(rows), printed_(printed) {}

  JudgedClaim judge(const store::Claim& claim) const {
    JudgedClaim out;
    out.claim = claim;
    const bool computed =
        !claim.tables.empty() && (claim.tables.front() == "derived" || claim.tables.front() == "data");
    if (claim.form == "none") {
      out.reason = claim.note.empty() ? "needs a measurement of its own" : claim.note;
    } else if (computed) {
      take_over(claim, out);
    } else if (claim.form == "bound") {
      bound(claim, out);
    } else if (claim.form == "trend") {
      trend(claim, out);
    } else {
      pairs(claim, out);
    }
    return out;
  }

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

  [[nodiscard]] const analyze::Summary* summary(const Published& p) const {
    const Measured* found = measured_.of(p);
    return found == nullptr ? nullptr : &found->cell->summary;
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
      const auto* info = registered(named.front()->metric);
      const bool up = info != nullptr && info->higher_is_better;
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
      const analyze::Summary *a = summary(*pair.left), *b = summary(*pair.right);
      if (a == nullptr || b == nullptr) continue;
      const double margin = claim.form == "at_least" ? pair.right->margin.value_or(0) : 0;
      results.push_back(pair.smaller ? analyze::claim_greater(analyze::unpaired_difference(*b, *a), margin)
                                     : analyze::claim_greater(analyze::unpaired_difference(*a, *b), margin));
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
                  : out.p <= 0.05 ? ClaimVerdict::kContradicted
                                  : ClaimVerdict::kUndecided;
    out.reason = every ? fmt::format("all {} comparisons hold", all) : worst->reason;
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
          if (std::isfinite(limit.low)) results.push_back(analyze::claim_greater(above(*s, limit.low)));
          if (std::isfinite(limit.high)) results.push_back(analyze::claim_greater(above(mirrored(*s), -limit.high)));
          all += std::isfinite(limit.low) && std::isfinite(limit.high) ? 1u : 0u;  // two comparisons
        }
      }
    }
    combine(results, all, out);
  }

  void trend(const store::Claim& claim, JudgedClaim& out) const {
    std::vector<analyze::ClaimResult> results;
    std::size_t all = 0, measured = 0;
    for (const std::string& column : claim.columns) {
      std::vector<double> means;
      for (const std::string& l : claim.left) {
        for (const Published* p : selected(l, column, claim.tables.front(), rows_)) {
          ++all;
          if (const analyze::Summary* s = summary(*p)) {
            ++measured;
            means.push_back(column.starts_with('-') ? -s->mean : s->mean);
          }
        }
      }
      if (measured == all && means.size() >= 2) results.push_back(analyze::claim_trend(means));
    }
    if (measured < all || all == 0)
      out.reason = fmt::format("{} of {} rows are measured", measured, all);
    else
      combine(results, claim.columns.size(), out);
  }

  const Measurements& measured_;
  const std::vector<Published>& rows_;
  const PaperFindings& printed_;
};

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
  const auto wanted = [&](const std::string& table) {
    return options.table.empty() || table == options.table || table == "Table " + options.table;
  };
  if (std::ranges::none_of(source.rows, [&](const Published& p) { return wanted(p.table_ref); })) {
    throw InputError(fmt::format("no table '{}' in paper '{}'", printable(options.table), paper));
  }
  const PaperFindings printed = as_printed(folder, paper);
  const std::map<std::string, std::string> wrong = inconsistent_numbers(printed);
  const Measurements measured(store, source);
  Scorecard card;
  card.paper = paper;
  card.margins_sha256 = options.margins_sha256;
  for (const Published& p : source.rows) {
    if (!wanted(p.table_ref)) continue;
    if (p.status == "missing")
      ++card.missing;
    else if (p.task.empty() && !wrong.contains(p.uid))
      ++card.others;
    else
      card.numbers.push_back(verdict_of(p, measured, wrong, options));
  }
  const ClaimJudge judge(measured, source.rows, printed);
  for (const store::Claim& claim : folder.claims) {
    const bool of_table = options.table.empty() || std::ranges::any_of(claim.tables, wanted);
    if (claim.paper == paper && of_table) card.claims.push_back(judge.judge(claim));
  }
  adjust(card);
  return card;
}

}  // namespace seqbench::reports
