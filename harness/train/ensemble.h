#pragma once
// A deep ensemble (Lakshminarayanan et al. 2017) as one network: members that differ in their streams alone.

#include <memory>
#include <vector>

#include "harness/contract/model.h"

namespace seqbench::train {

/// Members see the same batches. Each is trained by its own loss, whose gradient is as if it were alone (but for clipping, which
/// is by the norm of all together); the loss that is shown is their mean. Predictions are the mean over members and the standard
/// deviation of their mixture: between members, and within them where they tell theirs. Regression only: means of logits are no
/// probabilities. Tensors are named "memberI/NAME". Two members or more.
[[nodiscard]] std::unique_ptr<Network> make_ensemble(std::vector<std::unique_ptr<Network>> members);

}  // namespace seqbench::train
