#pragma once
// Private to the room: the rules of as_printed(), and what they share.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/analyze/intervals.h"
#include "reports/as_printed.h"

namespace seqbench::reports {

using Published = store::PublishedRow;

struct RuleInput {
  const store::PublishedFolder& folder;
  const store::Paper& paper;
};

[[nodiscard]] analyze::PrintedValue printed_value(const Published& row);
/// Half a unit of the last digit; metrics of counts are printed without trailing zeros ("1.0"), so that theirs is the
/// smallest of the column.
[[nodiscard]] double half_unit_in(const std::vector<Published>& rows, const Published& row);
/// Rows evaluated on where the paper states them; not a number that was derived from the metrics themselves.
[[nodiscard]] std::optional<std::int64_t> stated_rows(const Published& row);
/// Digits as printed: "0.50", "[0.82, 0.83]".
[[nodiscard]] std::string printed_digits(const Published& row);
/// "Table 3.2, bert-large-t2t, f1"
[[nodiscard]] std::string place_of(const Published& row);
/// Shell-like: '*' any run, '?' one character.
[[nodiscard]] bool matches(std::string_view glob, std::string_view text);
/// Moments of the paper's rows of this split and number of mutations (nothing: the whole part), or null.
[[nodiscard]] const store::Moments* moments_of(const RuleInput& in, std::string_view task, std::string_view split,
                                               std::optional<std::int64_t> mutations = std::nullopt);
/// The value of the only row in this column, or nothing.
[[nodiscard]] const Published* setting(const RuleInput& in, std::string_view column);
/// Groups of rows, in order of first appearance.
[[nodiscard]] std::vector<std::vector<const Published*>> group_by(
    const std::vector<const Published*>& rows, const std::function<std::string(const Published&)>& key);
/// Results (task and value or range) of the paper.
[[nodiscard]] std::vector<const Published*> results_of(const RuleInput& in);

/// Confusion matrices, evaluation sets, impossible pairs, split sizes.
void find_counts(const RuleInput& in, PaperFindings& out);
/// Repeated values, ranges, two values for one thing, squares, ties, values out of range.
void find_values(const RuleInput& in, PaperFindings& out);
/// What constants reach, exchangeable parts, sizes against the data, parameter counts.
void find_against_data(const RuleInput& in, PaperFindings& out);
/// Numbers that follow from printed ones or the data: table "derived" (parameters) and "data" (moments).
[[nodiscard]] std::vector<Published> derived_rows(const RuleInput& in);

/// One comparison that a claim of the form greater, at_least or order consists of.
struct ClaimPair {
  const Published *left, *right;  // left is said to be larger, or smaller
  bool smaller = false;
};
struct ClaimPairs {
  std::vector<ClaimPair> pairs;
  std::vector<std::string> missing;  // selectors that find no two rows with numbers
};
[[nodiscard]] ClaimPairs pairs_of(const store::Claim& claim, const std::vector<Published>& rows);
/// Rows with numbers that a selector ("GLOB" or "GLOB@COLUMN") finds in the tables of this glob, for one of the
/// columns.
[[nodiscard]] std::vector<const Published*> selected(const std::string& selector, const std::string& column,
                                                     const std::string& tables, const std::vector<Published>& rows);
/// One column of one table as a claim of the form trend reads it.
struct TrendRows {
  std::string table, column;
  bool falling = false;  // values are to fall
  std::vector<const Published*> rows;
  std::vector<int> levels;  // of each row: the selector's place in the claim
};
[[nodiscard]] std::vector<TrendRows> trends_of(const store::Claim& claim, const std::vector<Published>& rows);
/// Rows that a claim may rest on: neither a misprint nor, by the findings, inconsistent as printed.
[[nodiscard]] std::vector<Published> trusted_rows(const std::vector<Published>& rows, const PaperFindings& findings);
/// Whether it is about numbers of derived_rows(), which need no run.
[[nodiscard]] bool is_computed(const store::Claim& claim);
/// "> 0", "< 1", "110e6 +- 1 %" as an interval. Throws InputError.
[[nodiscard]] analyze::Interval bound_of(const store::Claim& claim);
[[nodiscard]] ClaimFinding judge_as_printed(const store::Claim& claim, const std::vector<Published>& rows);

}  // namespace seqbench::reports
