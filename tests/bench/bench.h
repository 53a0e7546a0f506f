#pragma once
// What the benchmark programs share. A program verifies every answer before it registers what is timed: a timing
// without a verified answer is no result.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace seqbench::bench {

/// Ends the program where an answer is wrong, before anything was timed.
inline void require(bool right, const std::string& what) {
  if (right) return;
  std::fprintf(stderr, "wrong answer, nothing is timed: %s\n", what.c_str());
  std::exit(1);
}

/// `register_all` verifies and registers; then Google Benchmark's own flags apply.
inline int main_with(int argc, char** argv, void (*register_all)()) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    register_all();
  } catch (const std::exception& error) {
    require(false, error.what());
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace seqbench::bench
