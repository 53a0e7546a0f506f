#include "tasks/dream_expression/twin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>

#include "harness/base/sha256.h"
#include "tasks/dream_expression/assay.h"
#include "tasks/dream_expression/trimer_ridge.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/dream_support.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::int64_t kRows = 20'000;

const Twin& twin() {
  static const Twin kTwin = make_twin(0, twin_size(kRows, 0, true), {});
  return kTwin;
}

std::span<const double> training(const std::vector<double>& values) { return std::span(values).first(kRows); }
std::span<const double> tests(const std::vector<double>& values) { return std::span(values).subspan(kRows); }

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double spread(std::span<const double> values) {
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

std::string insert_of(std::int64_t row) {
  const std::string sequence = twin().dna.sequence(row);
  return sequence.substr(kLeftFlank.size(), sequence.size() - kLeftFlank.size() - kRightFlank.size());
}

TEST(DreamAssay, TheMeanOfDrawsIsTheClosedForm) {
  const Stream stream = Streams(1).open("test");
  for (const double noiseless : {0.0, 0.4, 3.0, 11.15, 16.2, 17.0}) {
    double sum = 0, squares = 0;
    constexpr std::uint32_t kDraws = 200'000;
    for (std::uint32_t i = 0; i < kDraws; ++i) {
      const double label = assay_draw(noiseless, stream.at({.item = i}));
      ASSERT_TRUE(label >= 0 && label <= 17);
      sum += label;
      squares += label * label;
    }
    const double error = std::sqrt((squares / kDraws - sum / kDraws * sum / kDraws) / kDraws);
    EXPECT_NEAR(sum / kDraws, assay_mean_exact(noiseless), 4.5 * error) << noiseless;
  }
}

TEST(DreamAssay, TheTableIsTheClosedForm) {
  for (double noiseless = 0; noiseless <= 17; noiseless += 0.1234567) {
    EXPECT_NEAR(assay_mean(noiseless), assay_mean_exact(noiseless), 1e-9) << noiseless;
  }
  EXPECT_NEAR(assay_mean(17), assay_mean_exact(17), 1e-12);
  EXPECT_NEAR(assay_mean_exact(8.5), 8.5, 1e-3);
  EXPECT_GT(assay_mean_exact(0), 0.4);  // cut off below: the mean lies inside
}

TEST(DreamLaw, MotifsAreDrawnFromTheSeed) {
  const Law law(0);
  const std::string poly(kInsert, 'A');
  Draws draws = Streams(0).open("test").at();
  const std::string insert = random_insert(kInsert, draws);
  EXPECT_EQ(law.motifs()[0].consensus.size(), 6U);
  EXPECT_EQ(std::ranges::count_if(law.motifs(), [](const Motif& m) { return m.weight < 0; }), 8);
  EXPECT_EQ(std::ranges::count_if(law.motifs(), [](const Motif& m) { return m.helical; }), 7);
  EXPECT_NE(law.expression(insert), law.expression(poly));
  EXPECT_NE(Law(1).expression(insert), law.expression(insert));
}

TEST(DreamLaw, WhereAndOnWhichStrandASiteStandsMatters) {
  const Law law(0);
  const auto strongest = std::ranges::max_element(law.motifs(), {}, [](const Motif& m) { return m.weight; });
  std::string background(kInsert, 'A');
  for (std::size_t i = 0; i < kInsert; i += 3) background[i] = 'C';
  std::set<double> values;
  for (const std::size_t at : {0U, 20U, 40U, 60U}) {
    values.insert(law.expression(std::string(background).replace(at, strongest->consensus.size(), strongest->consensus)));
  }
  EXPECT_EQ(values.size(), 4U);
}

TEST(DreamTwin, GoldenRows) {
  std::string all;
  for (std::int64_t row = 0; row < 200; ++row) all += twin().dna.sequence(row) + '\n';
  EXPECT_EQ(sha256_hex(all), "0e1156f28e9b9f1bf1a010237cbc87de1b162d61ae4fa98e9c9f64a2c3b2edc2");
  EXPECT_NEAR(twin().noiseless[0], 11.730929864598536, 1e-9);
  EXPECT_EQ(twin().labels[1], 17);
}

TEST(DreamTwin, LabelsAreLikeTheRealOnes) {
  const std::span<const double> labels = training(twin().labels);
  EXPECT_NEAR(mean(labels), 11.14, 0.08);
  EXPECT_NEAR(spread(labels), 2.35, 0.08);
  const auto whole = std::ranges::count_if(labels, [](double y) { return y == std::floor(y); });
  EXPECT_NEAR(static_cast<double>(whole) / kRows, 0.61, 0.015);
}

TEST(DreamTwin, TheCeilingIsWhereItShouldBe) {
  EXPECT_NEAR(pearson(training(twin().labels), training(twin().expected)), 0.745, 0.015);
  EXPECT_NEAR(pearson(tests(twin().labels), tests(twin().expected)), 0.981, 0.01);
}

TEST(DreamTwin, CountingTrimersIsFarBelowTheCeiling) {
  std::vector<std::string> inserts;
  for (std::int64_t row = 0; row < twin().dna.rows(); ++row) inserts.push_back(insert_of(row));
  const TrimerRidge ridge({inserts.data(), static_cast<std::size_t>(kRows / 2)}, training(twin().labels).first(kRows / 2));
  std::vector<double> predicted;
  for (const std::string& insert : inserts) predicted.push_back(ridge.predict(insert));
  EXPECT_NEAR(pearson(training(twin().labels).subspan(kRows / 2), training(predicted).subspan(kRows / 2)), 0.43, 0.12);
  EXPECT_NEAR(pearson(tests(twin().labels), tests(predicted)), 0.56, 0.2);
}

TEST(DreamTwin, ARowDependsOnSeedAndNumberAlone) {
  const Twin few = make_twin(0, {.training = 50, .test = 52}, {});
  for (std::int64_t row = 0; row < 50; ++row) {
    EXPECT_EQ(few.dna.sequence(row), twin().dna.sequence(row));
    EXPECT_EQ(few.labels[static_cast<std::size_t>(row)], twin().labels[static_cast<std::size_t>(row)]);
  }
  EXPECT_NE(make_twin(1, {.training = 50, .test = 52}, {}).dna.sequence(0), few.dna.sequence(0));
}

TEST(DreamTwin, TheCachedFileHoldsTheSameRows) {
  const test::TempFiles files;
  const TwinSize size{.training = 70'000, .test = 300};  // more than one chunk, the last not whole
  const Twin memory = make_twin(3, size, {});
  const Twin written = make_twin(3, size, files.path());
  const Twin mapped = make_twin(3, size, files.path());
  std::vector<std::filesystem::path> made(std::filesystem::directory_iterator(files.path()), {});
  ASSERT_EQ(made.size(), 1U);
  const auto same = [&](const Twin& other) {
    EXPECT_EQ(memory.noiseless, other.noiseless);
    EXPECT_EQ(memory.labels, other.labels);
    EXPECT_EQ(memory.expected, other.expected);
    for (std::int64_t row = 0; row < memory.dna.rows(); row += 7) ASSERT_EQ(memory.dna.sequence(row), other.dna.sequence(row));
  };
  same(written);
  same(mapped);
  std::ofstream(made[0], std::ios::binary | std::ios::in | std::ios::out).seekp(100'000).put('\x55');  // damaged: made anew
  same(make_twin(3, size, files.path()));
}

TEST(DreamTwin, TestRowsAreWhatTheirSubsetsSay) {
  const Phase& every = twin().boards.every;
  const std::span<const double> noiseless = tests(twin().noiseless);
  const auto mean_of = [&](std::size_t component) {
    std::vector<double> values;
    for (const std::int64_t row : every.singles[component]) values.push_back(noiseless[static_cast<std::size_t>(row)]);
    return mean(values);
  };
  EXPECT_LT(mean_of(2), mean_of(4) - 3);
  EXPECT_GT(mean_of(1), mean_of(4) + 3);
  std::set<std::string> sequences;
  for (std::int64_t row = kRows; row < twin().dna.rows(); ++row) sequences.insert(twin().dna.sequence(row));
  EXPECT_EQ(static_cast<std::int64_t>(sequences.size()), twin().dna.rows() - kRows);
  for (const auto& [alternative, reference] : every.pairs[0]) {
    const std::string a = insert_of(kRows + alternative), b = insert_of(kRows + reference);
    ASSERT_EQ(std::inner_product(a.begin(), a.end(), b.begin(), 0, std::plus<>(), std::not_equal_to<>()), 1);
  }
  for (const auto& pairs : every.pairs) EXPECT_GT(pairs.size(), 100U);
  EXPECT_NEAR(static_cast<double>(twin().boards.board.pairs[0].size()), 0.1 * static_cast<double>(every.pairs[0].size()), 1);
}

TEST(DreamTwin, SizesFollowTheLimit) {
  EXPECT_EQ(twin_size(50'000, 0, true).test, 10'000);
  EXPECT_EQ(twin_size(kPublishedTrainingRows, 0, true).test, kPublishedTestRows);
  const TwinSize small = twin_size(50'000, 200, true);
  EXPECT_LE(small.training + small.test, 200);
  EXPECT_EQ(twin_size(50'000, 1000, false).training, 1000);
  EXPECT_NEAR(static_cast<double>(make_test_rows(Law(0), 0, kPublishedTestRows).inserts.size()), kPublishedTestRows, 1);
}

TEST(DreamTwin, TheTruthScoresBetterThanAnything) {
  const auto dataset = test::dream_twin(6000);
  const Examples& examples = dataset->examples();
  const std::vector<std::int64_t> rows = test::dream_rows(examples, Part::kTest);
  const auto scores = test::dream_task().scores(*dataset, rows, test::dream_values(examples.noiseless, rows));
  EXPECT_GT(test::score_of(scores, "final_pearson_score"), 0.5);
  EXPECT_GT(test::score_of(scores, "final_pearson", "all"), 0.97);
  EXPECT_GT(test::score_of(scores, "public_pearson_score"), 0.5);
  const std::vector<std::int64_t> half(rows.begin(), rows.begin() + 500);
  const auto partial = test::dream_task().scores(*dataset, half, test::dream_values(examples.noiseless, half));
  EXPECT_TRUE(std::isnan(test::score_of(partial, "final_pearson_score")));
  const auto none = test::dream_rows(examples, Part::kTrain);
  EXPECT_TRUE(test::dream_task().scores(*dataset, none, test::dream_values(examples.noiseless, none)).empty());
}

}  // namespace
}  // namespace seqbench::tasks::dream_expression
