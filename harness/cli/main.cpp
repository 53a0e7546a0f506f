// The one place that brings harness, tasks, models and reports together.
#include "harness/cli/cli.h"

namespace seqbench {
CodeHashes code_hashes();  // generated
}

int main(int argc, char** argv) {
  const auto tasks = seqbench::tasks_table();
  const auto models = seqbench::models_table();
  const seqbench::Tables tables({tasks.begin(), tasks.end()}, {models.begin(), models.end()});
  return seqbench::cli::main_with(argc, argv, tables, seqbench::code_hashes());
}
