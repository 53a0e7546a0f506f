#include "harness/base/vectors.h"

namespace seqbench {
namespace {

/// Inlined, so that it becomes what its caller is compiled for.
template <typename T>
[[gnu::always_inline]] inline void add_runs(const T* __restrict from, std::int64_t count, T* __restrict to) {
  for (; count >= kVectorRun; count -= kVectorRun, from += kVectorRun, to += kVectorRun) {
    for (std::int64_t i = 0; i < kVectorRun; ++i) to[i] += from[i];
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

SEQBENCH_VECTOR_CLONES void add_values(const float* from, std::int64_t count, float* to) { add_runs(from, count, to); }
SEQBENCH_VECTOR_CLONES void add_values(const double* from, std::int64_t count, double* to) { add_runs(from, count, to); }

}  // namespace seqbench
