#include "reports/leaderboard.h"

#include <cmath>

#include "harness/analyze/ranks.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

using Board = StoreFixture;

std::vector<std::string> labels(const Contest& contest) {
  std::vector<std::string> out;
  for (const Standing& s : contest.standings) out.push_back(s.label);
  return out;
}

std::vector<std::size_t> ranks(const Contest& contest) {
  std::vector<std::size_t> out;
  for (const Standing& s : contest.standings) out.push_back(s.rank);
  return out;
}

const Standing& standing(const Contest& contest, const std::string& label) {
  const auto found = std::ranges::find(contest.standings, label, &Standing::label);
  if (found == contest.standings.end()) throw InputError("no row " + label);
  return *found;
}

/// Two seeds each.
void add(std::vector<Made>& trials, Made made) {
  for (const std::int64_t seed : {1, 2}) {
    made.seed = seed;
    trials.push_back(made);
  }
}

TEST_F(Board, RanksModelsWithinAContestAndDrawsTheOthersAsLines) {
  fill({{.label = "worse", .error = 0.9},
        {.label = "better", .error = 0.4},
        {.label = "control", .kind = "control", .error = 0.6},
        {.label = "ceiling", .model = "ceiling", .kind = "ceiling", .error = 0.1},
        {.label = "smoke", .scale = "smoke", .error = 0.01},
        {.label = "real", .source = "real", .error = 2},
        {.label = "cheat", .keep = "published_test", .error = 0.01},
        {.label = "failed", .verdict = "crash"}},
       "toys/first", {printed("net", "as printed", 0.251)});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  ASSERT_EQ(board.contests.size(), 3u);
  EXPECT_EQ(board.contests[0].heading, "Real data, desk scale, split published");
  EXPECT_EQ(labels(board.contests[1]), (std::vector<std::string>{"ceiling", "better", "control", "worse"}));
  EXPECT_EQ(ranks(board.contests[1]), (std::vector<std::size_t>{0, 1, 0, 2}));
  EXPECT_EQ(labels(board.contests[2]), (std::vector<std::string>{"smoke"}));
  EXPECT_EQ(board.contests[2].rank_method, "none: one row has a rank");
  EXPECT_EQ(board.left_out, (std::set<std::string>{"cheat"}));
  EXPECT_EQ(leaderboard_json(board)["left_out"], Json::array({"cheat"}));
  EXPECT_EQ(board.published, (std::vector<std::size_t>{0}));

  const std::string text = leaderboard_text(board);
  EXPECT_NE(text.find("Toy heights (toy), by mse on test rows, lower is better\n"), std::string::npos);
  EXPECT_LT(text.find("Real data, desk scale"), text.find("On the synthetic twin, desk scale"));
  EXPECT_NE(text.find("\nleft out, chosen on test rows:\n  cheat\n"), std::string::npos);
  EXPECT_LT(text.find("worse"), text.find("published: as printed"));
  EXPECT_LT(text.find("published: as printed"), text.find("0.251"));
  const std::string top = leaderboard_text(board, 1);
  EXPECT_NE(top.find("better"), std::string::npos);
  EXPECT_NE(top.find("control"), std::string::npos);
  EXPECT_EQ(top.find("worse"), std::string::npos);
}

TEST_F(Board, LabelsThatAreCutStayApart) {
  const std::string alike = "two states with a prior on substitutions of every kind, ";
  fill({{.label = alike + "one decoder", .error = 0.4}, {.label = alike + "both decoders", .error = 0.6}, {.label = std::string(70, 'x') + " alone", .error = 0.9}});
  const std::string text = leaderboard_text(leaderboard(store::Reader(path()), "toy"));
  for (const char* end : {" one decoder ", " both decoders ", "xxx... "}) EXPECT_NE(text.find(end), std::string::npos) << end << text;
  EXPECT_EQ(text.find("alone"), std::string::npos);
}

TEST_F(Board, RowsThatDoNotQualifyHaveNoRank) {
  qualifying = "challenge";
  fill({{.label = "good", .error = 0.4, .own_score = 0.7},
        {.label = "ranks well", .error = 0.2, .own_score = -0.1},
        {.label = "good too", .error = 0.5, .own_score = 0.1}});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  EXPECT_EQ(labels(board.contests.at(0)), (std::vector<std::string>{"ranks well", "good", "good too"}));
  EXPECT_EQ(ranks(board.contests.at(0)), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(standing_text(standing(board.contests.at(0), "ranks well")), "unranked");
  EXPECT_NE(leaderboard_text(board).find("unranked: challenge on test rows is not above 0\n"), std::string::npos);
  EXPECT_FALSE(leaderboard_json(board)["contests"][0]["standings"][0]["qualified"]);
}

TEST_F(Board, ATrialStandsAtEveryScaleThatPlannedIt) {
  run_scale = "desk";
  fill({{.label = "net", .error = 0.4}, {.label = "other", .error = 0.6}}, "toys/desk");
  run_scale = "full";
  fill({{.label = "as published", .error = 0.4, .run = false, .configuration = "net"}}, "toys/full");
  const store::Reader reader(path());
  const Leaderboard board = leaderboard(reader, "toy");
  ASSERT_EQ(board.contests.size(), 2u);
  EXPECT_EQ(board.contests[0].heading, "On the synthetic twin, full scale, split published");
  EXPECT_EQ(labels(board.contests[0]), (std::vector<std::string>{"as published"}));
  EXPECT_EQ(labels(board.contests[1]), (std::vector<std::string>{"net", "other"}));
  EXPECT_EQ(reader.labelled_trials("toy").size(), 3u);
  EXPECT_EQ(reader.trials_of_run(reader.newest_run("toys/full")->id).at(0).scale, "full");
}

TEST_F(Board, AStoredScaleMayBeMissing) {
  fill({{.label = "net", .error = 0.4}, {.label = "other", .error = 0.6}}, "toys/first");
  run_scale = "desk";
  fill({{.label = "again", .error = 0.4, .run = false, .configuration = "net"}}, "toys/second");
  const store::Reader reader(path());
  EXPECT_EQ(reader.trials_of_task("toy").size(), 2u);
  EXPECT_EQ(labels(leaderboard(reader, "toy").contests.at(0)), (std::vector<std::string>{"again", "other"}));
}

TEST_F(Board, ResamplesTheRankingAndTheQualifyingMetricAlone) {
  fill({{.label = "a", .error = 0.4}, {.label = "b", .error = 0.6}});
  const auto methods_of = [&](const std::string& metric, const std::string& asked) {
    return leaderboard(store::Reader(path()), "toy", asked).table.rows.at(0).cell(metric, "test")->summary.method;
  };
  EXPECT_NE(methods_of("mse", "").find("BCa"), std::string::npos);
  EXPECT_EQ(methods_of("spearman", ""), "none: not of the ranking");
  EXPECT_NE(methods_of("spearman", "spearman").find("BCa"), std::string::npos);
  EXPECT_EQ(methods_of("mse", "spearman"), "none: not of the ranking");
}

TEST_F(Board, ResamplesTheQualifyingMetricToo) {
  qualifying = "spearman";
  fill({{.label = "a", .error = 0.4}, {.label = "b", .error = 0.6}});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy", "mse");
  EXPECT_NE(board.table.rows.at(0).cell("spearman", "test")->summary.method.find("BCa"), std::string::npos);
}

TEST_F(Board, MarksWhatTestRowsChoseWithoutTheirLabels) {
  fill({{.label = "agreed", .keep = "agreement", .error = 0.2}, {.label = "plain", .error = 0.5}});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  EXPECT_EQ(standing_text(standing(board.contests.at(0), "agreed")), "leader §");
  EXPECT_EQ(ranks(board.contests[0]), (std::vector<std::size_t>{1, 2}));
  EXPECT_NE(leaderboard_text(board).find("§: kept the state whose members agreed most on the test rows"), std::string::npos);
}

TEST_F(Board, RandomWeightsContestNeitherWeightsNorPublishedNumbers) {
  fill({{.label = "random", .source = "real", .scale = "full", .error = 0.1, .random_weights = true},
        {.label = "pretrained", .source = "real", .scale = "full", .error = 0.4}},
       "toys/first", {printed("net", "as printed", 0.251)});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  ASSERT_EQ(board.contests.size(), 2u);
  EXPECT_EQ(board.contests[0].heading, "Real data, full scale, split published");
  EXPECT_EQ(ranks(board.contests[0]).size(), 2u);  // the printed number stands here
  EXPECT_EQ(standing(board.contests[0], "pretrained").rank, 1u);
  EXPECT_EQ(board.contests[1].heading, "Real data, full scale, split published, random weights");
  EXPECT_EQ(labels(board.contests[1]), (std::vector<std::string>{"random"}));
  EXPECT_TRUE(board.published.empty());
  EXPECT_EQ(sections_of(board.table).size(), 2u);
  EXPECT_EQ(to_json(board.table)["rows"][1]["random_weights"], true);
}

TEST_F(Board, SplitsGroupsAndParametersOfTheTaskAreContestsApart) {
  std::vector<Made> made;
  for (const auto& [kind, group, window] : {std::tuple{"kfold", "", 20}, std::tuple{"grouped", "cluster", 20},
                                            std::tuple{"grouped", "locus", 20}, std::tuple{"grouped", "locus", 40}}) {
    for (std::int64_t fold = 0; fold < 2; ++fold) {
      made.push_back({.source = "real", .scale = "full", .split_kind = kind, .fold = fold, .error = 0.4, .group = group, .window = window});
    }
  }
  const auto run = fill(made);
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  std::vector<std::string> headings;
  for (const Contest& contest : board.contests) {
    headings.push_back(contest.heading);
    EXPECT_EQ(contest.standings.size(), 1u);
  }
  EXPECT_EQ(headings, (std::vector<std::string>{"Real data, full scale, split grouped by cluster",
                                                "Real data, full scale, split grouped by locus, window=20",
                                                "Real data, full scale, split grouped by locus, window=40",
                                                "Real data, full scale, split kfold"}));
  EXPECT_EQ(sections_of(page_of(store::Reader(path()), run).tables.at(0)).size(), 4u);
  EXPECT_EQ(to_json(board.table)["rows"][2]["setting"], Json({{"group", "locus"}, {"window", "40"}}));
}

TEST_F(Board, ScoresOfTheTasksOwnAreShownAndRanked) {
  std::vector<Made> made;
  for (std::int64_t seed = 1; seed <= 3; ++seed) {
    made.push_back({.label = "low", .seed = seed, .error = 0.2, .own_score = 0.5 + 0.01 * static_cast<double>(seed)});
    made.push_back({.label = "high", .model = "other", .seed = seed, .error = 0.9, .own_score = 0.7 + 0.01 * static_cast<double>(seed)});
  }
  const auto run = fill(made);
  const store::Reader reader(path());
  const Leaderboard board = leaderboard(reader, "toy", "challenge");
  const Contest& contest = board.contests.at(0);
  EXPECT_EQ(standing(contest, "high").rank, 1u);
  EXPECT_TRUE(board.table.higher_is_better);
  EXPECT_TRUE(contest.rank_method.starts_with("none: a score of the task's own"));
  const analyze::Summary& score = standing(contest, "high").score;
  EXPECT_NEAR(score.mean, 0.72, 1e-12);
  EXPECT_EQ(score.method, "t over seeds");
  EXPECT_LT(score.low, 0.71);
  EXPECT_NE(leaderboard_text(board).find("by challenge on test rows, higher is better"), std::string::npos);
  EXPECT_NE(to_markdown(page_of(reader, run)).find("challenge ↑"), std::string::npos);
  EXPECT_FALSE(render(reader, run, folder(), {"html", "md", "csv", "json", "tex"}).empty());
  EXPECT_FALSE(write_leaderboard_page(board, folder()).empty());
  try {
    (void)leaderboard(reader, "toy", "challange");
    FAIL() << "an unknown metric was taken";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown metric 'challange'; nearest: 'challenge'");
  }
}

TEST_F(Board, ControlsCompeteWhereNoModelDoes) {
  fill({{.label = "mean", .model = "constant", .kind = "control", .error = 9},
        {.label = "linear", .model = "ridge", .kind = "control", .error = 0.5},
        {.label = "ceiling", .model = "ceiling", .kind = "ceiling", .error = 0.1}});
  const Contest contest = leaderboard(store::Reader(path()), "toy").contests.at(0);
  EXPECT_EQ(ranks(contest), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(standing_text(contest.standings[1]), "control, leader");
  EXPECT_EQ(rank_text(contest.standings[2]), "2 (2–2)");
}

TEST_F(Board, RankIntervalsAreTheJointBootstrapOfStoredPredictions) {
  std::vector<Made> trials;
  add(trials, {.label = "good", .error = 0.40});
  add(trials, {.label = "like it", .model = "other", .error = 0.41});
  add(trials, {.label = "far off", .model = "third", .error = 3});
  fill(trials);
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  ASSERT_EQ(board.contests.size(), 1u);
  const Contest& contest = board.contests[0];
  EXPECT_EQ(contest.rank_method, "seeds x test rows");
  std::vector<std::vector<std::vector<double>>> predictions(3);
  std::vector<double> truth;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const store::TrialRecord record = record_of(trials[i]);
    predictions[i / 2].push_back(record.predictions.at(0).values);
    truth = record.predictions.at(0).examples.truth;
  }
  const auto want = analyze::rank_intervals(analyze::metric("mse"), truth, predictions);
  for (std::size_t m = 0; m < 3; ++m) {
    const Standing& s = standing(contest, trials[2 * m].label);
    EXPECT_EQ(s.rank_low, want[m].low) << s.label;
    EXPECT_EQ(s.rank_high, want[m].high) << s.label;
    EXPECT_EQ(s.ties_with_leader, want[m].ties_with_leader) << s.label;
  }
  EXPECT_EQ(rank_text(standing(contest, "far off")), "3 (3–3)");
  EXPECT_EQ(standing_text(standing(contest, "good")), "leader");
  EXPECT_EQ(standing_text(standing(contest, "far off")), "");
}

TEST_F(Board, RanksOverFoldsWhereAllModelsHaveThem) {
  std::vector<Made> trials;
  for (const auto& [label, model, error] : {std::tuple{"good", "net", 0.3}, std::tuple{"bad", "other", 2.0}}) {
    for (std::int64_t fold = 0; fold < 5; ++fold) {
      trials.push_back({.label = label, .model = model, .split_kind = "folds", .fold = fold, .error = error, .save_predictions = false});
    }
  }
  fill(trials);
  const Leaderboard same = leaderboard(store::Reader(path()), "toy");
  EXPECT_EQ(same.contests.at(0).rank_method, "folds");
  EXPECT_EQ(rank_text(same.contests[0].standings[0]), "1 (1–1)");
  EXPECT_EQ(rank_text(same.contests[0].standings[1]), "2 (2–2)");
}

TEST_F(Board, SaysWhyRanksHaveNoInterval) {
  std::vector<Made> trials;
  add(trials, {.label = "stored", .error = 0.4});
  add(trials, {.label = "not stored", .model = "other", .error = 0.5, .save_predictions = false});
  fill(trials);
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  EXPECT_EQ(board.contests.at(0).rank_method, "none: not all predictions are stored");
  EXPECT_EQ(rank_text(board.contests[0].standings[1]), "2");
  EXPECT_NE(leaderboard_text(board).find("rank intervals: none: not all predictions are stored"), std::string::npos);
}

TEST_F(Board, PublishedNumbersStandAmongFullRealRowsWithoutARank) {
  store::PublishedRow on_test = printed("", "tuned on test", 0.01);
  on_test.selected_on = "test";
  fill({{.label = "full", .source = "real", .scale = "full", .error = 0.5}, {.label = "desk", .source = "real", .error = 0.4}},
       "toys/first", {printed("net", "between", 5.0), on_test, printed("net", "other metric", 0.3, "spearman")});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  ASSERT_EQ(board.contests.size(), 2u);
  EXPECT_EQ(labels(board.contests[0]), (std::vector<std::string>{"paper, Table 2, tuned on test", "full", "paper, Table 2, between"}));
  EXPECT_EQ(ranks(board.contests[0]), (std::vector<std::size_t>{0, 1, 0}));
  EXPECT_EQ(labels(board.contests[1]), (std::vector<std::string>{"desk"}));
  EXPECT_TRUE(board.published.empty());
  const std::string text = leaderboard_text(board);
  EXPECT_NE(text.find("0.010 (chosen on test)"), std::string::npos);
  EXPECT_NE(text.find("published"), std::string::npos);
}

TEST_F(Board, SharesAreOfTheRangeFromChanceToCeiling) {
  fill({{.label = "net", .error = 0.5},
        {.label = "mean", .model = "constant", .kind = "control", .error = 1},
        {.label = "ceiling", .model = "ceiling", .kind = "ceiling", .error = 0.1}});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  const Contest& contest = board.contests.at(0);
  const double chance = standing(contest, "mean").score.mean, ceiling = standing(contest, "ceiling").score.mean;
  EXPECT_EQ(contest.chance, chance);
  EXPECT_EQ(contest.ceiling, ceiling);
  EXPECT_NEAR(standing(contest, "net").share.value(), (standing(contest, "net").score.mean - chance) / (ceiling - chance), 1e-12);
  EXPECT_EQ(standing(contest, "mean").share, 0.0);
  EXPECT_EQ(standing(contest, "ceiling").share, 1.0);
  EXPECT_EQ(leaderboard(store::Reader(path()), "toy", "spearman").contests.at(0).chance, 0.0);
}

TEST_F(Board, ARowWithoutTheMetricIsMissingAndLast) {
  fill({{.label = "a", .error = 0.5}, {.label = "b", .model = "other", .error = 0.4}});
  {  // b's trial has no mse: as if its metrics had been asked for differently
    store::RunStore store(path());
    store::RunRow run;
    run.experiment = {sha256_hex("second"), "toys/second", "", "", "", "second.toml", "", {{"name", "toys/second"}}};
    Made made{.label = "c", .model = "third"};
    run.trials.push_back({row_of(made), "c"});
    store::TrialRecord record = record_of(made);
    std::erase_if(record.metrics, [](const store::MetricRow& m) { return m.name == "mse"; });
    store.record(store.begin_trial(store.open_run(run), row_of(made).key, environment()), record);
  }
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  EXPECT_EQ(labels(board.contests.at(0)), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(ranks(board.contests[0]), (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_NE(leaderboard_text(board).find("missing"), std::string::npos);
  EXPECT_TRUE(leaderboard_json(board)["contests"][0]["standings"][2]["score"].is_null());
}

TEST_F(Board, FitsATerminal) {
  std::vector<Made> trials;
  add(trials, {.label = "a long label of a model with many settings, strength=0.01, window=21, layers=4", .error = 0.4});
  add(trials, {.label = "mean", .model = "constant", .kind = "control", .error = 1});
  add(trials, {.label = "ceiling", .model = "ceiling", .kind = "ceiling", .error = 0.1});
  for (const char letter : {'a', 'b'}) add(trials, {.label = std::string(150, letter), .keep = "published_test", .error = 0.1});
  fill(trials, "toys/first", {printed("net", std::string(80, 'r'), 0.251)});
  const std::string text = leaderboard_text(leaderboard(store::Reader(path()), "toy"));
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(count_code_points(line), 120u) << line;
}

TEST_F(Board, JsonCarriesAllOfIt) {
  std::vector<Made> trials;
  add(trials, {.label = "net", .error = 0.4});
  add(trials, {.label = "far", .model = "other", .error = 2});
  fill(trials, "toys/first", {printed("net", "as printed", 0.251)});
  const Leaderboard board = leaderboard(store::Reader(path()), "toy");
  const Json json = leaderboard_json(board);
  EXPECT_EQ(json["rows"][1]["rank"], 2);
  EXPECT_EQ(json["rows"][1]["contest"], 0);
  const Json& second = json["contests"][0]["standings"][1];
  EXPECT_EQ(second["label"], "far");
  EXPECT_EQ(second["what"], "model");
  EXPECT_EQ(second["rank_low"], 2.0);
  EXPECT_EQ(second["ties_with_leader"], false);
  EXPECT_EQ(second["row"], 1);
  EXPECT_EQ(json["published_apart"], Json({0}));
}

TEST_F(Board, IsAlsoAPage) {
  fill({{.label = "<script>alert(1)</script>", .error = 0.4}, {.label = "b", .model = "other", .error = 0.5}}, "toys/first",
       {printed("net", "as printed", 0.251)});
  const auto file = write_leaderboard_page(leaderboard(store::Reader(path()), "toy"), folder() / "pages");
  EXPECT_EQ(file.filename(), "leaderboard-toy.html");
  const std::string page = read_file(file);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  for (const char* text : {"&lt;script&gt;alert", "leader", "Published", "0.251", "On the synthetic twin", "As printed on the real data"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
  }
}

TEST_F(Board, RanksByTheMetricAskedFor) {
  fill({{.label = "worse", .error = 0.9}, {.label = "better", .error = 0.4}});
  const store::Reader store(path());
  const TaskTable table = leaderboard(store, "toy", "spearman").table;
  EXPECT_EQ(table.rows.at(0).label, "better");
  EXPECT_TRUE(table.higher_is_better);
  EXPECT_EQ(table.metrics, (std::vector<std::string>{"spearman", "mse"}));
  for (const Values::Trial& trial : table.values.trials) EXPECT_EQ(table.rows[trial.row].keys.at(0), trial.key);
  EXPECT_THROW((void)leaderboard(store, "toy", "speerman"), InputError);
}

TEST_F(Board, KeepsTheNewestCodeOnly) {
  fill({{.seed = 1, .error = 0.4}, {.seed = 2, .error = 0.4}}, "toys/old");
  fill({{.code = "b", .seed = 1, .error = 0.5}}, "toys/new");
  const TaskTable table = leaderboard(store::Reader(path()), "toy").table;
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0].keys, (std::vector<std::string>{row_of({.code = "b", .seed = 1}).key}));
}

TEST_F(Board, SaysWhenThereIsNothing) {
  fill({{.run = false}});
  EXPECT_EQ(leaderboard_text(leaderboard(store::Reader(path()), "toy")), "Toy heights (toy)\nno trial of this task is done\n");
}

}  // namespace
}  // namespace seqbench::reports
