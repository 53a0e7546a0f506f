// Rules that hold printed numbers against each other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/tables.h"

namespace seqbench::reports {
namespace {

bool is_correlation(const std::string& metric) {
  return metric == "pearson" || metric == "spearman" || metric == "spearman_break_random" || metric == "kendall" ||
         metric == "mcc";
}

bool is_share(const std::string& metric) {
  return metric == "accuracy" || metric == "f1" || metric == "auroc" || metric == "auprc" ||
         metric == "calibration_error";
}

void find_out_of_range(const RuleInput& in, PaperFindings& out) {
  for (const Published* row : results_of(in)) {
    const double low = row->value ? *row->value : *row->low, high = row->value ? *row->value : *row->high;
    const bool loss =
        row->metric == "mse" || row->metric == "rmse" || row->metric == "mae" || row->metric == "log_loss";
    const double least = is_correlation(row->metric) ? -1 : 0;
    const bool bounded = is_correlation(row->metric) || is_share(row->metric);
    if ((!bounded && !loss) || (low >= least && (loss || high <= 1))) continue;
    out.findings.push_back({Severity::kInconsistent,
                            "out of range",
                            place_of(*row),
                            fmt::format("{} is printed; {} lies {}", printed_digits(*row), row->metric,
                                        loss                    ? "at 0 or above"
                                        : is_share(row->metric) ? "in [0, 1]"
                                                                : "in [-1, 1]"),
                            {row->uid}});
  }
}

/// Two metrics of one row with the same digits: a slip of copying. Exact 0 and 1 mean something, few digits agree by
/// chance.
void find_repeated(const RuleInput& in, PaperFindings& out) {
  for (const auto& row : group_by(results_of(in), [](const Published& p) { return p.table_ref + '\n' + p.row_ref; })) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (std::size_t j = i + 1; j < row.size(); ++j) {
        const Published &a = *row[i], &b = *row[j];
        if (!a.value || a.value != b.value || a.metric == b.metric || a.decimals.value_or(0) < 3 || *a.value == 0 ||
            *a.value == 1)
          continue;
        out.findings.push_back(
            {Severity::kDoubtful,
             "repeated value",
             fmt::format("{} and {}", place_of(a), b.col_ref),
             fmt::format("both columns hold {}; two metrics seldom agree in {} digits", printed_digits(a), *a.decimals),
             {a.uid, b.uid}});
      }
    }
  }
}

/// A printed range whose better end no printed detail of the same model and metric reaches.
void find_range(const RuleInput& in, PaperFindings& out) {
  const auto results = results_of(in);
  for (const Published* range : results) {
    if (!range->low || range->model.empty()) continue;
    const bool up = higher_is_better(range->metric);
    const Published* best = nullptr;
    for (const Published* p : results) {
      const bool same = p->value && p->task == range->task && p->model == range->model && p->metric == range->metric &&
                        p->split == range->split;
      if (same && (best == nullptr || (up ? *p->value > *best->value : *p->value < *best->value))) best = p;
    }
    const double end = up ? *range->high : *range->low;
    if (best == nullptr ||
        (up ? end - *best->value : *best->value - end) <= store::half_unit(*range) + store::half_unit(*best))
      continue;
    out.findings.push_back({Severity::kDoubtful,
                            "range beyond the details",
                            place_of(*range),
                            fmt::format("the range {} ends better than every single {} of this model on this part that "
                                        "is printed; the best is {} ({})",
                                        printed_digits(*range), range->metric, printed_digits(*best), place_of(*best)),
                            {range->uid}});
  }
}

/// One row and metric under two places of the paper.
void find_two_results(const RuleInput& in, PaperFindings& out) {
  std::vector<const Published*> rows;
  for (const Published* p : results_of(in)) {
    if (p->value) rows.push_back(p);
  }
  for (const auto& same : group_by(
           rows, [](const Published& p) { return p.row_ref + '\n' + p.metric + '\n' + p.split + '\n' + p.task; })) {
    for (std::size_t i = 0; i < same.size(); ++i) {
      for (std::size_t j = i + 1; j < same.size(); ++j) {
        const Published& a = *same[*same[i]->value >= *same[j]->value ? i : j];
        const Published& b = *same[*same[i]->value >= *same[j]->value ? j : i];
        const auto large = printed_value(a), small = printed_value(b);
        if (a.table_ref == b.table_ref || large.holds(small.value) || small.holds(large.value)) continue;
        const bool square = is_correlation(a.metric) && analyze::is_square_of(small, large);
        out.findings.push_back(
            {Severity::kInconsistent, square ? "square printed as the correlation" : "two values for one result",
             fmt::format("{} against {}", place_of(b), place_of(a)),
             square ? fmt::format("{} and {} stand for one number; {}^2 = {:.4f}, so the smaller is R squared",
                                  printed_digits(b), printed_digits(a), printed_digits(a), large.value * large.value)
                    : fmt::format("{} and {} stand for one number", printed_digits(b), printed_digits(a)),
             square ? std::vector{b.uid} : std::vector{a.uid, b.uid}});
      }
    }
  }
}

/// One setting of one model that two places of the paper give otherwise.
void find_two_settings(const RuleInput& in, PaperFindings& out) {
  std::vector<const Published*> rows;
  for (const Published& p : in.paper.rows) {
    if (p.task.empty() && !p.model.empty() && p.value) rows.push_back(&p);
  }
  for (const auto& same : group_by(rows, [](const Published& p) { return p.model + '\n' + p.metric; })) {
    const auto places = group_by(same, [](const Published& p) { return p.table_ref; });
    for (std::size_t i = 0; i < places.size(); ++i) {
      for (std::size_t j = i + 1; j < places.size(); ++j) {
        const auto in_other = [&](const Published* p) {
          return std::ranges::any_of(places[j], [&](const Published* q) {
            return printed_value(*p).holds(*q->value) || printed_value(*q).holds(*p->value);
          });
        };
        if (std::ranges::any_of(places[i], in_other)) continue;
        const Published &a = *places[i].front(), &b = *places[j].front();
        out.findings.push_back({Severity::kInconsistent,
                                "two values for one setting",
                                fmt::format("{} against {}", place_of(a), place_of(b)),
                                fmt::format("{} is {} in {} and {} in {}", a.metric, printed_digits(a), a.table_ref,
                                            printed_digits(b), b.table_ref),
                                {a.uid, b.uid}});
      }
    }
  }
}

/// Sorted values that agree in every digit, and how many such pairs values spread evenly over the column would show.
void find_ties(const RuleInput& in, PaperFindings& out) {
  std::vector<const Published*> rows;
  for (const Published* p : results_of(in)) {
    const bool counted =
        p->metric == "f1" || p->metric == "mcc" || p->metric == "accuracy";  // ties of those have their own rule
    if (p->value && p->decimals.value_or(0) >= 3 && !counted && *p->value != 0 && *p->value != 1) rows.push_back(p);
  }
  for (const auto& column : group_by(rows, [](const Published& p) { return p.table_ref + '\n' + p.col_ref; })) {
    std::vector<std::string> ties;
    for (const auto& equal : group_by(column, [](const Published& p) { return format_double(*p.value); })) {
      if (equal.size() < 2) continue;
      std::vector<std::string> names;
      for (const Published* p : equal) names.push_back(p->row_ref);
      ties.push_back(fmt::format("{}: {}", printed_digits(*equal.front()), join(names, ", ")));
    }
    if (ties.empty()) continue;
    const auto [low, high] = std::ranges::minmax_element(column, {}, [](const Published* p) { return *p->value; });
    const double pairs = 0.5 * static_cast<double>(column.size() * (column.size() - 1));
    const double chance =
        pairs * 2 * store::half_unit(*column.front()) / std::max(*(*high)->value - *(*low)->value, 1e-12);
    out.findings.push_back({Severity::kNote,
                            "ties shown as order",
                            fmt::format("{}, {}", column.front()->table_ref, column.front()->col_ref),
                            fmt::format("{} of {} values stand twice or more in all digits ({:.1f} pairs are to be "
                                        "expected of values spread evenly): {}",
                                        ties.size(), column.size(), chance, join(ties, "; ")),
                            {}});
  }
}

}  // namespace

void find_values(const RuleInput& in, PaperFindings& out) {
  find_out_of_range(in, out);
  find_two_results(in, out);
  find_two_settings(in, out);
  find_repeated(in, out);
  find_range(in, out);
  find_ties(in, out);
}

}  // namespace seqbench::reports
