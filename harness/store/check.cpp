#include "harness/store/check.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/store/connection.h"
#include "harness/store/result_rows.h"

namespace seqbench::store {
namespace {

using Findings = std::vector<std::string>;

void check_file(Connection& db, Findings& findings) {
  Rows row = db.rows("PRAGMA integrity_check");
  while (row.next()) {
    if (row.text(0) != "ok") findings.push_back("integrity: " + printable(row.text(0)));
  }
}

void check_references(Connection& db, Findings& findings) {
  Rows row = db.rows("PRAGMA foreign_key_check");
  while (row.next()) {
    findings.push_back(fmt::format("table {}: row {} refers to a row of {} that is not there", row.text(0), row.text(1),
                                   row.text(2)));
  }
}

/// Each query gives one line per violation.
void check_states(Connection& db, Findings& findings) {
  for (const char* sql : {
           "SELECT 'trial ' || t.key || ' has ' || count(*) || ' live executions' FROM executions e"
           " JOIN trials t ON t.id = e.trial WHERE e.status IN ('queued','running','interrupted')"
           " GROUP BY e.trial HAVING count(*) > 1",
           "SELECT 'execution ' || id || ' is ' || status || ' with verdict ' || coalesce(verdict, 'none')"
           " FROM executions WHERE (status = 'done') <> (coalesce(verdict, '') = 'ok')",
           "SELECT 'execution ' || e.id || ' is ' || e.status || ' but has no attempt' FROM executions e"
           " WHERE e.status <> 'queued' AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.execution = e.id)",
           "SELECT 'attempt ' || a.id || ' is running in execution ' || e.id || ', which is ' || e.status"
           " FROM attempts a JOIN executions e ON e.id = a.execution"
           " WHERE a.status = 'running' AND e.status <> 'running'",
           "SELECT 'execution ' || execution || ' has ' || count(*) || ' running attempts' FROM attempts"
           " WHERE status = 'running' GROUP BY execution HAVING count(*) > 1"}) {
    Rows row = db.rows(sql);
    while (row.next()) findings.push_back(row.text(0));
  }
}

void check_result(Connection& db, std::int64_t execution, const std::string& expected, Findings& findings) {
  const auto infos = read_prediction_infos(db, execution);
  const std::string actual = result_sha256(read_metrics(db, execution), {infos.begin(), infos.end()});
  if (actual != expected) {
    findings.push_back(fmt::format("execution {}: its rows give result {}, but {} was recorded", execution,
                                   actual.substr(0, 16), expected.substr(0, 16)));
  }
  try {
    Examples examples;
    for (const SharedPredictions& p : read_predictions(db, execution, examples)) {
      if (p.values.size() != p.examples->ids.size() * static_cast<std::size_t>(p.examples->cols)) {
        findings.push_back(fmt::format("execution {}: {} values for {} examples", execution, p.values.size(),
                                       p.examples->ids.size()));
      }
    }
  } catch (const MachineError& error) {
    findings.push_back(error.what());
  }
}

void check_results(Connection& db, Findings& findings) {
  Rows row = db.rows("SELECT id, result_sha256 FROM executions WHERE status = 'done' ORDER BY id");
  while (row.next()) check_result(db, row.integer(0), row.text(1), findings);
}

void check_example_sets(Connection& db, Findings& findings) {
  Rows row = db.rows("SELECT id, sha256, task, split, n, cols, ids, truth, fields FROM example_sets ORDER BY id");
  while (row.next()) {
    try {
      ExampleSet set;
      set.task = row.text(2);
      set.split = row.text(3);
      set.cols = row.integer(5);
      set.ids = ids_of(row.blob(6), row.integer(4));
      set.truth = doubles_of(row.blob(7));
      set.fields = stored_json(row.blob(8));
      if (set.sha256() != row.text(1)) {
        findings.push_back(fmt::format("example set {} ({} {}) is not the one that was written", row.integer(0),
                                       set.task, set.split));
      }
    } catch (const MachineError& error) {
      findings.push_back(fmt::format("example set {}: {}", row.integer(0), error.what()));
    }
  }
}

}  // namespace

std::vector<std::string> check_store(const std::filesystem::path& path) {
  Connection db(path, Connection::Mode::kRead);
  db.execute("BEGIN");  // one snapshot, also while a run goes on
  Findings findings;
  try {
    check_file(db, findings);
    if (!findings.empty()) return findings;  // rows of a broken file prove nothing
    check_references(db, findings);
    check_states(db, findings);
    check_results(db, findings);
    check_example_sets(db, findings);
  } catch (const MachineError& error) {
    findings.push_back(error.what());
  }
  return findings;
}

}  // namespace seqbench::store
