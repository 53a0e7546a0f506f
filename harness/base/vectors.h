#pragma once
// Loops in the processor's widest vectors.

#include <cstdint>

/// Before a function: compiled once for each width of vector registers, chosen when the program starts. Results are the same, since
/// products and sums are never contracted. At -O2 GCC makes vectors only of loops of a constant length over what cannot overlap
/// (__restrict). Sanitizers are not ready when such a choice is made.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SEQBENCH_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SEQBENCH_VECTOR_CLONES
#endif

namespace seqbench {

/// to[i] += from[i] of `count` values; the two do not overlap.
void add_values(const float* from, std::int64_t count, float* to);
void add_values(const double* from, std::int64_t count, double* to);

}  // namespace seqbench
