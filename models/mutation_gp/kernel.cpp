#include "models/mutation_gp/kernel.h"

#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_cholesky_ex.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "harness/base/error.h"
#include "models/blocks/lbfgs.h"

namespace seqbench::models::mutation_gp {
namespace kernel {
namespace {

using Values = std::array<double, 5>;

constexpr Values kLeast = {1e-3, 0.1, 1e-4, 1e-4, 1e-3};
constexpr Values kMost = {1e2, 1e4, 1e1, 1e2, 1e1};
constexpr std::array<double, 3> kStarts = {0.25, 1, 4};  // lengths, in mean distances
constexpr int kMostSteps = 60;
constexpr double kConverged = 1e-11;  // of the evidence of one reading: some 1e-7 of that of thousands

/// A free variable moves each value between its bounds, evenly in logarithms near the middle.
double bounded(double free, std::size_t i) {
  const double share = 1 / (1 + std::exp(-free));
  return kLeast[i] * std::pow(kMost[i] / kLeast[i], share);
}

double unbounded(double value, std::size_t i) {
  const double share = std::log(value / kLeast[i]) / std::log(kMost[i] / kLeast[i]);
  const double inside = std::clamp(share, 0.01, 0.99);
  return std::log(inside / (1 - inside));
}

/// Of the logarithm of a value by its free variable.
double stretch(double free, std::size_t i) {
  const double share = 1 / (1 + std::exp(-free));
  return std::log(kMost[i] / kLeast[i]) * share * (1 - share);
}

Kernel kernel_at(const at::Tensor& theta) {
  Values values = {};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = bounded(theta.const_data_ptr<double>()[i], i);
  return Kernel::of(values);
}

/// What L-BFGS minimizes: the evidence of one reading, turned round and moved above 0 (a density is at most that of the
/// least noise).
Slope slope_at(const at::Tensor& theta, const Readings& readings) {
  const Evidence found = evidence(kernel_at(theta), readings);
  const double count = static_cast<double>(readings.targets.numel());
  Slope slope{-found.value / count - std::log(kLeast.back()), at::empty({5}, at::kDouble)};
  for (std::size_t i = 0; i < found.slopes.size(); ++i) {
    const double free = theta.const_data_ptr<double>()[i];
    slope.gradient.mutable_data_ptr<double>()[i] = -found.slopes[i] * stretch(free, i) / count;
  }
  return slope;
}

/// Half of the variance noise, the rest shared by the terms.
at::Tensor start(const Readings& readings, double length) {
  const double members = readings.common.shared.diagonal().mean().item<double>();
  const Values values = {0.5, length, 0.3 / std::sqrt(std::max(members, 1.0)), 0.3, 0.7};
  at::Tensor theta = at::empty({5}, at::kDouble);
  for (std::size_t i = 0; i < values.size(); ++i) theta.mutable_data_ptr<double>()[i] = unbounded(values[i], i);
  return theta;
}

}  // namespace
}  // namespace kernel

Kernel Kernel::of(std::span<const double> values) {
  SEQBENCH_ASSERT(values.size() == 5, "a kernel has five values");
  return {values[0], values[1], values[2], values[3], values[4]};
}

at::Tensor Kernel::decay(const Common& common) const {
  return common.distance.div(-length).exp_().mul_(amplitude * amplitude);
}

at::Tensor Kernel::covariance(const Common& common) const {
  return decay(common).add_(common.shared, linear * linear).add_(constant * constant);
}

at::Tensor Kernel::variance(const at::Tensor& sizes) const {
  return sizes.mul(linear * linear).add_(amplitude * amplitude + constant * constant);
}

bool is_kernel(const Kernel& kernel) {
  const std::array<double, 5> values = kernel.values();
  const bool usable = std::ranges::all_of(values, [](double v) { return v >= 0 && std::isfinite(v); });
  return usable && kernel.length > 0 && kernel.noise > 0;
}

Evidence evidence(const Kernel& kernel, const Readings& readings) {
  at::Tensor all = kernel.covariance(readings.common);
  all.diagonal().add_(readings.variance, kernel.noise * kernel.noise);
  const auto [factor, info] = at::linalg_cholesky_ex(all);
  if (info.item<int>() != 0) return {-std::numeric_limits<double>::infinity(), {}};
  const at::Tensor alpha = at::cholesky_solve(readings.targets, factor);
  const double targets = static_cast<double>(readings.targets.size(1));
  const double count = static_cast<double>(readings.targets.size(0));
  const double fit = readings.targets.mul(alpha).sum().item<double>();
  const double volume = 2 * factor.diagonal().log().sum().item<double>();
  Evidence found{-(fit + targets * (volume + count * std::log(2 * std::numbers::pi))) / 2, {}};
  const at::Tensor near = kernel.decay(readings.common);
  // Half the trace of pull times the derivative of the covariance, for each logarithm.
  const at::Tensor pull = alpha.matmul(alpha.t()).sub_(at::cholesky_inverse(factor), targets);
  const auto half_trace = [&](const at::Tensor& derivative) { return pull.mul(derivative).sum().item<double>() / 2; };
  found.slopes = {2 * half_trace(near), half_trace(near.mul(readings.common.distance)) / kernel.length,
                  2 * kernel.linear * kernel.linear * half_trace(readings.common.shared),
                  kernel.constant * kernel.constant * pull.sum().item<double>(),
                  kernel.noise * kernel.noise * pull.diagonal().dot(readings.variance).item<double>()};
  return found;
}

Kernel most_likely(const Readings& readings, const std::function<void()>& check_stop) {
  const auto slope = [&](const at::Tensor& theta) {
    check_stop();
    return kernel::slope_at(theta, readings);
  };
  const double distance = readings.common.distance.mean().item<double>();
  at::Tensor best;
  double least = std::numeric_limits<double>::infinity();
  for (const double share : kernel::kStarts) {
    at::Tensor theta = kernel::start(readings, std::max(distance, 1.0) * share);
    const double value = slope(theta).value;
    if (best.defined() && !(value < least)) continue;
    least = value;
    best = std::move(theta);
  }
  const LbfgsOptions options{.most_steps = kernel::kMostSteps, .converged = kernel::kConverged, .must_converge = false};
  return kernel::kernel_at(minimize_lbfgs(slope, best, "mutation_gp", options));
}

}  // namespace seqbench::models::mutation_gp
