#include "models/two_state/prior.h"

#include <ATen/ops/diag.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_matrix_exp.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "models/blocks/aaindex.h"

namespace seqbench::models::two_state {
namespace prior {
namespace {

constexpr double kOwn = 0.3, kPosition = 0.3, kPositionAlike = 1.0, kNear = 0.5, kArrow = 0.3, kStops = 2.0;
constexpr double kLength = 1.5;     // of likeness, in units of the components' root mean square
constexpr double kDiffusion = 2.0;  // over the graph of contacts

/// f64 [symbols + 1, symbols + 1], the last is padding.
at::Tensor likeness(std::int64_t symbols, bool protein) {
  at::Tensor alike = at::eye(symbols + 1, at::kDouble);
  if (!protein) return alike;
  auto* values = alike.mutable_data_ptr<double>();
  const auto& components = aa_components();
  double square = 0;
  for (const auto& row : components) {
    for (const float value : row) square += static_cast<double>(value) * value / static_cast<double>(kAminoAcids);
  }
  for (std::size_t i = 0; i < components.size(); ++i) {
    for (std::size_t j = 0; j < components.size(); ++j) {
      double distance = 0;
      for (std::size_t k = 0; k < components[i].size(); ++k) {
        const double step = static_cast<double>(components[i][k]) - static_cast<double>(components[j][k]);
        distance += step * step;
      }
      values[static_cast<std::int64_t>(i) * (symbols + 1) + static_cast<std::int64_t>(j)] = std::exp(-distance / square / (2 * kLength * kLength));
    }
  }
  return alike;
}

/// f64 [positions, positions]; undefined without contacts.
at::Tensor nearness(const std::vector<Contact>& contacts, std::int64_t positions) {
  if (contacts.empty()) return {};
  const at::Tensor touches = touching(contacts, positions).to(at::kDouble);
  const at::Tensor degree = touches.sum(1), root = degree.clamp_min(1).rsqrt();
  const at::Tensor laplacian = at::diag(degree).sub(touches).mul(root.unsqueeze(1)).mul(root);
  const at::Tensor near = at::linalg_matrix_exp(laplacian.mul(-kDiffusion));
  const at::Tensor scale = near.diag().rsqrt();
  return near.mul(scale.unsqueeze(1)).mul(scale);
}

}  // namespace
}  // namespace prior

at::Tensor prior_covariance(std::span<const Substitution> substitutions, const std::vector<Contact>& contacts,
                            std::int64_t positions, std::int64_t symbols, bool protein) {
  using namespace prior;
  std::vector<std::int64_t> position, from, to;
  std::vector<double> stop;
  for (const Substitution& s : substitutions) {
    position.push_back(s.position);
    from.push_back(s.from);
    to.push_back(s.to);
    stop.push_back(s.to >= (protein ? kAminoAcids : symbols) ? 1 : 0);
  }
  const auto index = [](const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); };
  const auto pairs = [](const at::Tensor& table, const at::Tensor& at_V) { return table.index_select(0, at_V).index_select(1, at_V); };
  const at::Tensor alike = likeness(symbols, protein), position_V = index(position), stop_V = at::tensor(stop, at::kDouble);
  const at::Tensor none_V = stop_V.neg().add(1);
  const at::Tensor none_VV = none_V.unsqueeze(1).mul(none_V), both_VV = stop_V.unsqueeze(1).mul(stop_V);
  const at::Tensor to_VV = pairs(alike, index(to)), from_VV = pairs(alike, index(from));
  const at::Tensor same_VV = position_V.unsqueeze(1).eq(position_V).to(at::kDouble);
  at::Tensor covariance = same_VV.mul(to_VV.mul(kPositionAlike).add(kPosition)).add(from_VV.mul(to_VV).mul(kArrow));
  if (const at::Tensor near = nearness(contacts, positions); near.defined()) {
    covariance = covariance.add(pairs(near, position_V).mul(to_VV.add(1)).mul(kNear / 2));
  }
  return covariance.mul(none_VV).add(both_VV.mul(kStops)).add(at::eye(static_cast<std::int64_t>(substitutions.size()), at::kDouble).mul(kOwn));
}

}  // namespace seqbench::models::two_state
