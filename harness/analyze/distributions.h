#pragma once
// Private to the room and its tests: quantiles of Boost.Math, whose headers are slow to compile.

namespace seqbench::analyze {

/// Student's t with `degrees` > 0 at 0 < p < 1.
[[nodiscard]] double student_quantile(double p, double degrees);

}  // namespace seqbench::analyze
