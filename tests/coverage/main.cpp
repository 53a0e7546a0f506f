// The table of docs/statistics.md: how often 95 % intervals cover the truth. usage: coverage [REPETITIONS [RESAMPLES]]
// Exit 1 where a combination that the interval promises lies outside 93 to 97 %.

#include <fmt/format.h>

#include <cstdio>

#include "harness/base/text.h"
#include "tests/coverage/coverage.h"

namespace seqbench::coverage {
namespace {

int print_table(int repetitions, int resamples) {
  int outside = 0;
  fmt::print("| metric | level | spread between seeds | rows | 1 seed | 3 | 5 | 10 | 20 |\n|---|---|---|---|---|---|---|---|---|\n");
  const std::vector<std::pair<const char*, double>> metrics = {
      {"mse", 1}, {"pearson", 0.5}, {"pearson", 0.9}, {"accuracy", 0.7}, {"accuracy", 0.9}, {"accuracy", 0.98}};
  for (const auto& [metric, level] : metrics) {
    for (const double spread : {0.02, 0.1}) {
      for (const std::size_t rows : {std::size_t{64}, std::size_t{200}, std::size_t{1000}}) {
        fmt::print("| {} | {} | {} | {} |", metric, level, spread, rows);
        for (const std::size_t trials : {std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{10}, std::size_t{20}}) {
          const Coverage got = measure({metric, trials, rows, level, spread}, repetitions, resamples);
          const bool kept = got.percent() >= 93 && got.percent() <= 97;
          outside += !kept;
          fmt::print(" {:.1f}{} |", got.percent(), kept ? "" : "!");
          std::fflush(stdout);
        }
        fmt::print("\n");
      }
    }
  }
  fmt::print("{} outside 93 to 97 %\n", outside);
  return outside == 0 ? 0 : 1;
}

}  // namespace
}  // namespace seqbench::coverage

int main(int argc, char** argv) {
  using seqbench::parse_int;
  const int repetitions = argc > 1 ? static_cast<int>(parse_int(argv[1]).value_or(0)) : 2000;
  const int resamples = argc > 2 ? static_cast<int>(parse_int(argv[2]).value_or(0)) : 1000;
  if (repetitions < 1 || resamples < 100) return std::fputs("usage: coverage [REPETITIONS [RESAMPLES]]\n", stderr), 2;
  return seqbench::coverage::print_table(repetitions, resamples);
}
