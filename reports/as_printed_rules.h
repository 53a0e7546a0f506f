#pragma once
// Private to the room: the rules of as_printed(), and what they share.

#include <functional>
#include <map>
#include <string>
#include <vector>

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
[[nodiscard]] std::vector<std::vector<const Published*>> group_by(const std::vector<const Published*>& rows,
                                                                  const std::function<std::string(const Published&)>& key);
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
[[nodiscard]] ClaimFinding judge_as_printed(const store::Claim& claim, const std::vector<Published>& rows);

}  // namespace seqbench::reports
