// A paper's claims, held against its own printed numbers by their machine-readable form (results/FORMAT.md).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/analyze/verdicts.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/tables.h"

namespace seqbench::reports {
namespace {

/// "lr1e-4*@test_mse"
struct Selector {
  std::string row, column;
};

std::string plain(const std::string& column) { return column.starts_with('-') ? column.substr(1) : column; }

Selector selector_of(const std::string& text, const std::string& column) {
  const std::size_t at = text.find('@');
  return at == text.npos ? Selector{text, plain(column)} : Selector{text.substr(0, at), text.substr(at + 1)};
}

/// What an exact number printed so lies in.
struct Span {
  double low = 0, high = 0;
};
Span span_of(const Published& p, double half) {
  return {p.value.value_or(p.low.value_or(0)) - half, p.value.value_or(p.high.value_or(0)) + half};
}

/// 1: a is surely larger, -1: b is, 0: they tie or overlap.
int order_of(const std::vector<Published>& rows, const Published& a, const Published& b) {
  const Span x = span_of(a, half_unit_in(rows, a)), y = span_of(b, half_unit_in(rows, b));
  const double hair = 1e-9 * (std::abs(x.high) + std::abs(y.high));
  const bool same = a.value && a.value == b.value;
  return same ? 0 : x.low >= y.high - hair ? 1 : y.low >= x.high - hair ? -1 : 0;
}

/// The outcome of many comparisons: one against it contradicts, all for it support.
class Tally {
 public:
  void hold() { ++held_; }
  void break_at(std::string what) { broken_.push_back(std::move(what)); }
  void open(std::string what) { open_.push_back(std::move(what)); }
  void missing(std::string what) { missing_.push_back(std::move(what)); }

  void end(ClaimFinding& finding) const {
    const std::size_t all = held_ + broken_.size() + open_.size();
    if (all == 0) {
      finding.state = AsPrinted::kNotDecidable;
      finding.reason = "not printed: " + shortened(missing_);
    } else if (!broken_.empty()) {
      finding.state = AsPrinted::kContradicted;
      finding.reason =
          fmt::format("{} of {} comparisons do not hold: {}", broken_.size(), all, shortened(broken_));
    } else if (!open_.empty() || !missing_.empty()) {
      finding.state = AsPrinted::kUndecided;
      finding.reason = fmt::format("{} of {} comparisons hold", held_, all + missing_.size());
      if (!open_.empty()) finding.reason += "; no order between " + shortened(open_);
      if (!missing_.empty()) finding.reason += "; not printed: " + shortened(missing_);
    } else {
      finding.state = AsPrinted::kSupported;
      finding.reason = counted(held_, "comparison") + (held_ == 1 ? " holds" : " hold");
    }
  }

 private:
  static std::string shortened(const std::vector<std::string>& items) {
    constexpr std::size_t kShown = 3;
    const std::vector<std::string> some(items.begin(),
                                        items.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, items.size())));
    return join(some, "; ") + (items.size() > kShown ? fmt::format("; and {} more", items.size() - kShown) : "");
  }

  std::size_t held_ = 0;
  std::vector<std::string> broken_, open_, missing_;
};

/// Every row of one selector against every row of the other, within one table; or from the first table to the second.
void add_pairs(const store::Claim& claim, const std::vector<Published>& rows, const std::string& left,
               const std::string& right, const std::string& column, ClaimPairs& into) {
  const bool two = claim.tables.size() == 2;
  const Selector r = selector_of(right, column);
  const std::size_t before = into.pairs.size();
  for (const Published* a : selected(left, column, claim.tables.front(), rows)) {
    const std::string other = (r.row == "=" ? a->row_ref : r.row) + '@' + r.column;
    for (const Published* b : selected(other, column, claim.tables.back(), rows)) {
      if (a != b && (two || a->table_ref == b->table_ref)) into.pairs.push_back({a, b, column.starts_with('-')});
    }
  }
  if (into.pairs.size() == before) into.missing.push_back(fmt::format("{} or {} ({})", left, right, plain(column)));
}

class Judge {
 public:
  Judge(const store::Claim& claim, const std::vector<Published>& rows) : claim_(claim), rows_(rows) {
    finding_.claim = claim;
  }

  ClaimFinding judge() {
    if (claim_.form == "none" || claim_.form == "curve") {
      finding_.reason = claim_.note.empty() ? "the paper prints no numbers for it" : claim_.note;
      return finding_;
    }
    if (claim_.form == "greater" || claim_.form == "at_least" || claim_.form == "order") compare();
    for (const std::string& column : claim_.columns) {
      if (claim_.form == "best") best(column);
      if (claim_.form == "bound") bound(column);
    }
    if (claim_.form == "trend") trend();
    tally_.end(finding_);
    if (is_computed(claim_) && !claim_.note.empty()) finding_.reason += "; " + claim_.note;
    return finding_;
  }

 private:
  static std::string words(const Published& a, const Published& b) {
    if (a.row_ref == b.row_ref && a.table_ref == b.table_ref)
      return fmt::format("{}: {} {} against {} {}", a.row_ref, a.col_ref, printed_digits(a), b.col_ref, printed_digits(b));
    return fmt::format("{} {} against {} {} ({})", a.row_ref, printed_digits(a), b.row_ref, printed_digits(b),
                       a.col_ref);
  }

  void compare_two(const Published& a, const Published& b, bool smaller, bool equal_holds) {
    const int order = order_of(rows_, a, b) * (smaller ? -1 : 1);
    const bool tie = order == 0 && a.value && a.value == b.value;
    const bool equal = tie && !a.decimals && !b.decimals;  // computed, not as rounded in print
    if (order > 0 || (tie && equal_holds))
      tally_.hold();
    else if (order < 0 || equal)
      tally_.break_at(words(a, b));
    else
      tally_.open(words(a, b));
  }

  void compare() {
    const bool equal_holds = claim_.form == "at_least";
    ClaimPairs all = pairs_of(claim_, rows_);
    for (const ClaimPair& pair : all.pairs) compare_two(*pair.left, *pair.right, pair.smaller, equal_holds);
    for (std::string& what : all.missing) tally_.missing(std::move(what));
  }

  void best(const std::string& column) {
    std::vector<const Published*> rows;
    for (const std::string& r : claim_.right)
      std::ranges::copy(selected(r, column, claim_.tables.front(), rows_), std::back_inserter(rows));
    std::erase_if(rows, [](const Published* p) { return !p->value; });
    if (rows.empty()) return tally_.missing(plain(column));
    const bool up = higher_is_better(rows.front()->metric);
    const Published& top =
        **std::ranges::max_element(rows, {}, [&](const Published* p) { return up ? *p->value : -*p->value; });
    std::size_t ours = 0, others = 0;
    for (const Published* p : rows) {
      if (order_of(rows_, *p, top) != 0) continue;
      const bool named = std::ranges::any_of(
          claim_.left, [&](const std::string& l) { return matches(selector_of(l, column).row, p->row_ref); });
      ++(named ? ours : others);
    }
    const std::string what = fmt::format("best {} {} of {}", plain(column), printed_digits(top), top.row_ref);
    if (others == 0)
      tally_.hold();
    else if (ours == 0)
      tally_.break_at(what);
    else
      tally_.open(what + " and of rows not named");
  }

  void bound(const std::string& column) {
    const analyze::Interval limit = bound_of(claim_);
    std::size_t compared = 0;
    for (const std::string& l : claim_.left) {
      for (const Published* p : selected(l, column, claim_.tables.front(), rows_)) {
        const Span x = span_of(*p, half_unit_in(rows_, *p));
        const std::string what =
            fmt::format("{} {} where {} is claimed", p->row_ref, printed_digits(*p), claim_.right.front());
        ++compared;
        if (x.low >= limit.low && x.high <= limit.high)
          tally_.hold();
        else if (x.high < limit.low || x.low > limit.high)
          tally_.break_at(what);
        else
          tally_.open(what);
      }
    }
    if (compared == 0) tally_.missing(plain(column));
  }

  void trend() {
    for (const TrendRows& t : trends_of(claim_, rows_)) {
      std::vector<double> values;
      std::vector<int> levels;
      for (std::size_t i = 0; i < t.rows.size(); ++i) {
        if (!t.rows[i]->value) continue;
        values.push_back(t.falling ? -*t.rows[i]->value : *t.rows[i]->value);
        levels.push_back(t.levels[i]);
      }
      const std::string where = fmt::format("{}, {}", t.table, t.column);
      if (values.size() < 2) {
        tally_.missing(where);
        continue;
      }
      const analyze::ClaimResult result = analyze::claim_trend(levels, values);
      const std::string what = fmt::format("{}: {}", where, result.reason);
      if (result.support == analyze::Support::kSupported)
        tally_.hold();
      else if (result.support == analyze::Support::kContradicted)
        tally_.break_at(what);
      else
        tally_.open(what);
    }
  }

  const store::Claim& claim_;
  const std::vector<Published>& rows_;
  ClaimFinding finding_;
  Tally tally_;
};

}  // namespace

std::vector<const Published*> selected(const std::string& selector, const std::string& column,
                                       const std::string& tables, const std::vector<Published>& rows) {
  const Selector wanted = selector_of(selector, column);
  std::vector<const Published*> found;
  for (const Published& p : rows) {
    if ((p.value || p.low) && matches(tables, p.table_ref) && matches(wanted.row, p.row_ref) &&
        matches(wanted.column, p.col_ref))
      found.push_back(&p);
  }
  return found;
}

ClaimPairs pairs_of(const store::Claim& claim, const std::vector<Published>& rows) {
  ClaimPairs all;
  const auto &left = claim.left, &right = claim.right;
  for (const std::string& column : claim.columns) {
    if (claim.form == "order") {
      for (std::size_t i = 0; i < left.size(); ++i) {
        for (std::size_t j = i + 1; j < left.size(); ++j) add_pairs(claim, rows, left[i], left[j], column, all);
      }
    } else if (left.size() == right.size()) {
      for (std::size_t i = 0; i < left.size(); ++i) add_pairs(claim, rows, left[i], right[i], column, all);
    } else {
      for (const std::string& l : left) {
        for (const std::string& r : right) add_pairs(claim, rows, l, r, column, all);
      }
    }
  }
  return all;
}

std::vector<TrendRows> trends_of(const store::Claim& claim, const std::vector<Published>& rows) {
  std::vector<std::string> tables;
  for (const Published& p : rows) {
    if (matches(claim.tables.front(), p.table_ref) && std::ranges::find(tables, p.table_ref) == tables.end())
      tables.push_back(p.table_ref);
  }
  std::vector<TrendRows> trends;
  for (const std::string& column : claim.columns) {
    for (const std::string& table : tables) {
      TrendRows& trend = trends.emplace_back(TrendRows{table, plain(column), column.starts_with('-'), {}, {}});
      for (std::size_t level = 0; level < claim.left.size(); ++level) {
        for (const Published* p : selected(claim.left[level], column, table, rows)) {
          trend.rows.push_back(p);
          trend.levels.push_back(static_cast<int>(level));
        }
      }
      if (trend.rows.empty()) trends.pop_back();
    }
  }
  return trends;
}

bool is_computed(const store::Claim& claim) {
  return !claim.tables.empty() && (claim.tables.front() == "derived" || claim.tables.front() == "data");
}

std::vector<Published> trusted_rows(const std::vector<Published>& rows, const PaperFindings& findings) {
  std::vector<Published> trusted = rows;
  std::erase_if(trusted, [&](const Published& row) {
    return row.status == "misprint" || std::ranges::any_of(findings.findings, [&](const Finding& f) {
             return f.severity == Severity::kInconsistent && std::ranges::find(f.subjects, row.uid) != f.subjects.end();
           });
  });
  return trusted;
}

analyze::Interval bound_of(const store::Claim& claim) {
  const std::string& text = claim.right.front();
  const auto number = [&](std::string_view part) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ') || part.ends_with('%')) part.remove_suffix(1);
    const auto value = parse_double(part);
    if (!value)
      throw InputError(
          fmt::format("claim {}: bound '{}' must be '> A', '< A' or 'A +- B %'", claim.id, printable(text)));
    return *value;
  };
  if (text.starts_with('>')) return {number(std::string_view(text).substr(1)), INFINITY};
  if (text.starts_with('<')) return {-INFINITY, number(std::string_view(text).substr(1))};
  const std::size_t middle = text.find("+-");
  const double centre = number(std::string_view(text).substr(0, middle));
  const double slack =
      middle == text.npos ? 0 : number(std::string_view(text).substr(middle + 2)) / 100 * std::abs(centre);
  return {centre - slack, centre + slack};
}

ClaimFinding judge_as_printed(const store::Claim& claim, const std::vector<Published>& rows) {
  return Judge(claim, rows).judge();
}

}  // namespace seqbench::reports
