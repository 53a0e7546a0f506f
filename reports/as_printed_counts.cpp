// Rules on metrics that count: F1, MCC and accuracy of one table come from whole numbers of rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/analyze/intervals.h"
#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr int kMostRows = 600;  // HARNESS 8.10

struct Classifier {
  std::string row;
  std::vector<const Published*> numbers;  // f1, mcc, accuracy, as many as are printed
  analyze::PrintedClassifier printed;
  std::vector<analyze::Confusion> fits;

  [[nodiscard]] bool perfect() const {
    return std::ranges::all_of(numbers, [](const Published* p) { return *p->value == 1; });
  }
  [[nodiscard]] std::vector<std::string> uids() const {
    std::vector<std::string> uids;
    for (const Published* p : numbers) uids.push_back(p->uid);
    return uids;
  }
};

bool counts(const Published& row) { return row.metric == "f1" || row.metric == "mcc" || row.metric == "accuracy"; }

std::vector<Classifier> classifiers_of(const RuleInput& in, const std::vector<const Published*>& group) {
  std::vector<Classifier> found;
  for (const auto& row : group_by(group, [](const Published& p) { return p.row_ref; })) {
    Classifier c;
    c.row = row.front()->row_ref;
    for (const Published* p : row) {
      const analyze::PrintedValue value{*p->value, half_unit_in(in.paper.rows, *p)};
      (p->metric == "f1" ? c.printed.f1 : p->metric == "mcc" ? c.printed.mcc : c.printed.accuracy) = value;
      c.numbers.push_back(p);
    }
    if (c.numbers.size() >= 2) found.push_back(std::move(c));
  }
  return found;
}

/// Of an impossible pair the number that also stands in another column of its row is the slip; else either may be.
std::vector<std::string> suspects(const RuleInput& in, const Published& f1, const Published& mcc) {
  std::vector<std::string> repeated;
  for (const Published* p : {&f1, &mcc}) {
    const bool twice = std::ranges::any_of(in.paper.rows, [&](const Published& o) {
      return o.table_ref == p->table_ref && o.row_ref == p->row_ref && o.col_ref != p->col_ref && o.value == p->value;
    });
    if (twice) repeated.push_back(p->uid);
  }
  return repeated.size() == 1 ? repeated : std::vector<std::string>{f1.uid, mcc.uid};
}

/// True when the row's F1 and MCC cannot stand together.
bool find_impossible_pair(const RuleInput& in, const Classifier& c, PaperFindings& out) {
  if (!c.printed.f1 || !c.printed.mcc || !analyze::impossible_pair(*c.printed.f1, *c.printed.mcc)) return false;
  const Published& f1 = **std::ranges::find(c.numbers, "f1", [](const Published* p) { return p->metric; });
  const Published& mcc = **std::ranges::find(c.numbers, "mcc", [](const Published* p) { return p->metric; });
  out.findings.push_back(
      {Severity::kInconsistent, "impossible pair", fmt::format("{} and {}", place_of(f1), mcc.col_ref),
       fmt::format("F1 {} allows an MCC of at most {:.4f} at any prevalence, since MCC <= sqrt(F1 / (2 - F1)); "
                   "{} is printed",
                   printed_digits(f1), analyze::largest_mcc(*f1.value), printed_digits(mcc)),
       suspects(in, f1, mcc)});
  return true;
}

std::vector<int> sizes_of(const std::vector<analyze::Confusion>& fits) {
  std::set<int> sizes;
  for (const analyze::Confusion& c : fits) sizes.insert(c.n());
  return {sizes.begin(), sizes.end()};
}

std::string list_of(const std::vector<int>& sizes, std::size_t most = 8) {
  const std::size_t shown = std::min(most, sizes.size());
  std::string text =
      fmt::format("{}", fmt::join(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return sizes.size() > shown ? text + fmt::format(" and {} more", sizes.size() - shown) : text;
}

const analyze::Confusion& on_set(const Classifier& c, const analyze::EvaluationSet& set) {
  return *std::ranges::find_if(
      c.fits, [&](const analyze::Confusion& m) { return m.n() == set.n && m.positives() == set.positives; });
}

/// Rows by their number of errors: what one error more or less would turn into each other.
std::string by_errors(const std::vector<const Classifier*>& rows, const analyze::EvaluationSet& set) {
  std::map<int, std::vector<std::string>> groups;
  for (const Classifier* c : rows) groups[on_set(*c, set).errors()].push_back(c->row);
  std::vector<std::string> parts;
  for (const auto& [errors, names] : groups)
    parts.push_back(counted(static_cast<std::size_t>(errors), "error") + ": " + join(names, ", "));
  return join(parts, "; ");
}

/// Rows whose Wilson interval reaches the best one's.
std::vector<std::string> not_below_best(const std::vector<ImpliedCounts>& rows) {
  double best = 0;
  for (const ImpliedCounts& r : rows) best = std::max(best, r.accuracy.low);
  std::vector<std::string> names;
  for (const ImpliedCounts& r : rows) {
    if (r.accuracy.high >= best) names.push_back(r.row);
  }
  return names;
}

/// What the text says of the set: share of positives, fraction held out, batch of evaluation.
void find_split_size(const RuleInput& in, const std::string& task, const analyze::EvaluationSet& set,
                     PaperFindings& out) {
  if (const Published* percent = setting(in, task + "_positive_percent")) {
    const double p = analyze::binomial_p(set.positives, set.n, *percent->value / 100);
    out.findings.push_back(
        {p < 0.001 ? Severity::kDoubtful : Severity::kNote,
         "split size",
         place_of(*percent),
         fmt::format("{} of {} rows are positive, {:.1f} %, where {} % is stated; a share so far off comes by "
                     "chance with probability {:.2g}",
                     set.positives, set.n, 100.0 * set.positives / set.n, printed_digits(*percent), p),
         {}});
  }
  const Published* total = setting(in, task + "_n_sequences");
  const Published* fraction = setting(in, "validation_fraction");
  const Published* batch = setting(in, "lora_eval_batch");
  if (total == nullptr || fraction == nullptr || batch == nullptr) return;
  const auto rows = [&](double train) { return static_cast<int>(std::ceil(*fraction->value * train - 1e-9)); };
  const int unit = static_cast<int>(*batch->value), largest = rows(*total->value);
  const double least = std::floor((set.n - 1) / *fraction->value) + 1,
               most = std::floor((set.n + unit - 1) / *fraction->value);
  const bool fits = set.n % unit == 0 && set.n <= largest;
  out.findings.push_back(
      {fits ? Severity::kNote : Severity::kDoubtful,
       "split size",
       place_of(*fraction),
       fmt::format(
           "{} of {} sequences would be {} rows; {} evaluated rows are whole batches of {} with the rest dropped "
           "where the training part has {} to {} sequences",
           printed_digits(*fraction), count_text(static_cast<std::int64_t>(*total->value)), largest, set.n, unit,
           count_text(static_cast<std::int64_t>(least)), count_text(static_cast<std::int64_t>(most))),
       {}});
}

void report_set(const RuleInput& in, const std::string& place, const std::vector<const Classifier*>& rows,
                const std::vector<analyze::EvaluationSet>& sets, std::size_t informative, PaperFindings& out) {
  const analyze::EvaluationSet& set = sets.front();
  std::vector<int> sizes;
  std::vector<ImpliedCounts> implied;
  std::vector<std::string> subjects;
  for (const analyze::EvaluationSet& s : sets) {
    if (sizes.empty() || sizes.back() != s.n) sizes.push_back(s.n);
  }
  for (const Classifier* c : rows) {
    const analyze::Confusion& m = on_set(*c, set);
    implied.push_back({c->numbers.front()->table_ref, c->row, m, analyze::wilson(analyze::accuracy_of(m), m.n()),
                       analyze::f1_interval(m), analyze::mcc_interval(m)});
    for (const std::string& uid : c->uids()) subjects.push_back(uid);
  }
  const analyze::Interval perfect = analyze::wilson(1, set.n);
  out.findings.push_back(
      {Severity::kDoubtful, "evaluation set", place,
       fmt::format("{} {} sequences, {} of them positive; up to {} only {} do. One error is {:.4f} of accuracy, and a "
                   "perfect row means [{:.3f}, 1]",
                   rows.size() == 1
                       ? "the row fits"
                       : fmt::format("{} rows ({} of them not perfect) fit together", rows.size(), informative),
                   set.n, set.positives, kMostRows, list_of(sizes, 12), 1.0 / set.n, perfect.low),
       subjects});
  if (rows.size() > 1) {
    out.findings.push_back({Severity::kNote,
                            "less than one error",
                            place,
                            by_errors(rows, set) + ": rows of one group are ties, whatever the digits",
                            {}});
    const std::vector<std::string> names = not_below_best(implied);
    out.findings.push_back(
        {Severity::kNote,
         "cannot be told apart",
         place,
         fmt::format("with {} sequences, 95 % intervals of accuracy reach the best row's in {} of {} rows: {}", set.n,
                     names.size(), rows.size(), join(names, ", ")),
         {}});
  }
  const Published& first = *rows.front()->numbers.front();
  if (first.split == "validation") find_split_size(in, first.task, set, out);
  std::ranges::move(implied, std::back_inserter(out.counts));
}

void check_stated_sizes(const std::vector<const Classifier*>& rows, PaperFindings& out) {
  for (const Classifier* c : rows) {
    const Published& first = *c->numbers.front();
    const std::vector<int> sizes = sizes_of(c->fits);
    const auto stated = stated_rows(first);
    if (!stated || *stated > kMostRows || std::ranges::find(sizes, *stated) != sizes.end()) continue;
    out.findings.push_back(
        {Severity::kInconsistent, "evaluation set", fmt::format("{}, {}", first.table_ref, c->row),
         fmt::format("no confusion matrix of {} rows gives the printed metrics together", *stated), c->uids()});
  }
}

void find_in_group(const RuleInput& in, const std::vector<const Published*>& group, PaperFindings& out) {
  std::vector<Classifier> all = classifiers_of(in, group);
  std::vector<const Classifier*> rows;
  std::size_t informative = 0;
  for (Classifier& c : all) {
    if (find_impossible_pair(in, c, out)) continue;
    c.fits = analyze::confusions_that_fit(c.printed, kMostRows);
    rows.push_back(&c);
    if (!c.perfect()) ++informative;
  }
  if (informative == 0) return;
  check_stated_sizes(rows, out);
  std::vector<std::vector<analyze::Confusion>> fits;
  for (const Classifier* c : rows) fits.push_back(c->fits);
  const std::vector<analyze::EvaluationSet> sets = analyze::common_sets(fits);
  const std::string place = fmt::format("{}, {} split", group.front()->table_ref, group.front()->split);
  // Four digits of two metrics fit some size up to 600 by chance: one row alone must be told by three, or by a stated
  // size.
  const bool told = informative > 1 || rows.front()->numbers.size() > 2 || stated_rows(*rows.front()->numbers.front());
  if (!sets.empty() && told) return report_set(in, place, rows, sets, informative, out);
  if (sets.empty() && rows.size() > 1) {
    out.findings.push_back(
        {Severity::kNote,
         "evaluation set",
         place,
         fmt::format("no evaluation set of up to {} sequences fits all {} rows: it is larger, or not the same for all",
                     kMostRows, rows.size()),
         {}});
  }
}

}  // namespace

void find_counts(const RuleInput& in, PaperFindings& out) {
  std::vector<const Published*> rows;
  for (const Published* row : results_of(in)) {
    if (row->value && counts(*row)) rows.push_back(row);
  }
  for (const auto& group : group_by(rows, [](const Published& p) { return p.table_ref + '\n' + p.split; })) {
    find_in_group(in, group, out);
  }
}

}  // namespace seqbench::reports
