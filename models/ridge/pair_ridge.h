#pragma once
// Ridge regression over features and pairs of features.

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/contract/model.h"

namespace seqbench::models::ridge {

/// Minimizes what ridge does with a column more for each pair of features that is found together in at least `min_rows`
/// training rows. Solved by conjugate gradients over lists of what is not 0, so tens of thousands of pairs cost memory by
/// their rows; one thread, the same bits each time. `strengths` as of ridge; the mean squared error of validation chooses.
[[nodiscard]] std::unique_ptr<Estimator> make_pair_ridge(std::vector<double> strengths, std::int64_t min_rows);

}  // namespace seqbench::models::ridge
