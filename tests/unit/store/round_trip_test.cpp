#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/store/connection.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;

TEST(RoundTrip, WholeTrialComesBack) {
  const TempFolder folder;
  make_store(folder.store(), {1, 2});
  const Reader reader(folder.store());
  const auto trials = reader.trials_of_task("gfp");
  ASSERT_EQ(trials.size(), 2u);
  const TrialResult& t = trials.at(1).seed == 2 ? trials.at(1) : trials.at(0);
  EXPECT_EQ(t.key, key_of(2));
  EXPECT_EQ(t.label, "row 2");
  EXPECT_EQ(t.model, "ridge");
  EXPECT_EQ(t.view, "one_hot");
  EXPECT_EQ(t.fold, -1);
  EXPECT_EQ(t.status, "done");
  EXPECT_EQ(t.verdict, "ok");
  EXPECT_EQ(t.result_sha256, record_of(2).result_sha256());
  EXPECT_EQ(t.attempts, 1);
  EXPECT_EQ(t.step, 10);
  EXPECT_EQ(t.params_total, 77);
  EXPECT_EQ(t.work_seconds, 2.0);
  EXPECT_EQ(t.total_seconds, 2.5);
  EXPECT_EQ(t.items_per_second, 320.0);
  EXPECT_EQ(t.peak_bytes, 1 << 20);
  EXPECT_EQ(t.config, trial_row(2).config);
  EXPECT_EQ(t.chosen, Json({{"lambda", 0.5}}));
  EXPECT_EQ(t.environment.sha256(), environment().sha256());
}

TEST(RoundTrip, MetricsKeepEveryBitNoteAndDefinition) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1}));
  const Begun begun = store.begin_trial(run, key_of(1), environment());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  TrialRecord record = record_of(1);
  record.metrics = {metric("a", 0.1), metric("b", -kInfinity), metric("c", std::nextafter(1.0, 2.0)),
                    metric("d", 5e-324), metric("e", -0.0), metric("f", std::nan("")), metric("g", 3)};
  record.metrics[0].higher_is_better = true;
  record.metrics[0].version = 4;
  store.record(begun, record);
  const auto metrics = Reader(folder.store()).metrics(begun.execution);
  ASSERT_EQ(metrics.size(), 7u);
  EXPECT_EQ(metrics[0].value, 0.1);
  EXPECT_TRUE(metrics[0].higher_is_better);
  EXPECT_EQ(metrics[0].version, 4);
  EXPECT_EQ(metrics[0].unit, "log10");
  EXPECT_EQ(metrics[0].n, 3);
  EXPECT_EQ(metrics[1].value, -kInfinity);
  EXPECT_EQ(metrics[2].value, std::nextafter(1.0, 2.0));
  EXPECT_EQ(metrics[3].value, 5e-324);
  EXPECT_FALSE(std::signbit(metrics[4].value));
  EXPECT_TRUE(std::isnan(metrics[5].value));
  EXPECT_EQ(metrics[5].note, "nan");
  EXPECT_FALSE(metrics[6].higher_is_better);
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
}

TEST(RoundTrip, CurvesKeepNanAndInfinity) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1}));
  const Begun begun = store.begin_trial(run, key_of(1), environment());
  store.add_curves(begun, {{"mse", 1, 5, 0.5, 0.7}, {"loss", 0, 2, 0.2, std::nan("")}, {"loss", 0, 1, 0.1, HUGE_VAL}});
  store.add_curves(begun, {{"mse", 1, 5, 0.5, 0.8}});  // once more, after a resume to the same step
  store.barrier();
  const auto curves = Reader(folder.store()).curves(begun.execution);
  ASSERT_EQ(curves.size(), 3u);
  EXPECT_EQ(curves[0].value, HUGE_VAL);
  EXPECT_TRUE(std::isnan(curves[1].value));
  EXPECT_EQ(curves[2].name, "mse");
  EXPECT_EQ(curves[2].split, 1);
  EXPECT_EQ(curves[2].epoch, 0.5);
  EXPECT_EQ(curves[2].value, 0.8);
  EXPECT_EQ(sql(folder.store(), "SELECT group_concat(flag) FROM (SELECT flag FROM curves ORDER BY step)"), "0,1,0");
}

TEST(RoundTrip, PredictionsInRowsAndInFiles) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1, 2}));
  constexpr int kLarge = (1 << 17) + 1;  // 8 bytes above 1 MiB
  TrialRecord record = record_of(1);
  record.predictions = {predictions("test", 3, 0.25), predictions("train", kLarge, 0.5)};
  std::vector<Begun> begun;
  for (const int trial : {1, 2}) {
    begun.push_back(store.begin_trial(run, key_of(trial), environment()));
    store.record(begun.back(), record);
  }
  const Reader reader(folder.store());
  for (const Begun& b : begun) {
    const auto found = reader.predictions(b.execution);
    ASSERT_EQ(found.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(found[i].values, record.predictions[i].values);
      EXPECT_EQ(found[i].kind, "value");
      EXPECT_EQ(found[i].examples.ids, record.predictions[i].examples.ids);
      EXPECT_EQ(found[i].examples.truth, record.predictions[i].examples.truth);
      EXPECT_EQ(found[i].examples.fields, record.predictions[i].examples.fields);
      EXPECT_EQ(found[i].examples.sha256(), record.predictions[i].examples.sha256());
    }
  }
  EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM example_sets"), "2");
  EXPECT_EQ(sql(folder.store(), "SELECT count(DISTINCT path) FROM predictions WHERE codec = 'file'"), "1");
  const auto file = folder.path() / sql(folder.store(), "SELECT path FROM predictions WHERE codec = 'file'");
  EXPECT_EQ(std::filesystem::file_size(file), 8u * kLarge);
  EXPECT_EQ(file.filename().string(), sha256_file_hex(file));
}

TEST(RoundTrip, EmptySplitAndRefusedId) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1, 2}));
  TrialRecord record = record_of(1);
  record.predictions = {predictions("test", 0, 0)};
  const Begun empty = store.begin_trial(run, key_of(1), environment());
  store.record(empty, record);
  const auto found = Reader(folder.store()).predictions(empty.execution);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].values.empty());
  EXPECT_TRUE(found[0].examples.ids.empty());

  record.predictions = {predictions("test", 2, 0)};
  record.predictions[0].examples.ids[1] = "a\nb";
  const Begun refused = store.begin_trial(run, key_of(2), environment());
  EXPECT_THROW(store.record(refused, record), InputError);
  EXPECT_EQ(store.state(key_of(2)).status, "running");  // nothing of it was kept
  EXPECT_TRUE(Reader(folder.store()).metrics(refused.execution).empty());
}

TEST(RoundTrip, TextThatLooksLikeSqlIsText) {
  const TempFolder folder;
  const std::string evil = "x'); DROP TABLE trials; -- \" \\ % _ \xC3\xA9";
  RunRow row = run_row({1});
  row.experiment.name = evil;
  row.trials[0].label = evil;
  row.trials[0].trial.variant = evil;
  row.trials[0].trial.config["note"] = evil;
  TrialRecord record = record_of(1);
  record.metrics[0].name = evil;
  record.metrics[0].slice = evil;
  record.predictions[0].examples.ids[0] = evil;
  RunStore store(folder.store());
  const RunId run = store.open_run(row);
  const Begun begun = store.begin_trial(run, key_of(1), environment());
  store.record(begun, record);
  const Reader reader(folder.store());
  ASSERT_TRUE(reader.newest_run(evil));
  const TrialResult trial = reader.trials_of_run(run.id).at(0);
  EXPECT_EQ(trial.label, evil);
  EXPECT_EQ(trial.variant, evil);
  EXPECT_EQ(trial.config.at("note"), evil);
  EXPECT_EQ(reader.metrics(begun.execution).back().name, evil);
  EXPECT_EQ(reader.predictions(begun.execution).at(0).examples.ids[0], evil);
  EXPECT_EQ(joined(reader.check()), "");
  EXPECT_THROW((void)reader.trial("' OR 1=1 --"), InputError);
}

TEST(RoundTrip, InvalidUtf8InCommandIsReplaced) {
  const TempFolder folder;
  RunStore store(folder.store());
  RunRow row = run_row({1});
  row.command = {"run", "caf\xE9"};
  (void)store.open_run(row);
  EXPECT_EQ(Reader(folder.store()).runs().at(0).command.at(1), "caf\xEF\xBF\xBD");
}

TEST(OpenRun, KeepsProvenanceOnce) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId first = store.open_run(run_row({1, 2, 1}));
  const RunId second = store.open_run(run_row({2, 3}));
  store.close_run(second, "failed");
  const auto counts = "SELECT (SELECT count(*) FROM experiments), (SELECT count(*) FROM runs),"
                      "(SELECT count(*) FROM trials), (SELECT count(*) FROM run_trials), (SELECT count(*) FROM cards)";
  EXPECT_EQ(sql(folder.store(), counts), "1|2|3|5|2");
  const Reader reader(folder.store());
  const auto runs = reader.runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].uid, second.uid);
  EXPECT_EQ(runs[0].status, "failed");
  EXPECT_FALSE(runs[0].ended_at.empty());
  EXPECT_EQ(runs[1].status, "running");
  EXPECT_EQ(runs[1].experiment, "controls/gfp");
  EXPECT_EQ(runs[1].paper, "004");
  EXPECT_EQ(runs[1].command, Json({"seqbench", "run", "gfp.toml"}));
  EXPECT_EQ(runs[1].resolved, Json({{"seeds", 3}}));
  EXPECT_EQ(reader.runs(1).size(), 1u);
  EXPECT_EQ(reader.newest_run("controls/gfp")->uid, second.uid);
  EXPECT_FALSE(reader.newest_run("controls/GFP"));
  const auto trials = reader.trials_of_run(first.id);
  ASSERT_EQ(trials.size(), 3u);
  EXPECT_EQ(trials[2].key, key_of(1));
  EXPECT_EQ(trials[2].ordinal, 2);
  EXPECT_EQ(trials[2].status, "");
  EXPECT_EQ(reader.trial(key_of(2).substr(0, 6)).ordinal, 0);  // its place in the newest run
}

TEST(OpenRun, RefusedTrialLeavesNoRun) {
  const TempFolder folder;
  RunStore store(folder.store());
  RunRow row = run_row({1, 2});
  row.trials[1].trial.scale = "huge";
  EXPECT_THROW((void)store.open_run(row), MachineError);
  EXPECT_EQ(sql(folder.store(), "SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM trials)"), "0");
  (void)store.open_run(run_row({1, 2}));
  EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM trials"), "2");
}

TEST(Prefixes, AreUniqueOrListed) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId a = store.open_run(run_row({1}));
  const RunId b = store.open_run(run_row({1}));
  const Reader reader(folder.store());
  EXPECT_EQ(reader.run(a.uid).id, a.id);
  const std::string both = message_of<InputError>([&] { (void)reader.run(a.uid.substr(0, 6)); });
  EXPECT_NE(both.find(a.uid), std::string::npos) << both;
  EXPECT_NE(both.find(b.uid), std::string::npos) << both;
  EXPECT_NE(message_of<InputError>([&] { (void)reader.run("0"); }).find("6 characters"), std::string::npos);
  EXPECT_NE(message_of<InputError>([&] { (void)reader.run("ZZZZZZ"); }).find("no run 'ZZZZZZ'"), std::string::npos);
}

TEST(Cards, NewestVersionAndReplacement) {
  const TempFolder folder;
  RunStore store(folder.store());
  RunRow row = run_row({1});
  row.cards.push_back({"task", "gfp", 10, {{"title", "new"}}});
  (void)store.open_run(row);
  row.cards = {{"task", "gfp", 10, {{"title", "newer"}}}};
  (void)store.open_run(row);
  const Reader reader(folder.store());
  EXPECT_EQ(reader.card("task", "gfp")->version, 10);
  EXPECT_EQ(reader.card("task", "gfp")->card, Json({{"title", "newer"}}));
  EXPECT_FALSE(reader.card("model", "gfp"));
}

TEST(Published, ReplacedByFileAndPaper) {
  const TempFolder folder;
  RunStore store(folder.store());
  const auto row = [](const std::string& uid, const std::string& paper, std::optional<double> value) {
    PublishedRow p;
    p.uid = uid;
    p.paper = paper;
    p.table_ref = "Table 2";
    p.row_ref = "base";
    p.col_ref = "test";
    p.task = "gfp";
    p.model = "mimo";
    p.metric = "mse";
    p.split = "test";
    p.value = value;
    p.decimals = 2;
    p.status = value ? "printed" : "missing";
    return p;
  };
  store.replace_published("file A, first", {row("a1", "004", 1.08), row("a2", "004", std::nullopt)});
  store.replace_published("file B", {row("b1", "003", 0.5)});
  store.replace_published("file A, second", {row("a1", "004", 1.09)});
  const auto found = Reader(folder.store()).published("gfp");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].uid, "b1");
  EXPECT_EQ(found[1].value, 1.09);
  EXPECT_EQ(found[1].decimals, 2);
  EXPECT_FALSE(found[1].n_eval);
  EXPECT_EQ(found[1].selected_on, "");
  EXPECT_TRUE(Reader(folder.store()).published("other").empty());
}

TEST(Views, PublishedIsWhatIsPrinted) {
  const TempFolder folder;
  RunStore store(folder.store());
  RunRow row = run_row({2, 4});  // two configurations of the model, of which the number is one at most
  for (PlannedTrial& planned : row.trials) {
    planned.trial.scale = "full";
    planned.trial.source = "real";
  }
  const RunId run = store.open_run(row);
  finish(store, run, 2);
  finish(store, run, 4);
  PublishedRow p;
  p.uid = "a";
  p.paper = p.table_ref = p.row_ref = p.col_ref = "x";
  p.task = "gfp";
  p.model = "ridge";
  p.metric = "mse";
  p.split = "test";
  p.value = 1;
  p.margin = 0.1;
  store.replace_published("f", {p});
  EXPECT_EQ(sql(folder.store(), "SELECT * FROM v_published"),
            "a|x|x|x|x|gfp|ridge|NULL|mse|test|NULL|1.0|NULL|NULL|0.1|printed");
}

TEST(Pace, MedianOfTheNewestTwenty) {
  const TempFolder folder;
  RunStore store(folder.store());
  std::vector<int> trials;
  for (int i = 0; i < 50; i += 2) trials.push_back(i);
  const RunId run = store.open_run(run_row(trials));
  EXPECT_FALSE(Reader(folder.store()).pace("gfp", "ridge", "one_hot", "smoke"));
  for (const int trial : trials) {
    TrialRecord record = record_of(trial);
    if (trial < 10) record.timings[1].total_ns = 1'000'000'000'000;  // 5 old ones, not among the newest 20
    store.record(store.begin_trial(run, key_of(trial), environment()), record);
  }
  const auto pace = Reader(folder.store()).pace("gfp", "ridge", "one_hot", "smoke");
  ASSERT_TRUE(pace);
  EXPECT_DOUBLE_EQ(pace->seconds_per_step, 0.2);
  EXPECT_DOUBLE_EQ(pace->other_seconds, 0.5);
  EXPECT_EQ(pace->steps, 10);
  EXPECT_FALSE(Reader(folder.store()).pace("gfp", "ridge", "tokens", "smoke"));
  EXPECT_FALSE(Reader(folder.store()).pace("gfp", "ridge", "one_hot", "full"));
}

TEST(Relatives, OtherCodeAndOtherData) {
  const TempFolder folder;
  RunStore store(folder.store());
  RunRow row = run_row({1, 2, 3});
  row.trials[1].trial.spec_key = row.trials[0].trial.spec_key;
  row.trials[2].trial.seed = row.trials[0].trial.seed;
  row.trials[2].trial.data_sha256 = sha256_hex("other data");
  const RunId run = store.open_run(row);
  finish(store, run, 2);
  finish(store, run, 1);
  const Reader reader(folder.store());
  const auto configs = reader.configs_with_spec_key(row.trials[0].trial.spec_key);
  ASSERT_EQ(configs.size(), 2u);
  EXPECT_EQ(configs[0].at("seed"), 1);  // the newest
  EXPECT_TRUE(reader.configs_with_spec_key(row.trials[2].trial.spec_key).empty());  // never run
  EXPECT_EQ(reader.data_of_same_trial(row.trials[0].trial), std::vector{sha256_hex("other data")});
  EXPECT_TRUE(reader.data_of_same_trial(row.trials[1].trial).empty());
}

TEST(Reading, AdmitsNothingButSelect) {
  const TempFolder folder;
  make_store(folder.store(), {1});
  Connection db(folder.store(), Connection::Mode::kRestricted);
  EXPECT_EQ(db.integer("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 9)"
                       " SELECT sum(x) FROM c"), 45);
  EXPECT_EQ(db.integer("SELECT count(*) FROM v_results WHERE metric = lower('MSE')"), 3);
  for (const char* sql : {"DELETE FROM trials", "CREATE TEMP TABLE t (x)", "ATTACH ':memory:' AS other",
                          "PRAGMA user_version", "SELECT load_extension('x')", "BEGIN", "VACUUM"}) {
    EXPECT_THROW((void)db.integer(sql), MachineError) << sql;
  }
}

TEST(Reading, SeesWhatIsStillInTheLog) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1, 2}));
  finish(store, run, 1);
  ASSERT_GT(std::filesystem::file_size(folder.store().string() + "-wal"), 0u);
  const Reader reader(folder.store());
  EXPECT_EQ(reader.trials_of_task("gfp").size(), 1u);
  finish(store, run, 2);
  EXPECT_EQ(reader.trials_of_task("gfp").size(), 2u);  // an open reader follows
  store.close_run(run, "done");
  EXPECT_EQ(std::filesystem::file_size(folder.store().string() + "-wal"), 0u);
  EXPECT_EQ(reader.trials_of_task("gfp").size(), 2u);
}

TEST(Log, IsWrittenBackWhenItIsLong) {
  const TempFolder folder;
  RunStore store(folder.store());
  constexpr int kRecords = 70;
  TrialRecord record = record_of(1);
  record.predictions = {predictions("test", 1 << 17, 0)};  // 1 MiB, still in the row
  const RunId run = store.open_run(run_row({1}));
  for (int i = 0; i < kRecords; ++i) {
    record.predictions[0].values[0] = i;
    store.record(store.begin_trial(run, key_of(1), environment(), true), record);
  }
  const auto log = std::filesystem::file_size(folder.store().string() + "-wal");
  EXPECT_LT(log, 30u << 20);
  EXPECT_GT(log, 0u);  // it went on after the write-back
  EXPECT_GT(std::filesystem::file_size(folder.store()), 50u << 20);
  EXPECT_EQ(sql(folder.store(), "SELECT count(DISTINCT sha256) FROM predictions"), std::to_string(kRecords));
}

TEST(Log, ReaderInTheWayHoldsUpNothing) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1, 2}));
  finish(store, run, 1);
  Connection reader(folder.store(), Connection::Mode::kRead);
  reader.execute("BEGIN");
  EXPECT_EQ(reader.integer("SELECT count(*) FROM executions"), 1);
  finish(store, run, 2);
  store.close_run(run, "done");  // cannot write back what the reader still needs
  EXPECT_GT(std::filesystem::file_size(folder.store().string() + "-wal"), 0u);
  EXPECT_EQ(reader.integer("SELECT count(*) FROM executions"), 1);  // its snapshot
  reader.execute("COMMIT");
  EXPECT_EQ(reader.integer("SELECT count(*) FROM executions"), 2);
}

TEST(Reading, MetricsByExecutionUseTheKey) {
  const TempFolder folder;
  make_store(folder.store(), {1});
  EXPECT_NE(sql(folder.store(), "EXPLAIN QUERY PLAN SELECT value FROM metrics WHERE execution = 1").find("PRIMARY KEY"),
            std::string::npos);
  EXPECT_EQ(sql(folder.store(), "PRAGMA page_size"), "8192");
  EXPECT_EQ(sql(folder.store(), "PRAGMA application_id"), std::to_string(0x53514231));
  EXPECT_EQ(sql(folder.store(), "PRAGMA journal_mode"), "wal");
}

}  // namespace
}  // namespace seqbench::store
