#pragma once
// Private to the room and its tests: distributions of Boost.Math, whose headers are slow to compile.

namespace seqbench::analyze {

/// Student's t with `degrees` > 0 at 0 < p < 1; infinite degrees: the normal distribution.
[[nodiscard]] double student_quantile(double p, double degrees);
/// Probability of a value above t; t may be infinite.
[[nodiscard]] double student_tail(double t, double degrees);

}  // namespace seqbench::analyze
