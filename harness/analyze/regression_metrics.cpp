#include <algorithm>

#include "harness/analyze/sums.h"

namespace seqbench::analyze {
namespace {

double product_sum(const Rows& rows, const Centred& a, const Centred& b) {
  return rows.weighted_sum([&](std::size_t i) { return a.values[i] * b.values[i]; });
}

double squared(double truth, double prediction) { return (truth - prediction) * (truth - prediction); }
double absolute(double truth, double prediction) { return std::abs(truth - prediction); }

}  // namespace

Centred::Centred(const Rows& rows, std::span<const double> column) : values(column.begin(), column.end()) {
  const double total = rows.total_weight();
  for (int pass = 0; pass < 2; ++pass) {  // the second removes the rounding of the first mean
    const double mean = rows.weighted_sum([&](std::size_t i) { return values[i]; }) / total;
    for (double& value : values) value -= mean;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (rows.weight(i) > 0) scale = std::max(scale, std::abs(values[i]));
  }
  for (double& value : values) value /= scale;
}

RowScore regression_score(std::string_view metric) {
  if (metric == "mse" || metric == "rmse") return &squared;
  return metric == "mae" ? &absolute : nullptr;
}

MetricValue mse(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of(rows)) return *fault;
  return defined(mean_score(rows, &squared));
}

MetricValue rmse(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  MetricValue result = mse(truth, prediction, weights);
  result.value = std::sqrt(result.value);
  return result;
}

MetricValue mae(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of(rows)) return *fault;
  return defined(mean_score(rows, &absolute));
}

MetricValue r2(std::span<const double> truth, std::span<const double> prediction, std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of(rows)) return *fault;
  if (is_constant(truth, weights)) return undefined("truth is constant");
  const Centred centred(rows, truth);
  const double error = rows.weighted_sum([&](std::size_t i) {
    const double scaled = (truth[i] - prediction[i]) / centred.scale;
    return scaled * scaled;
  });
  return defined(1 - error / product_sum(rows, centred, centred));
}

MetricValue pearson(std::span<const double> truth, std::span<const double> prediction,
                    std::span<const double> weights) {
  const Rows rows{truth, prediction, weights};
  if (auto fault = fault_of(rows)) return *fault;
  if (is_constant(truth, weights)) return undefined("truth is constant");
  if (is_constant(prediction, weights)) return undefined("prediction is constant");
  const Centred t(rows, truth);
  const Centred p(rows, prediction);
  const double norms = std::sqrt(product_sum(rows, t, t)) * std::sqrt(product_sum(rows, p, p));
  return defined(std::clamp(product_sum(rows, t, p) / norms, -1.0, 1.0));
}

}  // namespace seqbench::analyze
