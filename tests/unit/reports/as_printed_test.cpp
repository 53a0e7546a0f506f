// Every rule on planted papers: a false one is caught, the sound one beside it is not.
#include "reports/as_printed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"

namespace seqbench::reports {
namespace {

using store::Claim;
using store::Moments;
using store::PublishedRow;

/// "0.9863" with its digits, or a range "0.85-0.88".
PublishedRow number(const std::string& table, const std::string& row, const std::string& metric,
                    const std::string& text, const std::string& split = "test", const std::string& task = "toy",
                    const std::string& model = "net") {
  PublishedRow p;
  p.paper = "paper";
  p.table_ref = table;
  p.row_ref = row;
  p.col_ref = p.metric = metric;
  p.task = task;
  p.model = model;
  p.split = split;
  const std::size_t dash = text.find('-', 1), point = text.find('.');
  const std::string first = text.substr(0, dash);
  if (dash == std::string::npos)
    p.value = parse_double(text);
  else
    p.low = parse_double(first), p.high = parse_double(text.substr(dash + 1));
  p.decimals = point == std::string::npos ? 0 : static_cast<std::int64_t>(first.size() - point - 1);
  p.uid = table + '|' + row + '|' + metric + '|' + split;
  return p;
}

PublishedRow stated(const std::string& table, const std::string& row, const std::string& name, const std::string& text,
                    const std::string& model = "") {
  PublishedRow p = number(table, row, name, text, "", "", model);
  return p;
}

store::PublishedFolder paper_of(std::vector<PublishedRow> rows, std::vector<Claim> claims = {},
                                std::vector<Moments> moments = {}) {
  return {{{"paper", sha256_hex("paper"), std::move(rows)}}, std::move(claims), std::move(moments)};
}

std::vector<Finding> found(const store::PublishedFolder& folder, const std::string& rule) {
  std::vector<Finding> findings = as_printed(folder, "paper").findings;
  std::erase_if(findings, [&](const Finding& f) { return f.rule != rule; });
  return findings;
}

std::vector<PublishedRow> classifier(const std::string& row, const std::string& f1, const std::string& mcc,
                                     const std::string& accuracy = "") {
  std::vector<PublishedRow> rows = {number("T", row, "f1", f1), number("T", row, "mcc", mcc)};
  if (!accuracy.empty()) rows.push_back(number("T", row, "accuracy", accuracy));
  return rows;
}

std::vector<PublishedRow> operator+(std::vector<PublishedRow> a, const std::vector<PublishedRow>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(AsPrinted, ImpossiblePairs) {
  const auto bad = found(paper_of(classifier("a", "0.4378", "0.6476")), "impossible pair");
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].severity, Severity::kInconsistent);
  EXPECT_EQ(bad[0].subjects.size(), 2u);
  EXPECT_NE(bad[0].reason.find("0.5294"), std::string::npos);
  EXPECT_TRUE(found(paper_of(classifier("a", "0.8657", "0.6421")), "impossible pair").empty());
  // The number that repeats its neighbour is the slip.
  const auto slip =
      found(paper_of(classifier("a", "0.4378", "0.6476") + std::vector{number("T", "a", "log_loss", "0.4378")}),
            "impossible pair");
  EXPECT_EQ(slip.at(0).subjects, (std::vector<std::string>{"T|a|f1|test"}));
}

TEST(AsPrinted, TheEvaluationSetBehindATable) {
  const auto rows = classifier("a", "0.8732", "0.7192", "0.8594") + classifier("b", "0.9863", "0.9686", "0.9844") +
                    classifier("c", "1.0", "1.0", "1.0");
  const PaperFindings findings = as_printed(paper_of(rows), "paper");
  const auto set = found(paper_of(rows), "evaluation set");
  ASSERT_EQ(set.size(), 1u);
  EXPECT_NE(set[0].reason.find("fit together 64 sequences, 37 of them positive; up to 600 only 64, 128, 192, 256"),
            std::string::npos)
      << set[0].reason;
  EXPECT_NE(set[0].reason.find("0.0156"), std::string::npos);
  ASSERT_EQ(findings.counts.size(), 3u);
  EXPECT_EQ(findings.counts[1].counts.errors(), 1);
  EXPECT_NEAR(findings.counts[1].accuracy.low, 0.9167, 1e-4);
  EXPECT_NEAR(findings.counts[1].accuracy.high, 0.9972, 1e-4);
  EXPECT_EQ(findings.counts[1].f1.low, analyze::f1_interval(findings.counts[1].counts).low);
  EXPECT_NE(findings_markdown(findings).find("MCC [95 %]"), std::string::npos);
  EXPECT_NE(found(paper_of(rows), "less than one error").at(0).reason.find("0 errors: c; 1 error: b; 9 errors: a"),
            std::string::npos);
  EXPECT_EQ(found(paper_of(rows), "cannot be told apart").at(0).reason.find("a,"), std::string::npos);
  // Rows of different sets have nothing in common.
  const auto other =
      found(paper_of(classifier("a", "0.8732", "0.7192", "0.8594") + classifier("b", "0.9938", "0.9866", "0.9933")),
            "evaluation set");
  EXPECT_NE(other.at(0).reason.find("no evaluation set of up to 600"), std::string::npos);
}

TEST(AsPrinted, AStatedSizeThatNoMatrixFits) {
  auto rows = classifier("a", "0.8732", "0.7192", "0.8594");
  for (PublishedRow& row : rows) row.n_eval = 64;
  const auto sound = found(paper_of(rows), "evaluation set");
  EXPECT_TRUE(std::ranges::none_of(sound, [](const Finding& f) { return f.severity == Severity::kInconsistent; }));
  for (PublishedRow& row : rows) row.n_eval = 100;
  EXPECT_EQ(found(paper_of(rows), "evaluation set").at(0).severity, Severity::kInconsistent);
  // A size derived from the metrics neither contradicts them nor tells a set by one row of two.
  for (PublishedRow& row : rows) row.n_eval_derived = true;
  EXPECT_EQ(found(paper_of(rows), "evaluation set").at(0).severity, Severity::kDoubtful);
  auto two = classifier("a", "0.9938", "0.9866");
  for (PublishedRow& row : two) row.n_eval = 149;
  EXPECT_EQ(found(paper_of(two), "evaluation set").size(), 1u);
  for (PublishedRow& row : two) row.n_eval_derived = true;
  EXPECT_TRUE(found(paper_of(two), "evaluation set").empty());
}

TEST(AsPrinted, SplitSizesAgainstTheText) {
  auto rows = classifier("a", "0.8732", "0.7192", "0.8594");
  for (PublishedRow& row : rows) row.split = "validation";
  const auto with = [&](const char* share, const char* total) {
    return found(paper_of(rows + std::vector{stated("text", "setting", "toy_positive_percent", share),
                                             stated("text", "setting", "toy_n_sequences", total),
                                             stated("text", "setting", "validation_fraction", "0.05"),
                                             stated("text", "setting", "lora_eval_batch", "64")}),
                 "split size");
  };
  const auto sound = with("53", "2570");
  ASSERT_EQ(sound.size(), 2u);
  EXPECT_EQ(sound[0].severity, Severity::kNote);
  EXPECT_NE(sound[1].reason.find("129 rows; 64 evaluated rows are whole batches of 64"), std::string::npos)
      << sound[1].reason;
  EXPECT_NE(sound[1].reason.find("1,261 to 2,540"), std::string::npos);
  const auto bad = with("5", "600");
  EXPECT_EQ(bad[0].severity, Severity::kDoubtful);
  EXPECT_EQ(bad[1].severity, Severity::kDoubtful);
}

TEST(AsPrinted, RepeatedValues) {
  EXPECT_EQ(
      found(paper_of({number("T", "a", "log_loss", "0.4378"), number("T", "a", "f1", "0.4378")}), "repeated value")
          .size(),
      1u);
  EXPECT_TRUE(
      found(paper_of({number("T", "a", "log_loss", "0.4378"), number("T", "a", "f1", "0.4379")}), "repeated value")
          .empty());
  EXPECT_TRUE(
      found(paper_of({number("T", "a", "mcc", "1.000"), number("T", "a", "f1", "1.000")}), "repeated value").empty());
  EXPECT_TRUE(found(paper_of({number("T", "a", "log_loss", "0.44"), number("T", "a", "f1", "0.44")}), "repeated value")
                  .empty());
}

TEST(AsPrinted, RangesBeyondTheirDetails) {
  const auto with = [](const char* range, const char* metric, const char* detail) {
    return found(paper_of({number("T", "all", metric, range), number("U", "one", metric, detail)}),
                 "range beyond the details")
        .size();
  };
  EXPECT_EQ(with("0.85-0.88", "pearson", "0.8599"), 1u);
  EXPECT_EQ(with("0.85-0.86", "pearson", "0.8599"), 0u);
  EXPECT_EQ(with("0.74-0.91", "mse", "0.84"), 1u);
  EXPECT_EQ(with("0.84-0.91", "mse", "0.84"), 0u);
}

TEST(AsPrinted, SquaresAndTwoValues) {
  const auto square = found(paper_of({number("T", "a", "pearson", "0.8599"), number("text", "a", "pearson", "0.74")}),
                            "square printed as the correlation");
  ASSERT_EQ(square.size(), 1u);
  EXPECT_EQ(square[0].subjects, (std::vector<std::string>{"text|a|pearson|test"}));
  const auto rounded = paper_of({number("T", "a", "pearson", "0.8599"), number("text", "a", "pearson", "0.86")});
  EXPECT_TRUE(as_printed(rounded, "paper").findings.empty());
  const auto two = found(paper_of({number("T", "a", "pearson", "0.8599"), number("text", "a", "pearson", "0.80")}),
                         "two values for one result");
  EXPECT_EQ(two.at(0).subjects.size(), 2u);
}

TEST(AsPrinted, TwoValuesForOneSetting) {
  EXPECT_EQ(found(paper_of({stated("T", "net", "learning_rate", "0.001", "net"),
                            stated("Figure", "the net", "learning_rate", "0.0001", "net")}),
                  "two values for one setting")
                .size(),
            1u);
  EXPECT_TRUE(found(paper_of({stated("T", "net", "learning_rate", "0.001", "net"),
                              stated("Figure", "the net", "learning_rate", "0.001", "net")}),
                    "two values for one setting")
                  .empty());
  EXPECT_TRUE(found(paper_of({stated("T", "net", "learning_rate", "0.001", "net"),
                              stated("Figure", "other", "learning_rate", "0.0001", "other")}),
                    "two values for one setting")
                  .empty());
}

TEST(AsPrinted, OutOfRange) {
  EXPECT_EQ(found(paper_of({number("T", "a", "pearson", "1.02")}), "out of range").size(), 1u);
  EXPECT_EQ(found(paper_of({number("T", "a", "f1", "94.64")}), "out of range").size(), 1u);
  EXPECT_EQ(found(paper_of({number("T", "a", "mse", "-0.1")}), "out of range").size(), 1u);
  EXPECT_TRUE(found(paper_of({number("T", "a", "pearson", "-0.99"), number("T", "b", "mse", "7"),
                              number("T", "c", "accuracy", "1")}),
                    "out of range")
                  .empty());
}

TEST(AsPrinted, TiesShownAsOrder) {
  const auto ties = found(paper_of({number("T", "a", "mse", "0.5246"), number("T", "b", "mse", "0.5246"),
                                    number("T", "c", "mse", "0.5300")}),
                          "ties shown as order");
  EXPECT_NE(ties.at(0).reason.find("0.5246: a, b"), std::string::npos);
  EXPECT_TRUE(
      found(paper_of({number("T", "a", "mse", "0.5246"), number("T", "b", "mse", "0.5247")}), "ties shown as order")
          .empty());
}

/// Training labels of mean 3 and variance 1, test labels of mean 2 and variance 0.5.
std::vector<Moments> moments() {
  return {{"toy", "train", std::nullopt, 300, 3, 1, 1, 4},
          {"toy", "train", 0, 1, 3, 0, 3, 3},
          {"toy", "train", 1, 99, 3.5, .5, 1, 4},
          {"toy", "train", 2, 200, 2.7, 1.1, 1, 4},
          {"toy", "validation", std::nullopt, 100, 3, 1, 1, 4},
          {"toy", "validation", 1, 100, 3, 1, 1, 4},
          {"toy", "test", std::nullopt, 5000, 2, .5, 1, 4},
          {"toy", "test", 7, 5000, 2, .5, 1, 4}};
}

std::vector<PublishedRow> losses(const char* train, const char* validation, const char* test, bool ours = true) {
  std::vector<PublishedRow> rows = {number("T", "a", "mse", train, "train"),
                                    number("T", "a", "mse", validation, "validation"), number("T", "a", "mse", test)};
  for (PublishedRow& row : rows) {
    row.col_ref = row.split + "_mse";
    row.margin = 0.05 * *row.value;
    if (ours) row.n_eval = row.split == "train" ? 300 : row.split == "validation" ? 100 : 5000;
  }
  return rows;
}

TEST(AsPrinted, WhatAConstantReaches) {
  const auto same = found(paper_of(losses("2.00", "2.02", "0.50"), {}, moments()), "a constant does the same");
  ASSERT_EQ(same.size(), 1u);
  EXPECT_NE(same[0].reason.find("with every sequence weighted equally"), std::string::npos);
  EXPECT_TRUE(found(paper_of(losses("0.40", "0.45", "0.50"), {}, moments()), "a constant does the same").empty());
  EXPECT_TRUE(
      found(paper_of(losses("2.00", "2.02", "0.50", false), {}, moments()), "a constant does the same").empty());
}

TEST(AsPrinted, WorseThanAConstant) {
  const auto bad = found(paper_of(losses("0.40", "0.45", "0.61"), {}, moments()), "worse than a constant");
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_NE(bad[0].place.find("test_mse"), std::string::npos);
  EXPECT_TRUE(found(paper_of(losses("0.40", "0.45", "0.50"), {}, moments()), "worse than a constant").empty());
}

TEST(AsPrinted, ExchangeableParts) {
  const PublishedRow dealt = stated("text", "a", "exchangeable_split", "1");
  // Labels lie in [1, 4]: squared errors within 9; 100 and 5,000 rows.
  EXPECT_TRUE(
      found(paper_of(losses("0.6", "0.655", "1.08") + std::vector{dealt}, {}, moments()), "parts are not exchangeable")
          .empty());
  const auto bad =
      found(paper_of(losses("0.6", "0.5", "3.5") + std::vector{dealt}, {}, moments()), "parts are not exchangeable");
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].severity, Severity::kDoubtful);
  EXPECT_NE(bad[0].reason.find("within the labels' range [1.00, 4.00]"), std::string::npos);
  EXPECT_EQ(bad[0].reason.find("none is stated"), std::string::npos);
  const auto unstated = found(paper_of(losses("0.6", "0.5", "3.5", false) + std::vector{dealt}, {}, moments()),
                              "parts are not exchangeable");
  ASSERT_EQ(unstated.size(), 1u);
  EXPECT_NE(unstated[0].reason.find("100 and 5,000 rows (the published split's sizes: none is stated"),
            std::string::npos);
  EXPECT_TRUE(found(paper_of(losses("0.6", "0.5", "3.5"), {}, moments()), "parts are not exchangeable").empty());
}

TEST(AsPrinted, SizesAgainstTheData) {
  const auto with = [](std::vector<PublishedRow> rows, const char* rule) {
    return found(paper_of(rows + losses("0.4", "0.4", "0.4"), {}, moments()), rule);
  };
  EXPECT_TRUE(with({stated("text", "n_train", "n_train", "300"), stated("text", "test", "max_mutations", "7")},
                   "not what the data hold")
                  .empty());
  EXPECT_EQ(with({stated("text", "n_train", "n_train", "301"), stated("text", "test", "max_mutations", "6")},
                 "not what the data hold")
                .size(),
            2u);
  EXPECT_EQ(with({stated("C", "1 mutations", "n_train", "98")}, "not what the data hold").size(), 1u);
  const std::vector<PublishedRow> table = {stated("C", "1 mutations", "n_train", "99"),
                                           stated("C", "2 mutations", "n_train", "200")};
  EXPECT_NE(with(table + std::vector{stated("text", "n_train", "n_train", "300")}, "sum")
                .at(0)
                .reason.find("1 more without mutations"),
            std::string::npos);
  EXPECT_TRUE(with(table + std::vector{stated("text", "n_train", "n_train", "299")}, "sum").empty());
}

TEST(AsPrinted, ParameterCountsAndSamples) {
  const auto bert = [](const char* words, const char* parameters) {
    return paper_of({stated("t", "s", "layers", "12"), stated("t", "s", "hidden_size", "768"),
                     stated("t", "s", "vocabulary_size", words), stated("t", "s", "max_position_embeddings", "512"),
                     stated("t", "s", "trainable_parameters", parameters)});
  };
  EXPECT_NE(found(bert("10", "110000000"), "parameter count").at(0).reason.find("86,049,793"), std::string::npos);
  EXPECT_TRUE(found(bert("30522", "110000000"), "parameter count").empty());
  EXPECT_TRUE(found(bert("10", "86000000"), "parameter count").empty());
  const auto sample = [](const char* k) {
    return found(paper_of({stated("t", "s", "n_bins", "18"), stated("t", "s", "n_train", "6700000"),
                           stated("t", "s", "k_tested", k)}),
                 "sample larger than the data")
        .size();
  };
  EXPECT_EQ(sample("1000000"), 1u);
  EXPECT_EQ(sample("25000"), 0u);
}

Claim claim(const std::string& form, std::vector<std::string> columns, std::vector<std::string> left,
            std::vector<std::string> right, std::vector<std::string> tables = {"T"}) {
  return {"paper", "p-1", "a statement", form, std::move(tables), std::move(columns), std::move(left), std::move(right),
          "1",     ""};
}

AsPrinted state(const Claim& c, std::vector<PublishedRow> rows) {
  return as_printed(paper_of(std::move(rows), {c}), "paper").claims.at(0).state;
}

TEST(AsPrinted, ClaimsAgainstTheirTable) {
  const std::vector<PublishedRow> rows = {number("T", "a1", "f1", "0.90"),     number("T", "a2", "f1", "0.80"),
                                          number("T", "b", "f1", "0.85"),      number("T", "c", "f1", "0.70"),
                                          number("T", "r", "f1", "0.84-0.86"),
                                          number("U", "c", "f1", "0.60", "test", "other")};
  EXPECT_EQ(state(claim("greater", {"f1"}, {"a*"}, {"c"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("greater", {"f1"}, {"a*"}, {"b"}), rows), AsPrinted::kContradicted);
  EXPECT_EQ(state(claim("greater", {"-f1"}, {"c"}, {"a*"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("greater", {"f1"}, {"b"}, {"r"}), rows), AsPrinted::kUndecided);
  EXPECT_EQ(state(claim("at_least", {"f1"}, {"b"}, {"b?"}), rows), AsPrinted::kNotDecidable);
  EXPECT_EQ(state(claim("greater", {"f1"}, {"a1", "c"}, {"b", "x"}), rows), AsPrinted::kUndecided);
  EXPECT_EQ(state(claim("greater", {"f1"}, {"c"}, {"="}, {"T", "U"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("order", {"f1"}, {"a1", "b", "c"}, {}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("order", {"f1"}, {"a1", "c", "b"}, {}), rows), AsPrinted::kContradicted);
  EXPECT_EQ(state(claim("best", {"f1"}, {"a*"}, {"*"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("best", {"f1"}, {"b"}, {"*"}), rows), AsPrinted::kContradicted);
  EXPECT_EQ(state(claim("bound", {"f1"}, {"a*"}, {"> 0.5"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("bound", {"f1"}, {"a*"}, {"> 0.85"}), rows), AsPrinted::kContradicted);
  EXPECT_EQ(state(claim("bound", {"f1"}, {"b"}, {"0.85 +- 2 %"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("none", {}, {}, {}), rows), AsPrinted::kNotDecidable);
  EXPECT_THROW((void)state(claim("bound", {"f1"}, {"b"}, {"about 0.85"}), rows), InputError);
}

TEST(AsPrinted, TiesAndTrends) {
  std::vector<PublishedRow> rows = {number("T", "a", "f1", "0.90"), number("T", "b", "f1", "0.90")};
  EXPECT_EQ(state(claim("greater", {"f1"}, {"a"}, {"b"}), rows), AsPrinted::kUndecided);
  EXPECT_EQ(state(claim("at_least", {"f1"}, {"a"}, {"b"}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("best", {"f1"}, {"a"}, {"*"}), rows), AsPrinted::kUndecided);
  const char* values[] = {"0.1", "0.2", "0.3", "0.4", "0.5"};
  std::vector<std::string> up, down;
  rows.clear();
  for (int i = 0; i < 5; ++i) {
    rows.push_back(number("T", "r" + std::to_string(i), "f1", values[i]));
    up.push_back("r" + std::to_string(i));
    down.insert(down.begin(), "r" + std::to_string(i));
  }
  EXPECT_EQ(state(claim("trend", {"f1"}, up, {}), rows), AsPrinted::kSupported);
  EXPECT_EQ(state(claim("trend", {"f1"}, down, {}), rows), AsPrinted::kContradicted);
  EXPECT_EQ(state(claim("trend", {"f1"}, {"r0", "r2", "r1"}, {}), rows), AsPrinted::kUndecided);
}

TEST(AsPrinted, ComputedNumbersThatAreEqualHaveNoLargerOne) {
  std::vector<Moments> parts = moments();
  for (Moments& m : parts) m.min_length = m.max_length = 237;
  Claim c = claim("greater", {"max_length"}, {"all parts"}, {"=@min_length"}, {"data"});
  c.note = "no part has two lengths";
  const auto judged = [&] { return as_printed(paper_of(losses("0.4", "0.4", "0.4"), {c}, parts), "paper").claims.at(0); };
  EXPECT_EQ(judged().state, AsPrinted::kContradicted);
  EXPECT_EQ(judged().reason,
            "1 of 1 comparisons do not hold: all parts: max_length 237 against min_length 237; no part has two lengths");
  parts.back().min_length = parts[6].min_length = 235;  // of test rows
  EXPECT_EQ(judged().state, AsPrinted::kSupported);
}

TEST(AsPrinted, HostileNamesStayText) {
  const auto rows = std::vector{number("T", "<script>alert(1)</script>|", "pearson", "1.5")};
  const std::string page = findings_markdown(as_printed(paper_of(rows), "paper"));
  EXPECT_EQ(page.find("<script>"), std::string::npos);
}

TEST(AsPrinted, CommittedPagesAreWhatTheProgramPrints) {
  const std::filesystem::path root = std::filesystem::path(SEQBENCH_SOURCE_DIR) / "results";
  store::PublishedFolder folder = store::read_published_folder(root / "published");
  for (store::Paper& paper : folder.papers) {
    for (PublishedRow& row : paper.rows) {
      if (row.metric == "mse" && row.value)
        row.margin = 0.05 * *row.value;  // margins.toml, which this room cannot read
    }
  }
  for (const store::Paper& paper : folder.papers) {
    EXPECT_EQ(findings_markdown(as_printed(folder, paper.name)), read_file(root / "findings" / (paper.name + ".md")))
        << "make them anew: ./seqbench verify all --as-printed --out results/findings";
  }
}

}  // namespace
}  // namespace seqbench::reports
