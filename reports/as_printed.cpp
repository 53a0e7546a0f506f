#include "reports/as_printed.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/as_printed_rules.h"
#include "reports/tables.h"

namespace seqbench::reports {

std::string_view to_string(Severity severity) {
  return severity == Severity::kInconsistent ? "inconsistent" : severity == Severity::kDoubtful ? "doubtful" : "note";
}

std::string_view to_string(AsPrinted state) {
  switch (state) {
    case AsPrinted::kSupported: return "supported";
    case AsPrinted::kContradicted: return "contradicted";
    case AsPrinted::kUndecided: return "undecided";
    case AsPrinted::kNotDecidable: break;
  }
  return "not decidable";
}

std::size_t PaperFindings::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
}

analyze::PrintedValue printed_value(const Published& row) { return {row.value.value_or(0), store::half_unit(row)}; }

double half_unit_in(const std::vector<Published>& rows, const Published& row) {
  double half = store::half_unit(row);
  if (row.metric != "f1" && row.metric != "mcc" && row.metric != "accuracy") return half;
  for (const Published& other : rows) {
    const bool same = other.value && other.table_ref == row.table_ref && other.col_ref == row.col_ref;
    if (same) half = std::min(half, store::half_unit(other));
  }
  return half;
}

std::optional<std::int64_t> stated_rows(const Published& row) {
  return row.n_eval_derived ? std::nullopt : row.n_eval;
}

std::string printed_digits(const Published& row) { return published_text(row); }

std::string place_of(const Published& row) {
  return fmt::format("{}, {}, {}", row.table_ref, row.row_ref, row.col_ref);
}

bool matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = glob.npos, from = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      from = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == glob.npos;
}

const store::Moments* moments_of(const RuleInput& in, std::string_view task, std::string_view split,
                                 std::optional<std::int64_t> mutations) {
  const auto found = std::ranges::find_if(in.folder.moments, [&](const store::Moments& m) {
    return m.task == task && m.split == split && m.mutations == mutations;
  });
  return found == in.folder.moments.end() ? nullptr : &*found;
}

const Published* setting(const RuleInput& in, std::string_view column) {
  const Published* found = nullptr;
  for (const Published& row : in.paper.rows) {
    if (row.col_ref != column || !row.value) continue;
    if (found != nullptr) return nullptr;
    found = &row;
  }
  return found;
}

std::vector<std::vector<const Published*>> group_by(const std::vector<const Published*>& rows,
                                                    const std::function<std::string(const Published&)>& key) {
  std::vector<std::pair<std::string, std::vector<const Published*>>> groups;
  for (const Published* row : rows) {
    const std::string name = key(*row);
    auto found = std::ranges::find(groups, name, [](const auto& g) { return g.first; });
    if (found == groups.end()) found = groups.insert(groups.end(), {name, {}});
    found->second.push_back(row);
  }
  std::vector<std::vector<const Published*>> out;
  for (auto& [name, group] : groups) out.push_back(std::move(group));
  return out;
}

std::vector<const Published*> results_of(const RuleInput& in) {
  std::vector<const Published*> rows;
  for (const Published& row : in.paper.rows) {
    if (!row.task.empty() && (row.value || row.low)) rows.push_back(&row);
  }
  return rows;
}

PaperFindings as_printed(const store::PublishedFolder& folder, const std::string& paper) {
  const RuleInput in{folder, folder.paper(paper)};
  PaperFindings out;
  out.paper = paper;
  for (const Published& row : in.paper.rows) ++(row.status == "missing" ? out.missing : out.numbers);
  find_counts(in, out);
  find_values(in, out);
  find_against_data(in, out);
  std::ranges::stable_sort(out.findings, {}, &Finding::severity);
  std::vector<Published> rows = trusted_rows(in.paper.rows, out);
  for (Published& row : derived_rows(in)) rows.push_back(std::move(row));
  for (const store::Claim& claim : folder.claims) {
    if (claim.paper == paper) out.claims.push_back(judge_as_printed(claim, rows));
  }
  return out;
}

}  // namespace seqbench::reports
