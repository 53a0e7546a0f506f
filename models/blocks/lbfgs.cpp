#include "models/blocks/lbfgs.h"

#include <fmt/format.h>

#include <deque>
#include <vector>

#include "harness/base/error.h"

namespace seqbench::models {
namespace lbfgs {
namespace {

constexpr std::size_t kMemory = 20;
constexpr int kMaxHalvings = 40;
constexpr double kDescent = 1e-4;    // of what the slope promises (Armijo)
constexpr double kLeastBend = 1e-12;  // of a pair, against its length

double dot(const at::Tensor& a, const at::Tensor& b) { return a.dot(b).item<double>(); }

struct Pair {
  at::Tensor step, change;  // of the variables, of the gradient
  double rho = 0;
};

/// The step of least value by the curvature met so far.
at::Tensor direction(const std::deque<Pair>& pairs, const at::Tensor& gradient) {
  at::Tensor q = gradient.neg();
  std::vector<double> alphas(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    alphas[i] = pairs[i].rho * dot(pairs[i].step, q);
    q.sub_(pairs[i].change, alphas[i]);
  }
  if (!pairs.empty()) q.div_(pairs.back().rho * dot(pairs.back().change, pairs.back().change));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    q.add_(pairs[i].step, alphas[i] - pairs[i].rho * dot(pairs[i].change, q));
  }
  return q;
}

void remember(std::deque<Pair>& pairs, at::Tensor step, at::Tensor change) {
  const double bend = dot(step, change);
  if (!(bend > kLeastBend * dot(step, step))) return;
  if (pairs.size() == kMemory) pairs.pop_front();
  pairs.push_back({std::move(step), std::move(change), 1 / bend});
}

}  // namespace
}  // namespace lbfgs

at::Tensor minimize_lbfgs(const std::function<Slope(const at::Tensor&)>& function, at::Tensor theta, std::string_view what,
                          const LbfgsOptions& options) {
  Slope at = function(theta);
  std::deque<lbfgs::Pair> pairs;
  for (int step = 0; step < options.most_steps; ++step) {
    at::Tensor direction = lbfgs::direction(pairs, at.gradient);
    const double slope = lbfgs::dot(at.gradient, direction);
    if (-slope / 2 <= options.converged * (1 + at.value) && !pairs.empty()) return theta;
    if (slope == 0) return theta;
    if (pairs.empty()) direction.div_(1 + at.gradient.norm().item<double>());
    const double descent = lbfgs::kDescent * lbfgs::dot(at.gradient, direction);
    double length = 1;
    Slope next = function(theta.add(direction));
    for (int halving = 0; !(next.value <= at.value + length * descent) && halving < lbfgs::kMaxHalvings; ++halving) {
      length /= 2;
      next = function(theta.add(direction, length));
    }
    if (!(next.value < at.value)) return theta;  // nothing below in reach of rounding
    at::Tensor moved = direction.mul_(length);
    lbfgs::remember(pairs, moved, next.gradient.sub(at.gradient));
    theta = theta.add(moved);
    at = std::move(next);
  }
  if (!options.must_converge) return theta;
  throw InputError(fmt::format("{}: no convergence in {} L-BFGS steps", what, options.most_steps));
}

}  // namespace seqbench::models
