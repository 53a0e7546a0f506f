#pragma once
// The process that computes trials: specifications come in, records go out over a pipe.

#include "harness/contract/tables.h"

namespace seqbench::run {

/// Reads trials from `in` until it closes; the process's exit code.
int work(const Tables& tables, int in, int out, int parent);

}  // namespace seqbench::run
