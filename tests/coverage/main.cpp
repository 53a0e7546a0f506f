// The tables of docs/statistics.md: how often 95 % intervals cover the truth, and how often "not reproduced" is false.
// usage: coverage_table [REPETITIONS [RESAMPLES [METRIC]]]
// Exit 1 where a coverage lies outside 93 to 97 % by more than its own Monte Carlo error (2 s.e.), or a false verdict
// comes in more than 5 % of draws. Accuracy with fewer than 2 wrong rows a trial may be covered more often.

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <string_view>

#include "harness/base/text.h"
#include "tests/coverage/coverage.h"

namespace seqbench::coverage {
namespace {

constexpr std::size_t kTrials[] = {1, 3, 5, 10, 20};
constexpr std::size_t kRows[] = {64, 200, 1000};

struct Metric {
  std::string_view name;
  double level;
};
constexpr Metric kMetrics[] = {{"mse", 1},        {"pearson", 0.5},  {"pearson", 0.9},
                               {"accuracy", 0.7}, {"accuracy", 0.9}, {"accuracy", 0.98}};

/// Number of cells outside.
int print_row(const Metric& metric, double spread, std::size_t rows, int repetitions, int resamples) {
  int outside = 0;
  fmt::print("| {} | {} | {} | {} |", metric.name, metric.level, spread, rows);
  for (const std::size_t trials : kTrials) {
    const Coverage got = measure({metric.name, trials, rows, metric.level, spread}, repetitions, resamples);
    const double error = 200 * std::sqrt(0.95 * 0.05 / repetitions);
    const bool inside = got.percent() >= 93 && got.percent() <= 97;
    const bool may_be_wide = metric.name == "accuracy" && static_cast<double>(rows) * (1 - metric.level) < 2;
    outside += got.percent() < 93 - error || (got.percent() > 97 + error && !may_be_wide);
    fmt::print(" {:.1f}{} |", got.percent(), inside ? "" : " !");
    std::fflush(stdout);
  }
  fmt::print("\n");
  return outside;
}

int print_coverage(int repetitions, int resamples, std::string_view only) {
  int outside = 0;
  fmt::print("| metric | level | spread between seeds | rows | 1 seed | 3 | 5 | 10 | 20 |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|\n");
  for (const Metric& metric : kMetrics) {
    if (!only.empty() && metric.name != only) continue;
    for (const double spread : {0.02, 0.1}) {
      for (const std::size_t rows : kRows) outside += print_row(metric, spread, rows, repetitions, resamples);
    }
  }
  return outside;
}

int print_refutations(int draws, int resamples) {
  constexpr Published kDesigns[] = {{3, 0.2},      {5, 0.05},        {5, 0.2},         {5, 1},          {5, 3},
                                    {10, 0.2},     {10, 1},          {10, 3},          {5, 0.5, 200},   {5, 2, 1000},
                                    {10, 1, 1000}, {10, 1, 0, 10}, {5, 1, 0, 5}};
  int outside = 0;
  fmt::print("| design | s.d. between runs / margin | false | by rule 3 word for word |\n|---|---|---|---|\n");
  for (const Published& design : kDesigns) {
    const Refutations got = refute(design, draws, resamples);
    const std::string name = design.folds > 0  ? fmt::format("{} folds", design.folds)
                             : design.rows > 0 ? fmt::format("{} seeds x {} rows", design.trials, design.rows)
                                               : fmt::format("{} seeds", design.trials);
    const auto percent = [&](int count) { return 100.0 * count / got.draws; };
    outside += percent(got.refuted) > 5;
    fmt::print("| {} | {} | {:.1f} % | {:.1f} % |\n", name, design.run_sd, percent(got.refuted), percent(got.literally));
    std::fflush(stdout);
  }
  return outside;
}

}  // namespace
}  // namespace seqbench::coverage

int main(int argc, char** argv) {
  const auto number = [&](int at, int otherwise) {
    return argc > at ? static_cast<int>(seqbench::parse_int(argv[at]).value_or(0)) : otherwise;
  };
  const int repetitions = number(1, 2000), resamples = number(2, 1000);
  if (repetitions < 1 || resamples < 100) {
    std::fputs("usage: coverage_table [REPETITIONS [RESAMPLES [METRIC]]]\n", stderr);
    return 2;
  }
  fmt::print("{} repetitions, {} resamples\n\n", repetitions, resamples);
  const int false_verdicts = argc > 3 ? 0 : seqbench::coverage::print_refutations(repetitions, resamples);
  fmt::print("\n");
  const int outside = seqbench::coverage::print_coverage(repetitions, resamples, argc > 3 ? argv[3] : "");
  fmt::print("\n{} false verdicts above 5 %, {} coverages outside 93 to 97 %\n", false_verdicts, outside);
  return false_verdicts + outside > 0 ? 1 : 0;
}
