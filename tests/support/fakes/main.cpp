// The real program with the fake tasks and models of tests/support added to its tables.
#include "harness/cli/cli.h"

namespace seqbench {
CodeHashes code_hashes();
std::span<const NamedTask> fake_tasks_table();
std::span<const NamedModel> fake_models_table();
}  // namespace seqbench

int main(int argc, char** argv) {
  using namespace seqbench;
  std::vector<NamedTask> tasks(tasks_table().begin(), tasks_table().end());
  tasks.insert(tasks.end(), fake_tasks_table().begin(), fake_tasks_table().end());
  std::vector<NamedModel> models(models_table().begin(), models_table().end());
  models.insert(models.end(), fake_models_table().begin(), fake_models_table().end());
  return cli::main_with(argc, argv, Tables(tasks, models), code_hashes());
}
