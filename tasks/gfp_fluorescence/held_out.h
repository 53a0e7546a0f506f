#pragma once
// Another validation part of the published split: rows that mutate positions which no training row mutates.

#include <vector>

#include "tasks/gfp_fluorescence/genotypes.h"

namespace seqbench::tasks::gfp_fluorescence {

/// Deals training and validation rows anew: positions are held out, in a fixed random order, until at least as many rows as
/// validate now have a mutation at one of them. Those validate, the others train; test rows stay.
void hold_out_positions(std::vector<Row>& rows);

}  // namespace seqbench::tasks::gfp_fluorescence
