#include "harness/base/vectors.h"

namespace seqbench {
namespace {

constexpr std::int64_t kRun = 64;

}  // namespace

SEQBENCH_VECTOR_CLONES
void add_values(const float* __restrict from, std::int64_t count, float* __restrict to) {
  for (; count >= kRun; count -= kRun, from += kRun, to += kRun) {
    for (std::int64_t i = 0; i < kRun; ++i) to[i] += from[i];
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

SEQBENCH_VECTOR_CLONES
void add_values(const double* __restrict from, std::int64_t count, double* __restrict to) {
  for (; count >= kRun; count -= kRun, from += kRun, to += kRun) {
    for (std::int64_t i = 0; i < kRun; ++i) to[i] += from[i];
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace seqbench
