#include "tasks/promoter/twin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "harness/base/sha256.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::promoter {
namespace {

const std::vector<TwinRow>& all_rows(bool hard) {
  const auto make = [](bool half) {
    const Twin twin(0, half);
    std::vector<TwinRow> rows;
    for (std::int64_t i = 0; i * kSegments < kPublishedRows; ++i) {
      for (TwinRow& row : twin.locus(i)) rows.push_back(std::move(row));
    }
    rows.resize(kPublishedRows);
    return rows;
  };
  static const std::vector<TwinRow> kNormal = make(false);
  static const std::vector<TwinRow> kHard = make(true);
  return hard ? kHard : kNormal;
}

/// Share of (positive, negative) pairs in the right order, ties half.
double auroc(const std::vector<TwinRow>& rows, double (*value)(const TwinRow&)) {
  double right = 0;
  double pairs = 0;
  for (const TwinRow& positive : rows) {
    if (positive.label == 0) continue;
    for (const TwinRow& negative : rows) {
      if (negative.label == 1) continue;
      right += value(positive) > value(negative) ? 1 : value(positive) == value(negative) ? 0.5 : 0;
      pairs += 1;
    }
  }
  return right / pairs;
}

double posterior_of(const TwinRow& row) { return row.posterior; }
double gc_of(const TwinRow& row) { return row.gc; }

struct Confusion {
  double tp = 0, tn = 0, fp = 0, fn = 0;
  explicit Confusion(const std::vector<TwinRow>& rows) {
    for (const TwinRow& row : rows) {
      const bool predicted = row.posterior > 0.5;
      (row.label == 1 ? (predicted ? tp : fn) : (predicted ? fp : tn)) += 1;
    }
  }
  [[nodiscard]] double accuracy() const { return (tp + tn) / (tp + tn + fp + fn); }
  [[nodiscard]] double mcc() const {
    return (tp * tn - fp * fn) / std::sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
  }
};

double mean_gc(const std::vector<TwinRow>& rows, int label) {
  double sum = 0;
  double n = 0;
  for (const TwinRow& row : rows) {
    sum += row.label == label ? row.gc : 0;
    n += row.label == label ? 1 : 0;
  }
  return sum / n;
}

TEST(PromoterTwin, LociDoNotDependOnOrderOrEachOther) {
  const Twin twin(0, false);
  for (const std::int64_t i : {800, 17, 0, 333}) {
    const std::vector<TwinRow> locus = twin.locus(i);
    ASSERT_EQ(locus.size(), 3u);
    for (std::size_t segment = 0; segment < 3; ++segment) {
      const TwinRow& row = all_rows(false)[static_cast<std::size_t>(i * kSegments) + segment];
      EXPECT_EQ(locus[segment].sequence, row.sequence);
      EXPECT_EQ(locus[segment].label, row.label);
    }
  }
  EXPECT_NE(Twin(1, false).locus(0)[0].sequence, twin.locus(0)[0].sequence);
}

TEST(PromoterTwin, SegmentsOfALocusOverlapByHalf) {
  const auto& rows = all_rows(false);
  double same_side = 0, pairs = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const bool overlap = rows[i].sequence.starts_with(std::string_view(rows[i - 1].sequence).substr(kStep));
    ASSERT_EQ(overlap, i % kSegments != 0) << i;
    if (!overlap) continue;
    same_side += rows[i].label == rows[i - 1].label ? 1 : 0;
    pairs += 1;
  }
  EXPECT_GT(same_side / pairs, 0.95);
}

using Words = std::bitset<4096>;

Words six_mers(std::string_view sequence) {
  Words words;
  std::size_t word = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    word = (word * 4 + kBases.find(sequence[i])) % words.size();
    if (i >= 5) words.set(word);
  }
  return words;
}

/// How often a row's nearest neighbour, of any locus or of another, has its label.
double neighbour_accuracy(const std::vector<TwinRow>& rows, bool other_locus) {
  std::vector<Words> words;
  for (const TwinRow& row : rows) words.push_back(six_mers(row.sequence));
  double right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t nearest = i, most = 0;
    for (std::size_t j = 0; j < rows.size(); ++j) {
      const std::size_t shared = (words[i] & words[j]).count();
      if (j == i || (other_locus && j / kSegments == i / kSegments) || shared <= most) continue;
      nearest = j;
      most = shared;
    }
    right += rows[nearest].label == rows[i].label ? 1 : 0;
  }
  return right / static_cast<double>(rows.size());
}

TEST(PromoterTwin, ModelsThatRememberFallWhenLociAreKeptTogether) {
  const std::vector<TwinRow> rows(all_rows(false).begin(), all_rows(false).begin() + 900);
  const double random = neighbour_accuracy(rows, false), grouped = neighbour_accuracy(rows, true);
  EXPECT_GT(random, 0.93);
  EXPECT_LT(grouped, 0.85);
}

TEST(PromoterTwin, GoldenRows) {
  const auto& rows = all_rows(false);
  EXPECT_EQ(rows[0].sequence.substr(0, 40), "ATCTATTGCCACAAACCATGCCATTGATGATTCACCCGGA");
  EXPECT_NEAR(rows[0].score, 5.3736607142857142, 1e-9);
  EXPECT_NEAR(rows[1].score, 3.7344524711198801, 1e-9);
  std::string all;
  for (const TwinRow& row : rows) all += row.sequence + (row.label == 1 ? "1" : "0");
  EXPECT_EQ(sha256_hex(all), "f3702db6b06afd9e2c9652103064cf7d39be29153bcdf85c60058e3093896028");
}

TEST(PromoterTwin, ARowIsWhatItsSequenceSays) {
  for (const TwinRow& row : all_rows(false)) {
    ASSERT_EQ(row.sequence.size(), kLength);
    ASSERT_EQ(row.sequence.find_first_not_of(kBases), std::string::npos);
    ASSERT_DOUBLE_EQ(row.score, score(row.sequence).total());
    ASSERT_DOUBLE_EQ(row.gc, gc_share(row.sequence));
    ASSERT_NEAR(std::log(row.posterior / (1 - row.posterior)), Law::kSlope * (row.score - Law::kCentre), 1e-6);
  }
}

TEST(PromoterTwin, CeilingIsAsDocumented) {
  const Confusion normal(all_rows(false));
  EXPECT_NEAR(normal.accuracy(), 0.986, 0.006);
  EXPECT_NEAR(normal.mcc(), 0.972, 0.012);
  EXPECT_NEAR(auroc(all_rows(false), posterior_of), 0.997, 0.003);
  const Confusion hard(all_rows(true));
  EXPECT_NEAR(hard.accuracy(), 0.927, 0.012);
  EXPECT_NEAR(auroc(all_rows(true), posterior_of), 0.959, 0.01);
}

TEST(PromoterTwin, LabelsFollowThePosterior) {
  // Sum of (label - posterior) has variance sum p (1 - p); four standard deviations, over all and near the middle.
  for (const bool hard : {false, true}) {
    for (const double margin : {0.5, 0.3}) {
      double difference = 0;
      double variance = 0;
      for (const TwinRow& row : all_rows(hard)) {
        if (std::abs(row.posterior - 0.5) > margin) continue;
        difference += row.label - row.posterior;
        variance += row.posterior * (1 - row.posterior);
      }
      EXPECT_GT(variance, 2);
      EXPECT_LT(std::abs(difference), 4 * std::sqrt(variance)) << hard << " " << margin;
    }
  }
}

TEST(PromoterTwin, FiftyThreePercentArePromoters) {
  const auto& rows = all_rows(false);
  const auto positives = std::ranges::count(rows, 1, &TwinRow::label);
  EXPECT_NEAR(static_cast<double>(positives) / static_cast<double>(rows.size()), 0.53, 0.03);
}

TEST(PromoterTwin, GcSaysNothingOfTheLabel) {
  for (const bool hard : {false, true}) {
    const double value = auroc(all_rows(hard), gc_of);
    EXPECT_LT(std::max(value, 1 - value), 0.60);
    EXPECT_NEAR(mean_gc(all_rows(hard), 1) / mean_gc(all_rows(hard), 0), 1, 0.02);
  }
}

TEST(PromoterTwin, HardModeHalvesTheLogitsOfTheSameSequences) {
  for (std::size_t i = 0; i < 100; ++i) {
    const TwinRow& normal = all_rows(false)[i];
    const TwinRow& hard = all_rows(true)[i];
    ASSERT_EQ(normal.sequence, hard.sequence);
    ASSERT_NEAR(std::log(normal.posterior / (1 - normal.posterior)), 2 * std::log(hard.posterior / (1 - hard.posterior)),
                1e-6);
  }
}

/// The value below which `share` of the scores lie, by bisection.
double quantile(const std::vector<double>& values, double share) {
  double low = -10;
  double high = 20;
  while (high - low > 1e-6) {
    const double middle = (low + high) / 2;
    const auto below = std::ranges::count_if(values, [middle](double v) { return v < middle; });
    (static_cast<double>(below) < share * static_cast<double>(values.size()) ? low : high) = middle;
  }
  return (low + high) / 2;
}

TEST(PromoterCalibration, GivesTheConstants) {
  const Twin twin(0, false);
  std::vector<double> scores;
  for (std::uint32_t i = 0; i < 20000; ++i) scores.push_back(score(twin.candidate({.item = i}, 0.47)).total());
  const double low = quantile(scores, Law::kLower);
  const double high = quantile(scores, Law::kUpper);
  EXPECT_NEAR((low + high) / 2, Law::kCentre, 0.01);
  EXPECT_NEAR(12 / (high - low), Law::kSlope, 0.01);
}

}  // namespace
}  // namespace seqbench::tasks::promoter
