#include "harness/analyze/metrics.h"

#include <algorithm>
#include <array>

#include "harness/analyze/sums.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::analyze {
namespace {

constexpr std::array<MetricInfo, 15> kMetrics = {{
    {"accuracy", "share of rows whose class is right; a probability of 0.5 or more is class 1", true, true, true, 1,
     &accuracy},
    {"auprc", "average precision", true, true, true, 1, &auprc},
    {"auroc", "area under the ROC curve", true, true, true, 1, &auroc},
    {"calibration_error", "expected calibration error over 15 bins of probability of equal width", false, true, false, 1,
     &calibration_error},
    {"f1", "F1 of class 1; a probability of 0.5 or more is class 1", true, true, false, 1, &f1},
    {"kendall", "Kendall's rank correlation, tau-b", true, false, false, 1, &kendall},
    {"log_loss", "mean negative log likelihood, natural logarithm", false, true, true, 1, &log_loss},
    {"mae", "mean absolute error", false, false, false, 1, &mae},
    {"mcc", "Matthews correlation of classes; a probability of 0.5 or more is class 1", true, true, false, 1, &mcc},
    {"mse", "mean squared error", false, false, true, 1, &mse},
    {"pearson", "Pearson correlation", true, false, true, 1, &pearson},
    {"r2", "coefficient of determination", true, false, true, 1, &r2},
    {"rmse", "root of the mean squared error", false, false, true, 1, &rmse},
    {"spearman", "Spearman correlation, ties at midranks", true, false, false, 1, &spearman_as_is},
    {"spearman_break_random", "Spearman correlation, ties among predictions broken at random", true, false, false, 1,
     &spearman_break_random},
}};
static_assert(std::ranges::is_sorted(kMetrics, {}, &MetricInfo::name));

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
}

}  // namespace

std::span<const MetricInfo> metrics_table() { return kMetrics; }

const MetricInfo& metric(std::string_view name) {
  const auto found = std::ranges::find(kMetrics, name, &MetricInfo::name);
  if (found != kMetrics.end()) return *found;
  std::vector<std::string> names;
  for (const MetricInfo& info : kMetrics) names.emplace_back(info.name);
  const auto near = nearest(name, names);
  throw InputError("unknown metric '" + printable(name) + "'; " +
                   (near ? "nearest: '" + *near + "'" : "known: " + join(names, ", ")));
}

double pairwise_sum(std::span<const double> values) {
  return sum_over(0, values.size(), [&](std::size_t i) { return values[i]; });
}

std::optional<MetricValue> fault_of(const Rows& rows) {
  SEQBENCH_ASSERT(rows.truth.size() == rows.prediction.size(), "one prediction a row");
  SEQBENCH_ASSERT(rows.weights.empty() || rows.weights.size() == rows.size(), "one weight a row, or none");
  if (rows.size() == 0) return undefined("no rows");
  if (!all_finite(rows.truth)) return undefined("a truth is not finite");
  if (!all_finite(rows.prediction)) return undefined("a prediction is not finite");
  const auto bad_weight = [](double w) { return !std::isfinite(w) || w < 0; };
  if (std::ranges::any_of(rows.weights, bad_weight)) return undefined("a weight is negative or not finite");
  if (!(rows.total_weight() > 0)) return undefined("all weights are 0");
  return std::nullopt;
}

std::optional<MetricValue> fault_of_classes(const Rows& rows, bool probabilities) {
  if (auto fault = fault_of(rows)) return fault;
  if (!std::ranges::all_of(rows.truth, [](double y) { return y == 0 || y == 1; })) {
    return undefined("a truth is neither 0 nor 1");
  }
  if (probabilities && !std::ranges::all_of(rows.prediction, [](double p) { return p >= 0 && p <= 1; })) {
    return undefined("a probability is outside [0, 1]");
  }
  return std::nullopt;
}

bool is_constant(std::span<const double> values, std::span<const double> weights) {
  const double* first = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!weights.empty() && weights[i] == 0) continue;
    if (first == nullptr) first = &values[i];
    if (values[i] != *first) return false;
  }
  return true;
}

RowScore row_score(std::string_view metric) {
  const RowScore score = regression_score(metric);
  return score != nullptr ? score : class_score(metric);
}

double mean_score(const Rows& rows, RowScore score) {
  return rows.weighted_sum([&](std::size_t i) { return score(rows.truth[i], rows.prediction[i]); }) /
         rows.total_weight();
}

MetricValue defined(double value) { return std::isnan(value) ? undefined("overflow") : MetricValue{value, ""}; }

}  // namespace seqbench::analyze
