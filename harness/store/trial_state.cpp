#include "harness/store/trial_state.h"

#include "harness/store/process.h"

namespace seqbench::store {

std::vector<CheckpointRow> checkpoints_of(Connection& db, std::int64_t execution) {
  // 'last' sorts before 'final' and 'best' of the same step.
  Rows row = db.rows("SELECT step, kind, path, sha256, bytes FROM checkpoints WHERE execution = ?"
                     " ORDER BY step DESC, kind DESC", execution);
  std::vector<CheckpointRow> found;
  while (row.next()) found.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.integer(4)});
  return found;
}

TrialState trial_state(Connection& db, std::string_view key) {
  TrialState state;
  {
    // A live execution before a done one (it is to be finished), a done one before a failed one.
    Rows row = db.rows(
        "SELECT e.id, e.status, e.verdict, e.reason, e.result_sha256, e.step FROM executions e"
        " JOIN trials t ON t.id = e.trial WHERE t.key = ?"
        " ORDER BY CASE e.status WHEN 'failed' THEN 2 WHEN 'done' THEN 1 ELSE 0 END, e.uid DESC LIMIT 1",
        key);
    if (!row.next()) return state;
    state.execution = row.integer(0);
    state.status = row.text(1);
    state.verdict = row.text(2);
    state.reason = row.text(3);
    state.result_sha256 = row.text(4);
    state.step = row.integer(5);
  }
  if (state.status == "running") {
    Rows row = db.rows("SELECT owner FROM attempts WHERE execution = ? AND status = 'running'", state.execution);
    while (row.next()) state.owner_alive = state.owner_alive || process_lives(row.text(0));
  }
  state.checkpoints = checkpoints_of(db, state.execution);
  return state;
}

}  // namespace seqbench::store
