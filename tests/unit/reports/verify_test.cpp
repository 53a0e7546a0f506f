// The scorecard on a store filled by hand: what counts as measured, verdicts, claims, Holm, what is kept.
#include "reports/verify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reports/judged.h"
#include "reports/leaderboard.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

using analyze::Verdict;

class Verify : public StoreFixture {
 protected:
  static std::vector<Made> five(const std::string& label, double error, const std::string& source = "real",
                                const std::string& scale = "full") {
    std::vector<Made> trials;
    for (int seed = 1; seed <= 5; ++seed)
      trials.push_back(
          {.label = label, .model = label, .source = source, .scale = scale, .seed = seed, .error = error});
    return trials;
  }
  static store::PublishedRow row(const std::string& model, double value, double margin = 0.05) {
    store::PublishedRow p = printed(model, model, value);
    p.margin = margin;
    return p;
  }
  Scorecard card(const std::vector<store::PublishedRow>& rows, const std::vector<store::Claim>& claims = {},
                 const std::string& table = "") const {
    const store::PublishedFolder folder{{{"paper", "hash", rows}}, claims, {}};
    const store::Reader reader(path());
    const Scorecard all = verify(
        &reader, folder, "paper",
        {"margins hash", [](const store::PublishedRow& p) { return "./seqbench run " + p.model; }});
    return table.empty() ? all : of_table(all, table);
  }
  /// Mean squared error of the row as stored.
  double measured(const std::string& model) const { return card({row(model, 1)}).numbers.at(0).measured.mean; }
};

TEST_F(Verify, VerdictsOfNumbers) {
  fill(five("net", 0.5));
  const double m = measured("net");
  const Scorecard near = card({row("net", m, 0.2)});
  EXPECT_EQ(near.numbers.at(0).judgement.verdict, Verdict::kReproduced) << near.numbers.at(0).judgement.reason;
  EXPECT_EQ(near.numbers[0].trials.size(), 5u);
  EXPECT_FALSE(near.finding());
  EXPECT_DOUBLE_EQ(near.expected_false(), 0.05);
  const Scorecard worse = card({row("net", m - 0.2, 0.001)});
  EXPECT_EQ(worse.numbers.at(0).judgement.verdict, Verdict::kNotReproduced) << worse.numbers.at(0).judgement.reason;
  EXPECT_TRUE(worse.finding());
  EXPECT_EQ(card({row("net", m + 0.2, 0.001)}).numbers.at(0).judgement.verdict, Verdict::kBetter);
  EXPECT_EQ(card({row("net", m, 0.0001)}).numbers.at(0).judgement.verdict, Verdict::kUndecided);
}

TEST_F(Verify, PrintedRangesAreJudged) {
  fill(five("net", 0.5));
  const double m = measured("net");
  const auto range = [&](double low, double high, double margin) {
    store::PublishedRow p = row("net", 0, margin);
    p.value.reset();
    p.low = low;
    p.high = high;
    return card({p}).numbers.at(0);
  };
  const NumberVerdict inside = range(m - 0.01, m + 0.01, 0.2);
  EXPECT_EQ(inside.judgement.verdict, Verdict::kReproduced) << inside.judgement.reason;
  EXPECT_EQ(inside.judgement.difference, 0);
  const NumberVerdict worse = range(m - 0.21, m - 0.2, 0.001);
  EXPECT_EQ(worse.judgement.verdict, Verdict::kNotReproduced) << worse.judgement.reason;
  EXPECT_NEAR(worse.judgement.difference, 0.2, 1e-12);  // from the nearer end
  EXPECT_EQ(range(m + 0.2, m + 0.21, 0.001).judgement.verdict, Verdict::kBetter);
}

TEST_F(Verify, OnlyRealFullRowsAreMeasured) {
  std::vector<Made> trials = five("twin", 0.5, "twin", "full");
  for (const Made& m : five("desk", 0.5, "real", "desk")) trials.push_back(m);
  fill(trials);
  for (const char* name : {"twin", "desk", "absent"}) {
    const Scorecard c = card({row(name, 0.25)});
    EXPECT_EQ(c.numbers.at(0).judgement.verdict, Verdict::kBlocked) << name;
    EXPECT_EQ(c.numbers[0].unblock, std::string("./seqbench run ") + name);
  }
  EXPECT_NE(scorecard_text(card({row("twin", 0.25)})).find("blocked: ./seqbench run twin"), std::string::npos);
}

TEST_F(Verify, RandomWeightsAreNotCompared) {
  fill(five("net", 0.5));
  const store::Reader reader(path());
  TaskTable table = leaderboard(reader, "toy").table;
  Row r = table.rows.at(0);
  const Row::Cell& cell = *r.cell("mse", "test");
  EXPECT_TRUE(judged(row("net", cell.summary.mean), r, cell));
  store::PublishedRow no_margin = row("net", 1);
  no_margin.margin.reset();
  EXPECT_FALSE(judged(no_margin, r, cell));
  store::PublishedRow other = row("net", 1);
  other.metric = "spearman";
  EXPECT_FALSE(judged(other, r, cell));
  r.random_weights = true;
  EXPECT_FALSE(judged(row("net", cell.summary.mean), r, cell));
}

TEST_F(Verify, AnInconsistentNumberIsNotJudged) {
  fill(five("net", 0.5));
  store::PublishedRow bad = row("net", 1.5);
  bad.metric = bad.col_ref = "spearman";
  const Scorecard c = card({bad});
  EXPECT_EQ(c.numbers.at(0).judgement.verdict, Verdict::kInconsistentAsPrinted);
  EXPECT_NE(c.numbers[0].judgement.reason.find("out of range"), std::string::npos);
  EXPECT_FALSE(c.finding());
}

store::Claim greater(std::vector<std::string> left, std::vector<std::string> right) {
  return {"paper", "p-1", "one errs more", "greater", {"Table 2"}, {"test"}, std::move(left), std::move(right), "", ""};
}

TEST_F(Verify, Claims) {
  std::vector<Made> trials = five("good", 0.2);
  for (const Made& m : five("bad", 1.0)) trials.push_back(m);
  fill(trials);
  const std::vector<store::PublishedRow> rows = {row("good", 0.04), row("bad", 1), row("never", 2)};
  EXPECT_EQ(card(rows, {greater({"bad"}, {"good"})}).claims.at(0).verdict, ClaimVerdict::kSupported);
  const Scorecard wrong = card(rows, {greater({"good"}, {"bad"})});
  EXPECT_EQ(wrong.claims.at(0).verdict, ClaimVerdict::kContradicted) << wrong.claims[0].reason;
  EXPECT_TRUE(wrong.finding());
  const Scorecard open = card(rows, {greater({"never"}, {"good", "bad"})});
  EXPECT_EQ(open.claims.at(0).verdict, ClaimVerdict::kBlocked);
  EXPECT_EQ(open.claims[0].reason, "0 of 2 comparisons are measured");
  store::Claim best = greater({"good"}, {"*"});
  best.form = "best";
  EXPECT_EQ(card({rows[0], rows[1]}, {best}).claims.at(0).verdict, ClaimVerdict::kSupported);
  best.left = {"bad"};
  EXPECT_EQ(card({rows[0], rows[1]}, {best}).claims.at(0).verdict, ClaimVerdict::kContradicted);
  store::Claim bound = greater({"bad"}, {"< 0.5"});
  bound.form = "bound";
  EXPECT_EQ(card(rows, {bound}).claims.at(0).verdict, ClaimVerdict::kContradicted);
}

TEST_F(Verify, ClaimsNeedTwoRunsOnEachSideAndArePairedWhereTheyCan) {
  std::vector<Made> trials = five("good", 0.2);
  trials.push_back({.label = "once", .model = "once", .source = "real", .scale = "full", .error = 1});
  for (Made& m : trials) m.model = m.label;
  for (Made m : five("bare", 1.0)) {
    m.save_predictions = false;
    trials.push_back(m);
  }
  for (const Made& m : five("bad", 1.0)) trials.push_back(m);
  fill(trials);
  const std::vector<store::PublishedRow> rows = {row("good", 0.04), row("once", 1), row("bare", 1), row("bad", 1)};
  const auto judged_claim = [&](store::Claim claim) { return card(rows, {std::move(claim)}).claims.at(0); };
  for (const auto& [left, right] : {std::pair("once", "good"), std::pair("good", "once")}) {
    const JudgedClaim one = judged_claim(greater({left}, {right}));
    EXPECT_EQ(one.verdict, ClaimVerdict::kUndecided) << one.reason;
    EXPECT_NE(one.reason.find("one run shows nothing of the spread between runs"), std::string::npos) << one.reason;
  }
  store::Claim bound = greater({"once"}, {"< 0.1"});
  bound.form = "bound";
  EXPECT_EQ(judged_claim(bound).verdict, ClaimVerdict::kUndecided);
  EXPECT_NE(judged_claim(greater({"bad"}, {"good"})).reason.find("; paired over the same test rows"), std::string::npos);
  EXPECT_NE(judged_claim(greater({"bare"}, {"good"})).reason.find("; unpaired"), std::string::npos);
}

TEST_F(Verify, RowsOnAnotherInputStandBelowAndDecideNothingOfThePaper) {
  std::vector<Made> trials;
  const auto add = [&](const std::string& model, const std::string& input, double error, const std::string& keep = "best") {
    for (Made m : five(model, error)) {
      m.label += " @ " + input;
      m.keep = keep;
      m.random_weights = input == "noise";
      trials.push_back(m);
    }
  };
  add("good", "letters", 0.2);
  add("bad", "letters", 1.0);
  add("good", "letters, honest", 1.5);
  add("good", "noise", 0.5, "published_test");
  fill(trials);
  const Scorecard c = card({row("good", 0.04), row("bad", 1)}, {greater({"bad"}, {"good"})});
  for (const NumberVerdict& v : c.numbers) EXPECT_EQ(v.judgement.verdict, Verdict::kBlocked);
  std::vector<std::string> inputs;
  for (const OtherInput& o : c.numbers.at(0).others) inputs.push_back(o.input);
  EXPECT_EQ(inputs, (std::vector<std::string>{"letters", "letters, honest", "noise"}));
  EXPECT_TRUE(c.numbers[0].others.at(2).chosen_on_test);
  EXPECT_NEAR(c.numbers[0].others[0].measured.mean, 0.04, 0.01);
  ASSERT_EQ(c.numbers.at(1).others.size(), 1U);
  const JudgedClaim& claim = c.claims.at(0);
  EXPECT_EQ(claim.verdict, ClaimVerdict::kBlocked);
  ASSERT_EQ(claim.others.size(), 2U) << "on noise the other row is not measured";
  EXPECT_EQ(claim.others[0].verdict, ClaimVerdict::kSupported) << claim.others[0].reason;
  EXPECT_EQ(claim.others[1].input, "letters, honest");
  EXPECT_EQ(claim.others[1].verdict, ClaimVerdict::kContradicted) << "bad is that of letters: " << claim.others[1].reason;
  EXPECT_NE(claim.others[1].reason.find("; 1 of its rows are those of 'letters'"), std::string::npos) << claim.others[1].reason;
  EXPECT_EQ(claim.others[0].reason.find("of its rows"), std::string::npos);
  EXPECT_FALSE(c.finding());
  EXPECT_NE(scorecard_text(c).find("other input, chosen on test rows"), std::string::npos);
  EXPECT_EQ(to_json(c)["numbers"][0]["other_inputs"].size(), 3U);
}

TEST_F(Verify, OtherInputsHaveANameAndTheSplitOfTheirRow) {
  std::vector<Made> trials;
  for (Made m : five("good", 0.2)) {
    m.label = "good @ letters";
    trials.push_back(m);
    m.split_kind = "kfold";  // more of them, and worse
    m.error = 2;
    for (m.rep = 0; m.rep < 2; ++m.rep) trials.push_back(m);
    m.rep = 0;
    m.split_kind = "published";
    m.label = "good @ ";
    trials.push_back(m);
  }
  fill(trials);
  const NumberVerdict v = card({row("good", 0.04)}).numbers.at(0);
  EXPECT_EQ(v.judgement.verdict, Verdict::kBlocked) << "no input is not the paper's";
  ASSERT_EQ(v.others.size(), 1U);
  EXPECT_NEAR(v.others[0].measured.mean, 0.04, 0.01);
}

TEST_F(Verify, CurvesDecideClaimsSeedBySeed) {
  const auto curve = [](const std::string& rule, const std::string& left, const std::string& right = "") {
    store::Claim claim{.paper = "paper", .id = "paper-01", .statement = "", .form = "curve", .tables = {"curves"}, .columns = {rule},
                       .left = {left}, .right = {}, .place = "", .note = "needs curves"};
    if (!right.empty()) claim.right = {right};
    return claim;
  };
  std::vector<Made> trials;
  const auto add = [&](const std::string& label, std::vector<double> losses, std::vector<double> test, std::size_t seeds = 5) {
    for (Made m : five(label, 0.5)) {
      m.model = "net";
      m.validation_losses = losses;
      m.test_mse = test;
      if (seeds-- > 0) trials.push_back(m);
    }
  };
  add("falling @ letters", {5, 4, 3, 2.5, 2, 1.8}, {3, 1, 2, 3, 4, 5});
  add("rough @ letters", {1, 4, 1, 4, 1, 4}, {5, 4, 3, 2, 1, 0.5});
  add("few @ letters", {5, 4, 3, 2.5, 2, 1.8}, {3, 1, 2, 3, 4, 5}, 4);
  add("even @ letters", {2, 2, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1});
  add("level @ letters", {1.05, 1.04, 1.03, 1.02, 1.01, 1}, {1, 2, 3, 4, 5, 6});
  add("torn @ letters", {5, 4, NAN, 2.5, 2, 1.8}, {3, 1, 2, 3, 4, 5});
  add("short @ letters", {5, 4, 3}, {3, 1, 2});
  fill(trials);
  const auto on_letters = [&](const store::Claim& claim) {
    const Scorecard c = card({row("net", 1)}, {claim});
    EXPECT_EQ(c.claims.at(0).verdict, ClaimVerdict::kBlocked);
    return c.claims[0].others.empty() ? OtherClaim{.input = "none", .reason = c.claims[0].reason} : c.claims[0].others.at(0);
  };
  const OtherClaim early = on_letters(curve("lowest_first", "fall*"));
  EXPECT_EQ(early.verdict, ClaimVerdict::kSupported) << early.reason;
  EXPECT_NE(early.reason.find("lowest on test after epoch 2, on validation after 6, which is then 2.222 times its lowest; needs curves"), std::string::npos) << early.reason;
  EXPECT_EQ(on_letters(curve("lowest_first", "rough")).verdict, ClaimVerdict::kContradicted) << "validation is lowest first";
  EXPECT_EQ(on_letters(curve("lowest_first", "few")).verdict, ClaimVerdict::kUndecided) << "four seeds reach 1/16";
  EXPECT_EQ(on_letters(curve("lowest_first", "even")).verdict, ClaimVerdict::kUndecided);
  EXPECT_EQ(on_letters(curve("lowest_first", "level")).verdict, ClaimVerdict::kUndecided) << "validation was low by then";
  EXPECT_EQ(on_letters(curve("lowest_first", "torn")).input, "none");
  EXPECT_EQ(on_letters(curve("falls", "short")).input, "none") << "three epochs show no trend";
  EXPECT_EQ(on_letters(curve("falls", "fall*")).verdict, ClaimVerdict::kSupported);
  EXPECT_EQ(on_letters(curve("falls", "rough")).verdict, ClaimVerdict::kUndecided);
  EXPECT_EQ(on_letters(curve("steadier", "fall*", "rough")).verdict, ClaimVerdict::kSupported);
  EXPECT_EQ(on_letters(curve("steadier", "rough", "fall*")).verdict, ClaimVerdict::kContradicted);
  EXPECT_EQ(on_letters(curve("falls", "absent")).input, "none");
  EXPECT_EQ(on_letters(curve("falls", "absent")).reason, "needs curves");
}

TEST_F(Verify, ATrialHasTheNameThatEachExperimentLastGaveIt) {
  std::vector<Made> trials = five("good", 0.2);
  for (Made& m : trials) m.label = "good @ letters", m.configuration = "one";
  fill(trials, "toys/first");
  for (Made& m : trials) m.label = "shared", m.run = false;  // done before
  fill(trials, "toys/second");
  EXPECT_EQ(card({row("good", 0.04)}).numbers.at(0).others.size(), 1U) << "the second experiment takes nothing away";
  for (Made& m : trials) m.label = "renamed @ letters";
  fill(trials, "toys/first");
  EXPECT_EQ(card({row("good", 0.04)}).numbers.at(0).others.size(), 0U) << "its own experiment does";
}

TEST_F(Verify, TrendsStayWithinATableAndKnowTheirLevels) {
  std::vector<Made> trials;
  std::vector<store::PublishedRow> rows;
  double error = 0.2;
  for (const char* label : {"low 1", "low 2", "mid 1", "mid 2", "high 1", "high 2"}) {
    for (const Made& m : five(label, error)) trials.push_back(m);
    rows.push_back(row(label, 1));
    error += 0.2;
  }
  fill(trials);
  store::Claim rising = greater({"low *", "mid *", "high *"}, {});
  rising.form = "trend";
  const JudgedClaim up = card(rows, {rising}).claims.at(0);
  EXPECT_EQ(up.verdict, ClaimVerdict::kSupported) << up.reason;
  // The same six rows in two tables of three: no table alone can decide.
  for (const std::size_t i : {1u, 3u, 5u}) rows[i].table_ref = "Table 3";
  rising.tables = {"Table ?"};
  const JudgedClaim apart = card(rows, {rising}).claims.at(0);
  EXPECT_EQ(apart.verdict, ClaimVerdict::kUndecided) << apart.reason;
  EXPECT_NE(apart.reason.find("of 3 means"), std::string::npos) << apart.reason;
}

TEST_F(Verify, ClaimsDoNotRestOnMisprints) {
  std::vector<Made> trials = five("good", 0.2);
  for (const Made& m : five("bad", 1.0)) trials.push_back(m);
  fill(trials);
  std::vector<store::PublishedRow> rows = {row("good", 0.04), row("bad", 1)};
  rows[1].status = "misprint";
  EXPECT_EQ(card(rows, {greater({"bad"}, {"good"})}).claims.at(0).verdict, ClaimVerdict::kBlocked);
}

TEST_F(Verify, OneTableAlone) {
  fill(five("net", 0.5));
  store::PublishedRow other = row("net", 0.3);
  other.table_ref = "Table 3.1";
  other.uid += "other";
  EXPECT_EQ(card({row("net", 0.25), other}).numbers.size(), 2u);
  EXPECT_EQ(card({row("net", 0.25), other}, {}, "3.1").numbers.at(0).printed.table_ref, "Table 3.1");
  EXPECT_THROW((void)card({row("net", 0.25)}, {}, "9"), InputError);
  // Holm's family is the paper, whatever is shown: two numbers, so twice the p of one.
  const double m = measured("net");
  store::PublishedRow here = row("net", m - 0.2, 0.001);
  other.value = m - 0.2;
  other.margin = 0.001;
  const NumberVerdict one = card({here, other}, {}, "3.1").numbers.at(0);
  EXPECT_NEAR(one.p_adjusted, std::min(1.0, 2 * one.judgement.p), 1e-12);
}

TEST_F(Verify, VerdictsAreKeptOnceUntilTheyChange) {
  fill(five("net", 0.5));
  const double m = measured("net");
  const auto keep = [&](double value) {
    const Scorecard c = card({row("net", value, 0.2)}, {greater({"net"}, {"x"})});
    store::RunStore(path()).add_verdicts(verdict_rows(c), "0.1.0");
    return verdict_rows(c);
  };
  const auto rows = keep(m);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].verdict, "reproduced");
  EXPECT_NE(rows[0].method.find("margins sha256 margins hash"), std::string::npos);
  EXPECT_EQ(rows[1].subject, "claim:p-1");
  EXPECT_EQ(rows[1].verdict, "blocked");
  (void)keep(m);
  EXPECT_TRUE(store::Reader(path()).check().empty());
  const store::PublishedFolder none{{{"paper", "hash", {row("net", 1)}}}, {}, {}};
  EXPECT_EQ(verify(nullptr, none, "paper", {}).numbers.at(0).judgement.verdict, Verdict::kBlocked);
}

}  // namespace
}  // namespace seqbench::reports
