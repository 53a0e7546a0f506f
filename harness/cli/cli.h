#pragma once
// The command line. main.cpp hands in the tables; nothing else in the harness sees them.

#include "harness/base/code_hashes.h"
#include "harness/contract/tables.h"

namespace seqbench::cli {

/// Parses, runs one command and gives the process's exit code; every error ends here as one message on stderr.
int main_with(int argc, char** argv, Tables tables, const CodeHashes& code);

}  // namespace seqbench::cli
