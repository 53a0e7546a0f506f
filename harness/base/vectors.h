#pragma once
// Loops in the processor's widest vectors.

#include <cstdint>

/// Before a function: compiled once for each width of vector registers, of which one is taken when the program is loaded. Results are
/// the same: the build never contracts products and sums (-ffp-contract=off). At -O2 GCC makes vectors only of loops of a constant
/// length, as of kVectorRun values, over what cannot overlap (__restrict). Sanitizers are not ready that early.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SEQBENCH_HAS_VECTOR_CLONES
#define SEQBENCH_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SEQBENCH_VECTOR_CLONES
#endif

namespace seqbench {

constexpr std::int64_t kVectorRun = 64;

/// to[i] += from[i] of `count` values; the two do not overlap.
void add_values(const float* from, std::int64_t count, float* to);
void add_values(const double* from, std::int64_t count, double* to);

}  // namespace seqbench
