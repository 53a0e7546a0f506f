// Rules that hold printed numbers against the data's moments and against the network that the paper describes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/base/text.h"
#include "reports/as_printed_rules.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

using store::Moments;

/// The task whose moments the paper's statements about data are held against: that of its results.
std::string task_of(const RuleInput& in) {
  for (const Moments& m : in.folder.moments) {
    if (std::ranges::any_of(in.paper.rows, [&](const Published& p) { return p.task == m.task; })) return m.task;
  }
  return "";
}

/// Groups of equal numbers of mutations weighted equally, but for the unmutated: mean and variance of the mixture.
std::optional<Moments> equal_groups(const RuleInput& in, const std::string& task, const std::string& split) {
  Moments mixed{task, split, std::nullopt, 0, 0, 0, 0, 0};
  double groups = 0, square = 0;
  for (const Moments& m : in.folder.moments) {
    if (m.task != task || m.split != split || m.mutations.value_or(0) == 0) continue;
    ++groups;
    mixed.n += m.n;
    mixed.mean += m.mean;
    square += m.variance + m.mean * m.mean;
  }
  if (groups == 0) return std::nullopt;
  mixed.mean /= groups;
  mixed.variance = square / groups - mixed.mean * mixed.mean;
  return mixed;
}

/// The printed losses of one row are on the part that the moments are of.
bool same_part(const Published& row, const Moments& m) { return stated_rows(row) == m.n; }

std::optional<std::pair<double, double>> constants_of(const RuleInput& in, const std::vector<const Published*>& row,
                                                      bool groups) {
  std::vector<analyze::PrintedLoss> losses;
  for (const Published* p : row) {
    const Moments* whole = moments_of(in, p->task, p->split);
    if (whole == nullptr || !same_part(*p, *whole)) return std::nullopt;
    const auto mixed = groups && p->split != "test" ? equal_groups(in, p->task, p->split) : std::optional(*whole);
    if (!mixed) return std::nullopt;
    losses.push_back({mixed->mean, mixed->variance, *p->value, p->margin.value_or(0) + store::half_unit(*p)});
  }
  return analyze::constants_that_reach(losses);
}

std::vector<std::vector<const Published*>> loss_rows(const RuleInput& in) {
  std::vector<const Published*> rows;
  for (const Published* p : results_of(in)) {
    if (p->value && p->metric == "mse") rows.push_back(p);
  }
  return group_by(rows, [](const Published& p) { return p.table_ref + '\n' + p.row_ref; });
}

std::string losses_text(const std::vector<const Published*>& row) {
  std::vector<std::string> parts;
  for (const Published* p : row) parts.push_back(fmt::format("{} {}", p->split, printed_digits(*p)));
  return join(parts, ", ");
}

/// Two losses are met by some constant too easily; three or more are not.
void find_constant(const RuleInput& in, PaperFindings& out) {
  for (const auto& row : loss_rows(in)) {
    if (row.size() < 3) continue;
    const auto by_rows = constants_of(in, row, false), by_groups = constants_of(in, row, true);
    if (!by_rows && !by_groups) continue;
    std::vector<std::string> ways, uids;
    if (by_rows)
      ways.push_back(
          fmt::format("{:.3f} to {:.3f} with every sequence weighted equally", by_rows->first, by_rows->second));
    if (by_groups)
      ways.push_back(fmt::format(
          "{:.3f} to {:.3f} with the groups of 1, 2, ... mutations weighted equally in training and validation",
          by_groups->first, by_groups->second));
    for (const Published* p : row) uids.push_back(p->uid);
    out.findings.push_back({Severity::kDoubtful, "a constant does the same",
                            fmt::format("{}, {}", row.front()->table_ref, row.front()->row_ref),
                            fmt::format("{}: one constant prediction reaches all of them within the margin ({})",
                                        losses_text(row), join(ways, "; ")),
                            uids});
  }
}

void find_worse_than_constant(const RuleInput& in, PaperFindings& out) {
  for (const auto& row : loss_rows(in)) {
    for (const Published* p : row) {
      const Moments* m = moments_of(in, p->task, p->split);
      if (m == nullptr || !same_part(*p, *m) || *p->value - store::half_unit(*p) <= m->variance) continue;
      out.findings.push_back({Severity::kDoubtful,
                              "worse than a constant",
                              place_of(*p),
                              fmt::format("{} is above {:.4f}, the error of the best constant on this part ({:.3f})",
                                          printed_digits(*p), m->variance, m->mean),
                              {p->uid}});
    }
  }
}

/// Lowest and highest label of the task.
std::pair<double, double> label_range(const RuleInput& in, const Moments& part) {
  std::pair<double, double> range{part.min, part.max};
  for (const Moments& m : in.folder.moments) {
    if (m.task != part.task) continue;
    range.first = std::min(range.first, m.min);
    range.second = std::max(range.second, m.max);
  }
  return range;
}

/// Validation and test loss of one row whose parts were dealt at random. Doubtful at most: predictions are taken to lie
/// within the labels' range, and parts of no stated size to be as large as the published ones.
void compare_exchangeable(const RuleInput& in, const std::vector<const Published*>& row, PaperFindings& out) {
  constexpr double kSurely = 1e-6;
  const auto part = [&](const char* split) {
    return std::ranges::find(row, split, [](const Published* p) { return p->split; });
  };
  const auto validation = part("validation"), test = part("test");
  const Moments* v = moments_of(in, row.front()->task, "validation");
  const Moments* t = moments_of(in, row.front()->task, "test");
  if (validation == row.end() || test == row.end() || v == nullptr || t == nullptr) return;
  const auto v_rows = stated_rows(**validation), t_rows = stated_rows(**test);
  const std::int64_t n1 = v_rows.value_or(v->n), n2 = t_rows.value_or(t->n);
  const double gap =
      std::abs(*(*test)->value - *(*validation)->value) - store::half_unit(**test) - store::half_unit(**validation);
  const auto [low, high] = label_range(in, *t);
  const double p = gap <= 0 ? 1 : analyze::exchangeable_bound(gap, (high - low) * (high - low), n1, n2);
  if (p > kSurely) return;
  const char* sizes = v_rows && t_rows ? "" : " (the published split's sizes: none is stated for these parts)";
  out.findings.push_back(
      {Severity::kDoubtful,
       "parts are not exchangeable",
       fmt::format("{} and {}", place_of(**validation), (*test)->col_ref),
       fmt::format("{} against {}: if {} and {} rows{} were dealt at random, and every prediction lies within the "
                   "labels' range [{:.2f}, {:.2f}], the losses of a model chosen on neither differ so much with "
                   "probability at most {:.1g} (Serfling 1974)",
                   printed_digits(**validation), printed_digits(**test), count_text(n1), count_text(n2), sizes, low,
                   high, p),
       {(*validation)->uid, (*test)->uid}});
}

/// Parts that the paper says were dealt at random (column exchangeable_split = 1).
void find_exchangeable(const RuleInput& in, PaperFindings& out) {
  for (const Published& stated : in.paper.rows) {
    if (stated.col_ref != "exchangeable_split" || stated.value != 1.0) continue;
    for (const auto& row : loss_rows(in)) {
      if (row.front()->row_ref == stated.row_ref) compare_exchangeable(in, row, out);
    }
  }
}

std::optional<std::int64_t> mutations_of(const std::string& row) {
  constexpr std::string_view kWord = " mutations";
  return row.ends_with(kWord) ? parse_int(row.substr(0, row.size() - kWord.size())) : std::nullopt;
}

/// n_train, n_validation and n_test of the whole or of a number of mutations; max_mutations of a part.
void find_wrong_sizes(const RuleInput& in, PaperFindings& out) {
  const std::string task = task_of(in);
  if (task.empty()) return;
  for (const Published& row : in.paper.rows) {
    if (!row.value) continue;
    std::optional<double> truth;
    if (row.col_ref == "max_mutations") {
      for (const Moments& m : in.folder.moments) {
        if (m.task == task && m.split == row.row_ref && m.mutations)
          truth = std::max(truth.value_or(0), static_cast<double>(*m.mutations));
      }
    } else if (row.col_ref.starts_with("n_")) {
      const auto mutations = mutations_of(row.row_ref);
      const Moments* m =
          mutations || row.row_ref == row.col_ref ? moments_of(in, task, row.col_ref.substr(2), mutations) : nullptr;
      if (m != nullptr) truth = static_cast<double>(m->n);
    }
    if (!truth || printed_value(row).holds(*truth)) continue;
    out.findings.push_back(
        {Severity::kInconsistent,
         "not what the data hold",
         place_of(row),
         fmt::format("{} is printed; the published split has {}", printed_digits(row), format_double(*truth)),
         {row.uid}});
  }
}

/// A table of counts by number of mutations against the total given elsewhere.
void find_wrong_sums(const RuleInput& in, PaperFindings& out) {
  std::vector<const Published*> parts;
  for (const Published& row : in.paper.rows) {
    if (row.value && row.col_ref.starts_with("n_") && mutations_of(row.row_ref)) parts.push_back(&row);
  }
  for (const auto& column : group_by(parts, [](const Published& p) { return p.table_ref + '\n' + p.col_ref; })) {
    double sum = 0;
    for (const Published* p : column) sum += *p->value;
    for (const Published& total : in.paper.rows) {
      if (total.col_ref != column.front()->col_ref || total.row_ref != total.col_ref || !total.value ||
          *total.value == sum)
        continue;
      const Moments* unmutated = moments_of(in, task_of(in), total.col_ref.substr(2), 0);
      const bool explained = unmutated != nullptr && static_cast<double>(unmutated->n) == *total.value - sum;
      out.findings.push_back(
          {Severity::kDoubtful,
           "sum",
           fmt::format("{} against {}, {}", place_of(total), column.front()->table_ref, column.front()->col_ref),
           fmt::format("the table's rows add up to {}, the text says {}{}", count_text(static_cast<std::int64_t>(sum)),
                       count_text(static_cast<std::int64_t>(*total.value)),
                       explained ? fmt::format("; the data hold {} more without mutations", unmutated->n) : ""),
           {total.uid}});
    }
  }
}

std::optional<analyze::BertShape> described_network(const RuleInput& in) {
  analyze::BertShape shape;
  const std::pair<const char*, std::int64_t*> parts[] = {{"layers", &shape.layers},
                                                         {"hidden_size", &shape.hidden},
                                                         {"vocabulary_size", &shape.vocabulary},
                                                         {"max_position_embeddings", &shape.positions}};
  for (const auto& [column, into] : parts) {
    const Published* row = setting(in, column);
    if (row == nullptr) return std::nullopt;
    *into = static_cast<std::int64_t>(*row->value);
  }
  return shape;
}

/// "around 110M" holds for what rounds to it and for 1 % around it.
void find_parameters(const RuleInput& in, PaperFindings& out) {
  const auto shape = described_network(in);
  const Published* stated = setting(in, "trainable_parameters");
  if (!shape || stated == nullptr) return;
  const double count = static_cast<double>(analyze::bert_parameters(*shape)),
               slack = std::max(store::half_unit(*stated), 0.01 * *stated->value);
  if (std::abs(count - *stated->value) <= slack) return;
  const double words =
      static_cast<double>(shape->vocabulary) + (*stated->value - count) / static_cast<double>(shape->hidden);
  out.findings.push_back(
      {Severity::kInconsistent,
       "parameter count",
       place_of(*stated),
       fmt::format("{} is printed; the network described ({} layers of {}, {} words, {} positions) has {}. {}",
                   count_text(static_cast<std::int64_t>(*stated->value)), shape->layers, shape->hidden,
                   shape->vocabulary, shape->positions, count_text(static_cast<std::int64_t>(count)),
                   words > 0 ? fmt::format("The printed count needs a vocabulary of about {} words",
                                           count_text(std::llround(words / 1000) * 1000))
                             : "No vocabulary gives the printed count"),
       {stated->uid}});
}

/// A sample of k from each of n_bins bins cannot be larger than what there is to draw from.
void find_sample_size(const RuleInput& in, PaperFindings& out) {
  const Published *bins = setting(in, "n_bins"), *total = setting(in, "n_train");
  if (bins == nullptr || total == nullptr) return;
  for (const Published& k : in.paper.rows) {
    if (!k.metric.starts_with("k_") || !k.value || *k.value * *bins->value <= *total->value + store::half_unit(*total))
      continue;
    out.findings.push_back({Severity::kDoubtful,
                            "sample larger than the data",
                            place_of(k),
                            fmt::format("{} from each of {} bins are {}, more than the {} there are: bins run short, "
                                        "and the sample is not uniform",
                                        count_text(static_cast<std::int64_t>(*k.value)), printed_digits(*bins),
                                        count_text(static_cast<std::int64_t>(*k.value * *bins->value)),
                                        count_text(static_cast<std::int64_t>(*total->value))),
                            {k.uid}});
  }
}

}  // namespace

void find_against_data(const RuleInput& in, PaperFindings& out) {
  find_parameters(in, out);
  find_exchangeable(in, out);
  find_wrong_sizes(in, out);
  find_wrong_sums(in, out);
  find_constant(in, out);
  find_worse_than_constant(in, out);
  find_sample_size(in, out);
}

std::vector<Published> derived_rows(const RuleInput& in) {
  std::vector<Published> rows;
  const auto add = [&](const char* table, std::string row, std::string column, double value) {
    Published p;
    p.paper = in.paper.name;
    p.table_ref = table;
    p.row_ref = std::move(row);
    p.col_ref = p.metric = std::move(column);
    p.value = value;
    rows.push_back(std::move(p));
  };
  if (const auto shape = described_network(in))
    add("derived", "network as described", "parameters", static_cast<double>(analyze::bert_parameters(*shape)));
  std::int64_t shortest = 0, longest = 0;
  for (const Moments& m : in.folder.moments) {
    if (m.mutations || m.task != task_of(in)) continue;
    add("data", m.split, "mean", m.mean);
    add("data", m.split, "variance", m.variance);
    shortest = shortest == 0 ? m.min_length : std::min(shortest, m.min_length);
    longest = std::max(longest, m.max_length);
  }
  if (longest > 0) {
    add("data", "all parts", "min_length", static_cast<double>(shortest));
    add("data", "all parts", "max_length", static_cast<double>(longest));
  }
  return rows;
}

}  // namespace seqbench::reports
