#include <fmt/format.h>

#include <iostream>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"
#include "harness/run/run_experiment.h"
#include "harness/spec/experiment.h"
#include "harness/spec/table_task.h"
#include "harness/store/query.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

void print_json(const Json& json) {
  std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

ExitCode doctor(const Context& context) {
  const Arguments& a = context.arguments;
  const Environment environment = run::environment_of("auto", 1);
  Json facts = environment.to_json();
  facts["sqlite"] = store::sqlite_version();
  facts["numerics_class"] = environment.numerics_class();
  facts["machine_class"] = environment.machine_class();
  facts["store"] = fs::exists(a.store) ? a.store.string() : "none yet";
  Json missing = Json::array();
  for (const TaskEntry& task : context.tables.tasks()) {
    if (task.has_real && !task.fingerprint && data::read_lock(data::task_folder(a.data, task.name)).empty()) {
      missing.push_back(fmt::format("real data of {}: {}", task.name, task.import_hint));
    }
  }
  if (environment.device == "cpu") missing.push_back("no CUDA device: everything runs on the CPU");
  facts["missing"] = missing;
  if (a.json) {
    print_json(facts);
    return ExitCode::kDone;
  }
  for (const auto& [name, value] : facts.items()) {
    if (name == "missing" || name == "details") continue;
    fmt::print("{:<16} {}\n", name, value.is_string() ? printable(value.get<std::string>()) : value.dump());
  }
  for (const auto& [name, value] : environment.details.items()) {
    fmt::print("{:<16} {}\n", name, value.is_string() ? printable(value.get<std::string>()) : value.dump());
  }
  for (const Json& text : missing) fmt::print("missing          {}\n", text.get<std::string>());
  return ExitCode::kDone;
}

ExitCode help_topic(const Context& context) {
  const std::string& topic = context.arguments.what;
  if (topic == "toml") {
    fmt::print("{}", spec::key_reference());
  } else if (topic == "table") {
    fmt::print("{}", spec::table_reference());
  } else if (topic == "exit-codes") {
    fmt::print("0  done\n1  a finding: some trials failed, or a rerun gave other bits without a reason\n"
               "2  bad input: experiment file, flag, data file, path\n3  interrupted, resumable as it is\n"
               "4  the machine or the program: full disk, no right to write, damaged store\n");
  } else if (topic == "environment") {
    fmt::print("SEQBENCH_STORE           the store [results/seqbench.db]\n"
               "SEQBENCH_DATA            the data home [data]\n"
               "SEQBENCH_WEIGHTS         the weights home, a folder a checkpoint [weights]\n"
               "SEQBENCH_CACHE           what models keep between trials, as embeddings; may be deleted [cache]\n"
               "SEQBENCH_OFFLINE         1: data fetch and weights fetch download nothing\n"
               "SEQBENCH_HUB             where weights fetch asks [https://huggingface.co]\n"
               "SEQBENCH_CA_FILE         certificate authorities that both trust besides the system's\n"
               "SEQBENCH_TASKS           folders of declared tasks (NAME.toml), separated by ':', besides DATA/tasks\n"
               "SEQBENCH_TORCH           folder of an installed torch package, for set-up\n"
               "SEQBENCH_PIP_ARGS        options passed to pip, for set-up\n"
               "SEQBENCH_STORE_ANYWAY    1: write a store on a network file system\n"
               "SEQBENCH_NO_SETUP        1: never build, run what is there\n");
  } else {
    throw InputError(fmt::format("no help on '{}'; topics: toml, table, exit-codes, environment, and the commands of seqbench --help", printable(topic)));
  }
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
