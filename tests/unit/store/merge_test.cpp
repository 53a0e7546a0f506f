#include "harness/store/merge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/store/backup.h"
#include "harness/store/connection.h"
#include "harness/store/store_backup.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

std::string exported(const fs::path& path) {
  std::ostringstream out;
  Reader(path).export_text(out);
  return out.str();
}

/// Every row of every table that merging may touch, but for moments.
std::string rows_of(const fs::path& path) {
  std::string out;
  for (const char* table : {"names", "experiments", "environments", "runs", "trials", "run_trials", "executions", "attempts",
                            "metrics", "curves", "example_sets", "predictions", "timings", "memory_peaks", "merges", "conflicts"}) {
    out += fmt::format("{} {}\n", table, sql(path, fmt::format("SELECT count(*) FROM {}", table)));
  }
  return out;
}

/// A store of the whole sweep's plan in which these trials are done.
void make_part(const fs::path& path, const std::vector<int>& done) {
  RunStore store(path);
  const RunId run = store.open_run(run_row({1, 2, 3, 4}));
  for (const int trial : done) finish(store, run, trial);
  store.close_run(run, "done");
}

/// A store with one trial whose predictions lie in a file.
void make_large(const fs::path& path) {
  RunStore store(path);
  const RunId run = store.open_run(run_row({1}));
  TrialRecord record = record_of(1);
  record.predictions = {predictions("test", 200'000, 0.5)};
  store.record(store.begin_trial(run, key_of(1), environment()), record);
}

class Merge : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path at(const std::string& name) const { return folder_.path() / name; }
  TempFolder folder_;
};

TEST_F(Merge, TwoHalvesGiveTheWholeInEitherOrder) {
  make_part(at("whole.db"), {1, 2, 3, 4});
  make_part(at("a.db"), {1, 3});
  make_part(at("b.db"), {4, 2});
  const MergeReport first = merge_store(at("ab.db"), at("a.db"), false);
  EXPECT_EQ(first.added, 2);
  EXPECT_EQ(merge_store(at("ab.db"), at("b.db"), false).added, 2);
  static_cast<void>(merge_store(at("ba.db"), at("b.db"), false));
  static_cast<void>(merge_store(at("ba.db"), at("a.db"), false));
  EXPECT_EQ(exported(at("ab.db")), exported(at("whole.db")));
  EXPECT_EQ(exported(at("ba.db")), exported(at("whole.db")));
  EXPECT_EQ(Reader(at("ab.db")).check(), std::vector<std::string>{});
  EXPECT_EQ(sql(at("ab.db"), "SELECT count(*), sum(executions) FROM merges"), "2|4");
  EXPECT_EQ(sql(at("ab.db"), "SELECT count(*), sum(total_ns) FROM timings"), sql(at("whole.db"), "SELECT count(*), sum(total_ns) FROM timings"));
  EXPECT_FALSE(fs::exists(at("ab.db.merging")));
}

TEST_F(Merge, TwiceChangesNothing) {
  make_part(at("a.db"), {1, 3});
  make_part(at("b.db"), {2, 3});
  static_cast<void>(merge_store(at("a.db"), at("b.db"), false));
  const std::string text = exported(at("a.db")), rows = rows_of(at("a.db"));
  const MergeReport again = merge_store(at("a.db"), at("b.db"), false);
  EXPECT_EQ(again.added, 0);
  EXPECT_EQ(again.known, 2);
  EXPECT_TRUE(again.conflicts.empty());  // trial 3 was run twice with one result
  EXPECT_EQ(exported(at("a.db")), text);
  EXPECT_EQ(rows_of(at("a.db")), rows);
}

TEST_F(Merge, AMergeOfMergesAddsNothing) {
  make_part(at("a.db"), {1, 2});
  make_part(at("b.db"), {3, 4});
  static_cast<void>(merge_store(at("a.db"), at("b.db"), false));
  static_cast<void>(merge_store(at("b.db"), at("a.db"), false));
  EXPECT_EQ(exported(at("a.db")), exported(at("b.db")));
  const std::string rows = sql(at("a.db"), "SELECT count(*) FROM metrics");
  EXPECT_EQ(merge_store(at("a.db"), at("b.db"), false).added, 0);
  EXPECT_EQ(sql(at("a.db"), "SELECT count(*) FROM metrics"), rows);
}

TEST_F(Merge, ADryRunSaysTheSameAndWritesNothing) {
  make_part(at("a.db"), {1});
  make_part(at("b.db"), {2, 3});
  const std::string rows = rows_of(at("a.db"));
  const MergeReport report = merge_store(at("a.db"), at("b.db"), true);
  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(rows_of(at("a.db")), rows);
  EXPECT_THROW((void)merge_store(at("none.db"), at("b.db"), true), InputError);
  EXPECT_FALSE(fs::exists(at("none.db")));
}

TEST_F(Merge, NamesMeanTheSameUnderOtherIds) {
  const auto record = [](const char* metric_name, int split) {
    TrialRecord r = record_of(1);
    r.predictions.clear();
    r.metrics = {metric(metric_name, 0.5), metric("mse", 0.25, split, "group=9")};
    return r;
  };
  for (const auto& [file, trial, name] : {std::tuple{"a.db", 1, "first"}, std::tuple{"b.db", 2, "second"}}) {
    RunStore store(at(file));
    const RunId run = store.open_run(run_row({1, 2}));
    store.record(store.begin_trial(run, key_of(trial), environment()), record(name, 0));
  }
  // A further split: its code is the id of its name, which is another one in the other store.
  sql(at("b.db"), "INSERT INTO names (id, name) VALUES (99, 'held out'); UPDATE metrics SET split = 99 WHERE split = 0");
  static_cast<void>(merge_store(at("a.db"), at("b.db"), false));
  EXPECT_EQ(sql(at("a.db"), "SELECT group_concat(metric || ' ' || split || ' ' || slice, ', ') FROM (SELECT * FROM v_results ORDER BY seed, metric)"),
            "first test all, mse train group=9, mse held out group=9, second test all");
}

TEST_F(Merge, AnUnfinishedExecutionIsReplacedByItsEnd) {
  RunStore store(at("a.db"));
  const RunId run = store.open_run(run_row({1, 2}));
  const Begun begun = store.begin_trial(run, key_of(1), environment());
  store.barrier();
  back_up_store(at("a.db"), at("copy.db"));
  store.record(begun, record_of(1));
  (void)store.begin_trial(run, key_of(2), environment());
  store.barrier();
  const MergeReport report = merge_store(at("copy.db"), at("a.db"), false);  // while a.db is written to
  EXPECT_EQ(report.replaced, 1);
  EXPECT_EQ(report.unfinished, 1);
  EXPECT_EQ(Reader(at("copy.db")).state(key_of(1)).status, "done");
  EXPECT_EQ(sql(at("copy.db"), "SELECT count(*) FROM executions"), "1");
  EXPECT_EQ(Reader(at("copy.db")).check(), std::vector<std::string>{});
  // The other way round, what is done here stays.
  EXPECT_EQ(merge_store(at("a.db"), at("copy.db"), false).known, 1);
  EXPECT_EQ(Reader(at("a.db")).state(key_of(1)).status, "done");
}

TEST_F(Merge, OtherResultsOfOneTrialAreAConflictOnce) {
  make_part(at("a.db"), {1});
  {
    RunStore store(at("b.db"));
    const RunId run = store.open_run(run_row({1, 2, 3, 4}));
    TrialRecord other = record_of(1);
    other.metrics[0].value += 1e-9;
    store.record(store.begin_trial(run, key_of(1), environment()), other);
  }
  const MergeReport report = merge_store(at("a.db"), at("b.db"), false);
  ASSERT_EQ(report.conflicts.size(), 1u);
  EXPECT_NE(report.conflicts[0].find(key_of(1)), std::string::npos);
  EXPECT_EQ(merge_store(at("a.db"), at("b.db"), false).conflicts, report.conflicts);
  EXPECT_EQ(sql(at("a.db"), "SELECT count(*) FROM conflicts"), "1");
  static_cast<void>(merge_store(at("b.db"), at("a.db"), false));
  EXPECT_EQ(exported(at("a.db")), exported(at("b.db")));  // both hold both; the newer one is the result
  EXPECT_EQ(sql(at("b.db"), "SELECT count(*), kept < other FROM conflicts"), "1|1");
}

TEST_F(Merge, AnExecutionWithTwoResultsKeepsOurs) {
  make_part(at("a.db"), {1});
  back_up_store(at("a.db"), at("b.db"));
  sql(at("b.db"), "UPDATE metrics SET value = value + 1; UPDATE executions SET result_sha256 = replace(result_sha256, '0', '1')");
  const std::string before = exported(at("a.db"));
  const MergeReport report = merge_store(at("a.db"), at("b.db"), false);
  ASSERT_EQ(report.conflicts.size(), 1u);
  EXPECT_EQ(report.known, 1);
  EXPECT_EQ(exported(at("a.db")), before);
}

TEST_F(Merge, LargePredictionsTravelWithTheirFiles) {
  make_large(at("a.db"));
  fs::create_directory(at("there"));
  static_cast<void>(merge_store(at("there/all.db"), at("a.db"), false));
  EXPECT_EQ(Reader(at("there/all.db")).check(), std::vector<std::string>{});
  fs::create_directory(at("saved"));
  back_up_store(at("a.db"), at("saved/copy.db"));
  EXPECT_EQ(Reader(at("saved/copy.db")).check(), std::vector<std::string>{});
  fs::remove_all(at("blobs"));
  EXPECT_THROW(back_up_store(at("a.db"), at("second/copy.db")), Error);
}

TEST_F(Merge, BlobsAreThoseOfTheSnapshot) {
  make_large(at("a.db"));
  Connection source(at("a.db"), Connection::Mode::kRead);
  copy_store(source, at("snapshot.db"));
  sql(at("a.db"), "DELETE FROM predictions");  // as if the store went on
  fs::create_directory(at("there"));
  Connection snapshot(at("snapshot.db"), Connection::Mode::kRead);
  copy_blobs(snapshot, at("a.db"), at("there/all.db"));
  EXPECT_TRUE(fs::exists(at("there") / sql(at("snapshot.db"), "SELECT path FROM predictions")));
}

TEST_F(Merge, AShardNamesNoFileOutsideItsBlobs) {
  std::ofstream(at("secret")) << "text";
  for (const std::string& path : {std::string("../secret"), at("secret").string(), std::string("blobs/aa/") + sha256_hex("text")}) {
    const fs::path shard = at("shard.db");
    fs::remove(shard);
    make_large(shard);
    sql(shard, fmt::format("UPDATE predictions SET path = '{}', sha256 = '{}'", path, sha256_hex("text")));
    EXPECT_NE(message_of<InputError>([&] { (void)merge_store(at("a.db"), shard, false); }).find("expected blobs/xx/SHA256"), std::string::npos) << path;
    EXPECT_EQ(sql(at("a.db"), "SELECT count(*) FROM predictions"), "0");
    EXPECT_THROW(back_up_store(shard, at("copy.db")), InputError);
    EXPECT_FALSE(fs::exists(at("copy.db")));
  }
}

TEST_F(Merge, ACopyThatIsNotFinishedIsNone) {
  make_part(at("a.db"), {1});
  sql(at("a.db"), "PRAGMA journal_mode = DELETE");
  Connection source(at("a.db"), Connection::Mode::kRead);
  source.database().setBusyTimeout(20);
  SQLite::Database holder(at("a.db").string(), SQLite::OPEN_READWRITE);
  holder.exec("BEGIN EXCLUSIVE");
  EXPECT_NE(message_of<MachineError>([&] { copy_store(source, at("copy.db")); }).find("not copied whole"), std::string::npos);
  EXPECT_FALSE(fs::exists(at("copy.db")));
  holder.exec("ROLLBACK");
  copy_store(source, at("copy.db"));
  EXPECT_EQ(exported(at("copy.db")), exported(at("a.db")));
}

TEST_F(Merge, ADryRunBringsNoStoreUpToDate) {
  make_part(at("b.db"), {1});
  sql(at("old.db"), read_file(fs::path(SEQBENCH_SOURCE_DIR) / "tests/golden/store/v1.sql"));
  EXPECT_NE(message_of<InputError>([&] { (void)merge_store(at("old.db"), at("b.db"), true); }).find("up to date"), std::string::npos);
  EXPECT_EQ(sql(at("old.db"), "PRAGMA user_version"), "1");
  EXPECT_FALSE(fs::exists(at("old.db.v1")));
}

TEST_F(Merge, RefusesItselfAndWhatIsNoStore) {
  make_part(at("a.db"), {1});
  EXPECT_THROW((void)merge_store(at("a.db"), at("a.db"), false), InputError);
  EXPECT_THROW((void)merge_store(at("a.db"), at("none.db"), false), InputError);
  std::ofstream(at("text.db")) << "not a database, but long enough to be read as one: " << std::string(4096, 'x');
  EXPECT_THROW((void)merge_store(at("a.db"), at("text.db"), false), InputError);
}

TEST_F(Merge, ABackupIsOneWholeFileAndOverwritesNothing) {
  make_part(at("a.db"), {1, 2});
  back_up_store(at("a.db"), at("copy.db"));
  EXPECT_EQ(exported(at("copy.db")), exported(at("a.db")));
  EXPECT_EQ(sql(at("copy.db"), "PRAGMA journal_mode"), "delete");
  for (const char* left : {"copy.db.tmp", "copy.db-wal", "copy.db.tmp-journal", "copy.db.tmp-wal"}) EXPECT_FALSE(fs::exists(at(left))) << left;
  EXPECT_THROW(back_up_store(at("a.db"), at("copy.db")), InputError);
  for (const char* own : {"other.db.tmp", "second.db-wal"}) std::ofstream(at(own)) << "the user's";
  back_up_store(at("a.db"), at("other.db"));
  EXPECT_THROW(back_up_store(at("a.db"), at("second.db")), InputError);
  for (const char* own : {"other.db.tmp", "second.db-wal"}) EXPECT_EQ(read_file(at(own)), "the user's");
  EXPECT_THROW(back_up_store(at("none.db"), at("x.db")), InputError);
  EXPECT_THROW(back_up_store(at("a.db"), at("no/such/folder/x.db")), MachineError);
}

}  // namespace
}  // namespace seqbench::store
