// seqbench data audit: leaks between the parts of a split, and giveaways.
#include <fmt/format.h>

#include "harness/audit/audit.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/run/audits.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// A task alone becomes an experiment file of its own for a moment: --set and --twin then mean what they mean for `run`.
run::Plan plan_of_task(const Context& context, const TaskEntry& task) {
  const Arguments& a = context.arguments;
  const fs::path file = fs::temp_directory_path() / fmt::format("seqbench-audit-{}.toml", new_uid());
  struct Removed {
    const fs::path& path;
    ~Removed() {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
  } removed{file};
  write_file_atomically(file, fmt::format("schema = 1\nname = \"audit\"\n[data]\ntask = \"{}\"\nsource = \"{}\"\n", task.name,
                                          task.has_real && !a.twin ? "real" : "twin"));
  return plan_of_file(context, file);
}

run::Plan plan_of(const Context& context) {
  const std::string& what = context.arguments.what;
  const fs::path file = experiment_path(context, what);
  return fs::exists(file) ? plan_of_file(context, file) : plan_of_task(context, task_by_prefix(context, what));
}

bool is_alarm(const std::string& status) { return status == "leak" || status == "giveaway"; }

void print_audit(const Json& audit) {
  fmt::print("{}: {} training, {} validation, {} test rows, compared by {}\n", audit.at("heading").get<std::string>(),
             audit.at("train").get<std::int64_t>(), audit.at("validation").get<std::int64_t>(),
             audit.at("test").get<std::int64_t>(), audit.at("view").get<std::string>());
  for (const Json& f : audit.at("findings")) {
    fmt::print("  {:<9} {:<26} {}\n", f.at("status").get<std::string>(), f.at("check").get<std::string>(),
               printable(f.at("text").get<std::string>(), 400));
    if (!is_alarm(f.at("status"))) continue;
    for (const Json& pair : f.at("examples")) {
      fmt::print("            {} in test, {} in training\n", printable(pair.at(0).get<std::string>()),
                 printable(pair.at(1).get<std::string>()));
    }
  }
  for (const Json& caution : audit.at("cautions")) fmt::print("  known     {}\n", printable(caution.get<std::string>(), 1000));
}

}  // namespace

ExitCode data_audit(const Context& context) {
  const std::vector<store::AuditRow> audits =
      run::check_and_audit(plan_of(context), context.tables, [](const std::string&) { return false; });
  bool alarm = false;
  Json all = Json::array();
  for (const store::AuditRow& row : audits) {
    for (const Json& f : row.audit.at("findings")) alarm = alarm || is_alarm(f.at("status"));
    if (context.arguments.json) {
      all.push_back(row.audit);
    } else {
      print_audit(row.audit);
    }
  }
  if (context.arguments.json) print_json(all);
  return alarm ? ExitCode::kFinding : ExitCode::kDone;
}

}  // namespace seqbench::cli
