#include "tasks/phage/twin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "tasks/data/packed_dna.h"
#include "tests/unit/tasks/phage_support.h"

namespace seqbench::tasks::phage {
namespace {

constexpr std::int64_t kRows = 3000;

const Dataset& twin_rows() {
  static const std::unique_ptr<Dataset> kTwin = test::phage_twin(kRows);
  return *kTwin;
}

/// Share of (positive, negative) pairs in the right order, ties half.
double auroc(const std::vector<double>& values, const std::vector<double>& labels) {
  double right = 0, pairs = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      right += values[i] > values[j] ? 1 : values[i] == values[j] ? 0.5 : 0;
      pairs += 1;
    }
  }
  return right / pairs;
}

double mcc(const std::vector<double>& probabilities, const std::vector<double>& labels) {
  double tp = 0, tn = 0, fp = 0, fn = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool predicted = probabilities[i] > 0.5;
    (labels[i] == 1 ? (predicted ? tp : fn) : (predicted ? fp : tn)) += 1;
  }
  return (tp * tn - fp * fn) / std::sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
}

TEST(PhageTwin, CeilingIsAsDocumented) {
  const Examples& examples = twin_rows().examples();
  EXPECT_EQ(examples.rows(), kRows);
  EXPECT_EQ(examples.counts.at("phage"), kRows * 6 / 10);
  EXPECT_NEAR(mcc(examples.expected, examples.targets), 0.74, 0.03);
  EXPECT_NEAR(auroc(examples.expected, examples.targets), 0.948, 0.012);
}

TEST(PhageTwin, GcSaysNothingOfTheLabel) {
  const Examples& examples = twin_rows().examples();
  const double value = auroc(std::get<std::vector<double>>(examples.fields.at("gc")), examples.targets);
  EXPECT_LT(std::max(value, 1 - value), 0.60);
}

TEST(PhageTwin, LabelsFollowThePosterior) {
  // Sum of (label - posterior) has variance sum p (1 - p) where rows are independent; those of one genome share its
  // usage table, so more is allowed. Over all, and near the middle.
  const Examples& examples = twin_rows().examples();
  for (const double margin : {0.5, 0.3}) {
    double difference = 0, variance = 0;
    for (std::size_t i = 0; i < examples.targets.size(); ++i) {
      const double p = examples.expected[i];
      if (std::abs(p - 0.5) > margin) continue;
      difference += examples.targets[i] - p;
      variance += p * (1 - p);
    }
    EXPECT_GT(variance, 50);
    EXPECT_LT(std::abs(difference), 5 * std::sqrt(variance)) << margin;
  }
}

TEST(PhageTwin, AGenomeStandsAloneAndDoesNotDependOnTheRows) {
  const Twin small(0, 600, 0.6), large(0, 6000, 0.6);
  for (const std::int64_t i : {339, 0, 17, 301}) {
    const Genome one = small.genome(i), other = large.genome(i);
    EXPECT_EQ(one.name, other.name);
    EXPECT_TRUE(other.sequence.starts_with(one.sequence));
    EXPECT_GT(other.sequence.size(), one.sequence.size());
  }
  EXPECT_NE(Twin(1, 600, 0.6).genome(0).sequence, small.genome(0).sequence);
}

TEST(PhageTwin, GoldenRow) {
  const Twin twin(0, 60000, 0.6);
  const std::string sequence = twin.genome(0).sequence.substr(0, kLength);
  EXPECT_EQ(sequence.substr(0, 40), "AAGAAGGGATTAATTCTCGAAACAAGAAATAAGTATTGTA");
  EXPECT_NEAR(twin.logit(sequence), 2.0435316552, 1e-8);
}

TEST(PhageTwin, EveryClassHasItsShareOfGenomes) {
  const auto few = test::phage_twin(50);  // fewer than genomes
  EXPECT_EQ(few->examples().rows(), 50);
  EXPECT_EQ(few->examples().counts.at("phage"), 30);
  const auto& groups = std::get<std::vector<std::string>>(few->examples().fields.at("group_id"));
  EXPECT_EQ(std::set<std::string>(groups.begin(), groups.end()).size(), 50u);
  EXPECT_EQ(test::phage_twin(1000, {{"rows", std::int64_t{100}}, {"positives", 0.3}})->examples().counts.at("phage"), 30);
}

TEST(PhageTwin, UsageOfBothClassesHasOneGcShare) {
  const TwinLaw law = twin_law();
  for (std::size_t table = 0; table < kTables; ++table) {
    std::array<double, 2> gc{};
    for (std::size_t codon = 0; codon < 64; ++codon) {
      const std::string letters = {kBases[codon / 16], kBases[codon / 4 % 4], kBases[codon % 4]};
      gc[0] += law.phage.usage[table][codon] * gc_share(letters);
      gc[1] += law.bacteria.usage[table][codon] * gc_share(letters);
    }
    EXPECT_NEAR(gc[0], gc[1], 1e-9);
    EXPECT_NEAR(gc[0], 0.40 + 0.02 * static_cast<double>(table), 1e-9);
  }
}

}  // namespace
}  // namespace seqbench::tasks::phage
