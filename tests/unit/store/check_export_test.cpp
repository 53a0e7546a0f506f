#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "harness/base/text.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;

TEST(ResultHash, IgnoresOrderAndSeesEveryBit) {
  TrialRecord record = record_of(1);
  record.predictions.push_back(predictions("train", 5, 0.5));
  const std::string hash = record.result_sha256();
  TrialRecord turned = record;
  std::reverse(turned.metrics.begin(), turned.metrics.end());
  std::reverse(turned.predictions.begin(), turned.predictions.end());
  turned.timings.clear();
  turned.metrics[0].note = "another note";
  EXPECT_EQ(turned.result_sha256(), hash);

  const std::vector<std::function<void(TrialRecord&)>> changes = {
      [](TrialRecord& r) { r.metrics[0].value = std::nextafter(r.metrics[0].value, 9); },
      [](TrialRecord& r) { r.metrics[0].name += "x"; },
      [](TrialRecord& r) { r.metrics[0].n += 1; },
      [](TrialRecord& r) { r.metrics[0].split = 0; },
      [](TrialRecord& r) { r.metrics[3].value = 0; },  // was NaN
      [](TrialRecord& r) { r.metrics.pop_back(); },
      [](TrialRecord& r) { r.predictions[0].values[1] = std::nextafter(r.predictions[0].values[1], 9); },
      [](TrialRecord& r) { r.predictions[0].kind = "probability"; },
      [](TrialRecord& r) { r.predictions[0].examples.ids[0] += "x"; },
      [](TrialRecord& r) { r.predictions[0].examples.truth[0] = 9; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    TrialRecord changed = record;
    changes[i](changed);
    EXPECT_NE(changed.result_sha256(), hash) << "change " << i;
  }
}

TEST(ResultHash, ExampleSetFieldsCannotRunTogether) {
  ExampleSet a = examples("test", 2), b = a;
  a.ids = {"ab", "c"};
  b.ids = {"a", "bc"};
  EXPECT_NE(a.sha256(), b.sha256());
}

/// Makes a store, damages it, and returns what check says.
std::string findings_after(const std::string& damage) {
  const TempFolder folder;
  {
    RunStore store(folder.store());
    const RunId run = store.open_run(run_row({1, 2}));
    finish(store, run, 1);
    (void)store.begin_trial(run, key_of(2), environment());
  }
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
  sql(folder.store(), damage);
  return joined(Reader(folder.store()).check());
}

TEST(Check, FindsPlantedDamage) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"UPDATE metrics SET value = value + 1e-12 WHERE split = 1", "execution 1: its rows give result"},
      {"DELETE FROM metrics WHERE split = 1", "execution 1: its rows give result"},
      {"UPDATE names SET name = 'mae' WHERE name = 'mse'", "execution 1: its rows give result"},
      {"UPDATE executions SET result_sha256 = substr(result_sha256, 2) || 'x' WHERE id = 1",
       "execution 1: its rows give result"},
      {"UPDATE predictions SET data = zeroblob(length(data))", "are not those that were written"},
      {"UPDATE example_sets SET truth = zeroblob(length(truth))", "example set 1"},
      {"UPDATE example_sets SET fields = x'7b'", "not JSON"},
      {"DELETE FROM attempts WHERE execution = 1", "has no attempt"},
      {"UPDATE attempts SET status = 'running'", "is running in execution 1"},
      {"UPDATE executions SET verdict = 'crash' WHERE id = 1", "is done with verdict crash"},
      {"DELETE FROM trials WHERE seed = 2", "refers to a row of trials"},
      {"DROP INDEX executions_live; INSERT INTO executions (uid, trial, status)"
       " SELECT 'x', trial, 'queued' FROM executions WHERE id = 2",
       "2 live executions"},
      {"INSERT INTO attempts (execution, run, ordinal, environment, from_step, owner, heartbeat_at, status, started_at)"
       " SELECT execution, run, 9, environment, 0, '', '', 'running', '' FROM attempts WHERE execution = 2",
       "2 running attempts"},
  };
  for (const auto& [damage, finding] : cases) {
    const std::string found = findings_after(damage);
    EXPECT_NE(found.find(finding), std::string::npos) << damage << " gave: " << found;
  }
}

TEST(Check, FindsMissingAndChangedFiles) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1}));
  TrialRecord record = record_of(1);
  record.predictions = {predictions("train", (1 << 17) + 1, 0)};
  const Begun begun = store.begin_trial(run, key_of(1), environment());
  store.record(begun, record);
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
  const auto file = folder.path() / sql(folder.store(), "SELECT path FROM predictions");
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << 'x';
  EXPECT_NE(joined(Reader(folder.store()).check()).find("are not those that were written"), std::string::npos);
  EXPECT_THROW((void)Reader(folder.store()).predictions(begun.execution), MachineError);
  std::filesystem::remove(file);
  EXPECT_NE(joined(Reader(folder.store()).check()).find(file.filename().string()), std::string::npos);
}

TEST(Export, DoesNotDependOnOrderOrHistory) {
  const TempFolder straight, crooked;
  make_store(straight.store(), {1, 2, 3});
  {
    RunStore store(crooked.store());
    const RunId run = store.open_run(run_row({1, 2, 3}));
    Environment elsewhere = environment();
    elsewhere.cpu = "another cpu";
    // 2 fails first, then succeeds; 3 is interrupted twice; 1 comes last and is done twice.
    TrialRecord failed = record_of(2);
    failed.verdict = "crash";
    failed.reason = "segmentation fault of process 4711";
    store.record(store.begin_trial(run, key_of(2), elsewhere), failed);
    finish(store, run, 2);
    Begun begun = store.begin_trial(run, key_of(3), elsewhere);
    store.add_curves(begun, curve(1, 8));
    store.add_checkpoint(begun, {4, "last", "p", "s", 1});
    store.interrupt(begun, "lost", SIGKILL, "");
    begun = store.begin_trial(run, key_of(3), elsewhere);
    store.add_curves(begun, curve(5, 10));
    store.record(begun, record_of(3));
    const RunId second = store.open_run(run_row({3, 1}, "controls/gfp"));
    for (const bool again : {false, true}) {
      begun = store.begin_trial(second, key_of(1), environment(), again);
      auto points = curve(1, 10);
      std::reverse(points.begin(), points.end());
      store.add_curves(begun, points);
      TrialRecord record = record_of(1);
      std::reverse(record.metrics.begin(), record.metrics.end());
      store.record(begun, record);
    }
  }
  // Labels are of the plan, so they are made equal.
  sql(crooked.store(), "UPDATE run_trials SET label = 'row ' || (SELECT seed FROM trials t WHERE t.id = trial)");
  EXPECT_EQ(exported(crooked.store()), exported(straight.store()));
  EXPECT_EQ(joined(Reader(crooked.store()).check()), "");
}

TEST(Export, HoldsExactValuesAndNothingVolatile) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1, 2}));
  TrialRecord record = record_of(1);
  record.metrics = {metric("tab\tname", 0.1 + 0.2)};
  store.record(store.begin_trial(run, key_of(1), environment()), record);
  const std::string text = exported(folder.store());
  EXPECT_NE(text.find("metric\t2\ttab\\tname\tall\t3\t0.30000000000000004\t\n"), std::string::npos) << text;
  const std::string set = record.predictions[0].examples.sha256();
  EXPECT_NE(text.find("prediction\ttest\tvalue\t" + set), std::string::npos) << text;
  EXPECT_NE(text.find(record.result_sha256()), std::string::npos);
  EXPECT_NE(text.find(key_of(2)), std::string::npos);  // planned, without a result
  for (const std::string& volatile_text : {run.uid, std::string("a cpu"), utc_now().substr(0, 10)}) {
    EXPECT_EQ(text.find(volatile_text), std::string::npos) << volatile_text;
  }
}

}  // namespace
}  // namespace seqbench::store
