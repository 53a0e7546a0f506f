#pragma once
// What printed numbers say about themselves (HARNESS 8.10): pure arithmetic, no model and no data but a split's
// moments. A printed number stands for every exact one that rounds to it.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "harness/analyze/intervals.h"

namespace seqbench::analyze {

struct PrintedValue {
  double value = 0;
  double half_unit = 0;  // 0.00005 for 0.9863
  /// Whether this exact number may have been printed so; ties of rounding go either way.
  [[nodiscard]] bool holds(double exact) const;
};

/// Counts of a binary classifier on n rows.
struct Confusion {
  int tp = 0, fp = 0, fn = 0, tn = 0;
  [[nodiscard]] int n() const { return tp + fp + fn + tn; }
  [[nodiscard]] int errors() const { return fp + fn; }
  [[nodiscard]] int positives() const { return tp + fn; }
  auto operator<=>(const Confusion&) const = default;
};
[[nodiscard]] double f1_of(const Confusion& counts);   // NaN without any positive
[[nodiscard]] double mcc_of(const Confusion& counts);  // 0 where a class is empty or never predicted
[[nodiscard]] double accuracy_of(const Confusion& counts);

/// The counts-based metrics of one row of a table, as many as it prints.
struct PrintedClassifier {
  std::optional<PrintedValue> f1, mcc, accuracy;
};
/// Every confusion matrix of at most `most` rows that all printed metrics round from, sorted by n, then by counts. At
/// least two of the metrics must be printed (else InputError). A perfect row fits every n. Under 0.2 s for 600.
[[nodiscard]] std::vector<Confusion> confusions_that_fit(const PrintedClassifier& row, int most = 600);

/// An evaluation set: its rows, and how many of them are positive.
struct EvaluationSet {
  int n = 0, positives = 0;
  auto operator<=>(const EvaluationSet&) const = default;
};
/// Sets on which every row has at least one of its matrices (`fits[row]` from confusions_that_fit), sorted.
[[nodiscard]] std::vector<EvaluationSet> common_sets(std::span<const std::vector<Confusion>> fits);

/// The largest MCC that any confusion matrix of this F1 can have: sqrt(F1 / (2 - F1)).
/// Proof: with precision P, recall R, specificity S and negative predictive value V,
/// MCC = sqrt(P R S V) - sqrt((1-P)(1-R)(1-S)(1-V)) <= sqrt(P R). F1 fixes 1/P + 1/R = 2/F1, so P R = F1 (P + R) / 2,
/// and P + R, convex in P under that constraint, is largest at an end, P = 1 or R = 1, where the other is F1 / (2 -
/// F1).
[[nodiscard]] double largest_mcc(double f1);
/// 95 % interval of F1 behind counts. F1 = 2 J / (1 + J) with J = tp / (tp + fp + fn), and given tp + fp + fn that is
/// a binomial share: Wilson's ends, transformed (Hand et al. 2021 call J F-star). [0, 1] where no row counts.
[[nodiscard]] Interval f1_interval(const Confusion& counts);
/// At least 95 % interval of MCC, given how many rows are positive: Wilson's of sensitivity and of specificity, each
/// at sqrt(0.95), independent of each other; MCC grows with both, so that its ends are those of the box. [-1, 1] where
/// a class is empty.
[[nodiscard]] Interval mcc_interval(const Confusion& counts);

/// Whether no matrix at any prevalence rounds to both.
[[nodiscard]] bool impossible_pair(const PrintedValue& f1, const PrintedValue& mcc);

/// Whether `small` is the square of `large` within both roundings, and not `large` itself.
[[nodiscard]] bool is_square_of(const PrintedValue& small, const PrintedValue& large);

/// Labels of one part of the data, and the mean squared error printed for it with the tolerance allowed.
struct PrintedLoss {
  double mean = 0, variance = 0;  // of the labels
  double loss = 0, tolerance = 0;
};
/// The constant predictions c whose mean squared error, variance + (mean - c)^2, is within tolerance of every printed
/// one: the widest interval of them; nothing when no constant does. Needs at least one loss.
[[nodiscard]] std::optional<std::pair<double, double>> constants_that_reach(std::span<const PrintedLoss> losses);

/// Rows dealt at random into parts of n1 and n2, each with a loss in [0, range] under one predictor that was not chosen
/// on either: the probability that the mean losses differ by `difference` or more is at most
/// 2 exp(-2 difference^2 / (range^2 (1/n1 + 1/n2) (1 + 1/max(n1, n2)))). Given the rows of both parts, the smaller part
/// is a sample without replacement from them, so that Serfling (1974, Annals of Statistics 2, corollary 1.1) bounds its
/// mean against theirs, and the two parts' means differ by n1 + n2 over the larger part's rows times that.
[[nodiscard]] double exchangeable_bound(double difference, double range, std::int64_t n1, std::int64_t n2);

/// Two-sided exact probability of a count at least as unlikely as `hits` among n draws of share `share`.
[[nodiscard]] double binomial_p(int hits, int n, double share);

/// Kendall's tau-b of values against the levels they belong to, and the probability, over all orders of the values, of
/// one at least as large (exact up to 9 values, else normal with the variance for ties). NaN and 1 when all are equal.
struct Trend {
  double tau = 0, p = 1;
};
[[nodiscard]] Trend trend_of(std::span<const int> levels, std::span<const double> values);

/// A BERT encoder with a pooler and one regression output (Devlin 2018).
struct BertShape {
  std::int64_t layers = 0, hidden = 0, vocabulary = 0, positions = 0;
  std::int64_t feed_forward = 0;  // 0: four times hidden, BERT's own
};
/// 86,049,793 for 12 layers of 768, 10 words and 512 positions; 109,483,009 for BERT's own 30,522 words.
[[nodiscard]] std::int64_t bert_parameters(const BertShape& shape);

}  // namespace seqbench::analyze
