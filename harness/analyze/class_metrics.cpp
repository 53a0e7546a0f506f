#include <algorithm>
#include <array>

#include "harness/analyze/sums.h"

namespace seqbench::analyze {
namespace {

double right(double truth, double prediction) { return (truth == 1) == (prediction >= 0.5) ? 1 : 0; }

double negative_log_likelihood(double truth, double prediction) {
  constexpr double kClip = 1e-15;
  const double p = std::clamp(prediction, kClip, 1 - kClip);
  return truth == 1 ? -std::log(p) : -std::log1p(-p);
}

/// Weights of the four outcomes; a probability of 0.5 or more is class 1.
struct Confusion {
  double true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;

  explicit Confusion(const Rows& rows) {
    const auto weight_of = [&](bool positive, bool predicted) {
      return rows.weighted_sum([&](std::size_t i) {
        return (rows.truth[i] == 1) == positive && (rows.prediction[i] >= 0.5) == predicted ? 1.0 : 0.0;
      });
    };
    true_positive = weight_of(true, true);
    false_positive = weight_of(false, true);
    false_negative = weight_of(true, false);
    true_negative = weight_of(false, false);
  }
};

}  // namespace

RowScore class_score(std::string_view metric) {
  if (metric == "accuracy") return &right;
  return metric == "log_loss" ? &negative_log_likelihood : nullptr;
}

MetricValue accuracy(std::span<const double> truth, std::span<const double> prediction,
                     std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of_classes(rows, true)) return *fault;
  return defined(mean_score(rows, &right));
}

MetricValue f1(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of_classes(rows, true)) return *fault;
  const Confusion c(rows);
  const double all = 2 * c.true_positive + c.false_positive + c.false_negative;
  if (all == 0) return undefined("no positive in truth and none predicted");
  return defined(2 * c.true_positive / all);
}

MetricValue mcc(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of_classes(rows, true)) return *fault;
  const Confusion c(rows);
  const double margins = std::sqrt(c.true_positive + c.false_positive) * std::sqrt(c.true_positive + c.false_negative) *
                         std::sqrt(c.true_negative + c.false_positive) * std::sqrt(c.true_negative + c.false_negative);
  if (margins == 0) return {0, ""};
  return defined((c.true_positive * c.true_negative - c.false_positive * c.false_negative) / margins);
}

MetricValue log_loss(std::span<const double> truth, std::span<const double> prediction,
                     std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of_classes(rows, true)) return *fault;
  return defined(mean_score(rows, &negative_log_likelihood));
}

MetricValue calibration_error(std::span<const double> truth, std::span<const double> prediction,
                              std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of_classes(rows, true)) return *fault;
  constexpr int kBins = 15;
  std::array<double, kBins> gaps{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto bin = static_cast<std::size_t>(std::min(std::floor(prediction[i] * kBins), kBins - 1.0));
    gaps[bin] += rows.weight(i) * (truth[i] - prediction[i]);
  }
  double sum = 0;
  for (const double gap : gaps) sum += std::abs(gap);
  return defined(sum / rows.total_weight());
}

}  // namespace seqbench::analyze
