#include "harness/analyze/bootstrap.h"

#include <algorithm>

#include "harness/analyze/ordered.h"
#include "harness/analyze/sums.h"

namespace seqbench::analyze {
namespace {

using Predictions = std::span<const std::vector<double>>;

class General : public Resampler {
 public:
  General(const MetricInfo& metric, std::span<const double> truth, Predictions predictions)
      : metric_(metric), truth_(truth), predictions_(predictions) {}
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    return metric_.compute(truth_, predictions_[trial], weights_);
  }

 private:
  const MetricInfo& metric_;
  std::span<const double> truth_;
  Predictions predictions_;
};

class Spearman : public Resampler {
 public:
  Spearman(std::span<const double> truth, Predictions predictions, Ties ties) : truth_(order_of(truth)) {
    for (const std::vector<double>& trial : predictions) {
      predictions_.push_back(ties == Ties::kAsIs ? order_of(trial) : order_with_broken_ties(trial, 0));
    }
  }
  void weigh(std::span<const double> weights) override {
    Resampler::weigh(weights);
    rank_into(ranks_, truth_, weights);
  }
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    return spearman_of(ranks_, predictions_[trial], weights_);
  }

 private:
  Ordered truth_;
  std::vector<Ordered> predictions_;
  WeightedRanks ranks_;
};

class Kendall : public Resampler {
 public:
  Kendall(std::span<const double> truth, Predictions predictions) : truth_(order_of(truth)) {
    for (const std::vector<double>& trial : predictions) predictions_.push_back(order_of(trial));
  }
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    if (all_tied(truth_)) return undefined("truth is constant");
    if (all_tied(predictions_[trial])) return undefined("prediction is constant");
    return kendall_of(truth_, predictions_[trial], weights_);
  }

 private:
  /// Among rows that were drawn.
  [[nodiscard]] bool all_tied(const Ordered& order) const {
    int groups = 0;
    std::size_t begin = 0;
    for (const std::uint32_t end : order.group_ends) {
      bool drawn = false;
      for (std::size_t i = begin; i < end && !drawn; ++i) drawn = weights_[order.rows[i]] > 0;
      groups += drawn;
      if (groups > 1) return false;
      begin = end;
    }
    return true;
  }

  Ordered truth_;
  std::vector<Ordered> predictions_;
};

class AreaUnder : public Resampler {
 public:
  using Area = MetricValue(const Ordered&, std::span<const double>, std::span<const double>);
  AreaUnder(Area& area, std::span<const double> truth, Predictions predictions) : area_(area), truth_(truth) {
    for (const std::vector<double>& trial : predictions) predictions_.push_back(order_of(trial));
  }
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    return area_(predictions_[trial], truth_, weights_);
  }

 private:
  Area& area_;
  std::span<const double> truth_;
  std::vector<Ordered> predictions_;
};

/// A mean over rows (or its root): scores once, then a product a resample.
class MeanOfRows : public Resampler {
 public:
  MeanOfRows(RowScore score, bool root, std::span<const double> truth, Predictions predictions) : root_(root) {
    for (const std::vector<double>& trial : predictions) {
      std::vector<double>& scores = scores_.emplace_back();
      for (std::size_t i = 0; i < trial.size(); ++i) scores.push_back(score(truth[i], trial[i]));
      sums_.push_back(pairwise_sum(scores));
    }
  }
  void weigh(std::span<const double> weights) override {
    Resampler::weigh(weights);
    total_ = pairwise_sum(weights);
  }
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    const std::vector<double>& scores = scores_[trial];
    const double mean = sum_over(0, scores.size(), [&](std::size_t i) { return weights_[i] * scores[i]; }) / total_;
    return defined(root_ ? std::sqrt(mean) : mean);
  }
  [[nodiscard]] std::optional<double> without(std::size_t trial, std::span<const std::uint32_t> rows) const override {
    double sum = sums_[trial];
    for (const std::uint32_t row : rows) sum -= scores_[trial][row];
    const double mean = std::max(sum, 0.0) / static_cast<double>(scores_[trial].size() - rows.size());
    return root_ ? std::sqrt(mean) : mean;
  }

 private:
  bool root_;
  std::vector<double> sums_;  // of all rows
  std::vector<std::vector<double>> scores_;
  double total_ = 0;
};

/// pearson and r2 from moments about the means of all rows, near which resampled means lie. Where a resample
/// varies so little that moments would cancel, the general path decides.
class OfMoments : public General {
 public:
  OfMoments(const MetricInfo& metric, std::span<const double> truth, Predictions predictions)
      : General(metric, truth, predictions), correlation_(metric.name == "pearson") {
    const Rows all{truth, truth, {}};
    const Centred t(all, truth);
    truth_ = t.values;
    for (const std::vector<double>& trial : predictions) {
      std::vector<double>& other = others_.emplace_back(correlation_ ? Centred(all, trial).values : trial);
      for (std::size_t i = 0; i < trial.size() && !correlation_; ++i) other[i] = (truth[i] - trial[i]) / t.scale;
      Moments& sums = sums_.emplace_back();
      sums.rows = static_cast<double>(truth_.size());
      for (std::size_t i = 0; i < truth_.size(); ++i) sums.add(1, truth_[i], other[i]);
    }
  }
  void weigh(std::span<const double> weights) override {
    General::weigh(weights);
    total_ = pairwise_sum(weights);
    mean_ = weighted([&](std::size_t i) { return truth_[i]; });
    variance_ = weighted([&](std::size_t i) { return truth_[i] * truth_[i]; }) - mean_ * mean_;
  }
  [[nodiscard]] std::optional<double> without(std::size_t trial, std::span<const std::uint32_t> rows) const override {
    Moments m = sums_[trial];
    m.rows -= static_cast<double>(rows.size());
    for (const std::uint32_t row : rows) m.add(-1, truth_[row], others_[trial][row]);
    const double t = m.truth_square / m.rows - m.truth / m.rows * m.truth / m.rows;
    const double o = m.other_square / m.rows - m.other / m.rows * m.other / m.rows;
    if (!(t > kLeast) || (correlation_ && !(o > kLeast))) return std::nullopt;
    if (!correlation_) return 1 - m.other_square / m.rows / t;
    return std::clamp((m.product / m.rows - m.truth / m.rows * m.other / m.rows) / std::sqrt(t * o), -1.0, 1.0);
  }
  [[nodiscard]] MetricValue value(std::size_t trial) const override {
    const std::vector<double>& other = others_[trial];
    const double square = weighted([&](std::size_t i) { return other[i] * other[i]; });
    if (!(variance_ > kLeast)) return General::value(trial);
    if (!correlation_) return defined(1 - square / variance_);
    const double mean = weighted([&](std::size_t i) { return other[i]; });
    const double variance = square - mean * mean;
    if (!(variance > kLeast)) return General::value(trial);
    const double product = weighted([&](std::size_t i) { return truth_[i] * other[i]; }) - mean_ * mean;
    return defined(std::clamp(product / std::sqrt(variance_ * variance), -1.0, 1.0));
  }

 private:
  static constexpr double kLeast = 1e-5;  // of a variance whose largest deviation is 1

  /// Sums over rows.
  struct Moments {
    double rows = 0, truth = 0, other = 0, truth_square = 0, other_square = 0, product = 0;
    void add(double sign, double t, double o) {
      truth += sign * t;
      other += sign * o;
      truth_square += sign * t * t;
      other_square += sign * o * o;
      product += sign * t * o;
    }
  };

  template <typename Term>
  [[nodiscard]] double weighted(const Term& term) const {
    return sum_over(0, truth_.size(), [&](std::size_t i) { return weights_[i] * term(i); }) / total_;
  }

  bool correlation_;
  std::vector<double> truth_;                 // centred and scaled
  std::vector<Moments> sums_;                 // of all rows
  std::vector<std::vector<double>> others_;  // pearson: predictions, centred and scaled; r2: errors, as truth is scaled
  double total_ = 0, mean_ = 0, variance_ = 0;
};

}  // namespace

std::unique_ptr<Resampler> make_resampler(const MetricInfo& metric, std::span<const double> truth,
                                          Predictions predictions) {
  if (metric.name == "spearman") return std::make_unique<Spearman>(truth, predictions, Ties::kAsIs);
  if (metric.name == "spearman_break_random") return std::make_unique<Spearman>(truth, predictions, Ties::kBreakRandom);
  if (metric.name == "kendall") return std::make_unique<Kendall>(truth, predictions);
  if (metric.name == "auroc") return std::make_unique<AreaUnder>(auroc_of, truth, predictions);
  if (metric.name == "auprc") return std::make_unique<AreaUnder>(auprc_of, truth, predictions);
  if (metric.name == "pearson" || metric.name == "r2") return std::make_unique<OfMoments>(metric, truth, predictions);
  if (const RowScore score = row_score(metric.name)) {
    return std::make_unique<MeanOfRows>(score, metric.name == "rmse", truth, predictions);
  }
  return std::make_unique<General>(metric, truth, predictions);
}

}  // namespace seqbench::analyze
