// db backup, db merge.
#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/store/merge.h"
#include "harness/store/store_backup.h"

namespace seqbench::cli {

ExitCode db_backup(const Context& context) {
  const Arguments& a = context.arguments;
  store::back_up_store(a.store, a.what);
  fmt::print("{}: a whole copy, checked\n", a.what);
  return ExitCode::kDone;
}

ExitCode db_merge(const Context& context) {
  const Arguments& a = context.arguments;
  bool conflicts = false;
  Json shards = Json::array();
  for (const std::string& shard : a.files) {
    const store::MergeReport report = store::merge_store(a.store, shard, a.dry_run);
    conflicts = conflicts || !report.conflicts.empty();
    if (a.json) {
      shards.push_back({{"shard", shard}, {"added", report.added}, {"replaced", report.replaced}, {"known", report.known},
                        {"unfinished", report.unfinished}, {"conflicts", report.conflicts}});
      continue;
    }
    fmt::print("{}: {}{} added, {} replaced, {} here already, {} unfinished and left there, {} conflicts\n", printable(shard, 1000),
               a.dry_run ? "would be: " : "", report.added, report.replaced, report.known, report.unfinished,
               report.conflicts.size());
    for (const std::string& conflict : report.conflicts) fmt::print("  conflict: {}\n", printable(conflict, 1000));
  }
  if (a.json) print_json({{"v", 1}, {"dry_run", a.dry_run}, {"shards", shards}});
  return conflicts ? ExitCode::kFinding : ExitCode::kDone;
}

}  // namespace seqbench::cli
