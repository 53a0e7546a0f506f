#include "models/blocks/linear_scores.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::models {
namespace linear_scores {
namespace {

constexpr std::array<std::string_view, 4> kState = {"features", "width", "coefficients", "intercept"};

void check_tensor(std::string_view model, std::string_view name, const at::Tensor& tensor, at::ScalarType dtype,
                  const std::vector<std::int64_t>& shape) {
  const auto text = [](at::ScalarType type, at::IntArrayRef sizes) {
    std::vector<std::string> parts;
    for (const std::int64_t size : sizes) parts.push_back(fmt::format("{}", size));
    return fmt::format("{} [{}]", c10::toString(type), join(parts, ", "));
  };
  if (tensor.scalar_type() == dtype && tensor.sizes() == at::IntArrayRef(shape)) return;
  throw InputError(fmt::format("{}: tensor '{}' must be {}, got {}", model, name, text(dtype, shape),
                               text(tensor.scalar_type(), tensor.sizes())));
}

}  // namespace
}  // namespace linear_scores

at::Tensor LinearScores::scores(const View& view, std::span<const std::int64_t> rows) const {
  SEQBENCH_ASSERT(coefficients.defined(), "fit or load_state comes before predict");
  std::vector<at::Tensor> blocks = {at::full({0, intercept.numel()}, 0, at::kDouble)};
  for_each_block(rows, [&](std::size_t, std::span<const std::int64_t> block) {
    blocks.push_back(at::addmm(intercept, columns.expand(view, block), coefficients));
  });
  return at::cat(blocks);
}

std::vector<NamedTensor> LinearScores::state() const {
  return {{"features", columns.features()},
          {"width", at::full({1}, columns.width(), at::kLong)},
          {"coefficients", coefficients},
          {"intercept", intercept}};
}

void LinearScores::load(std::string_view model, std::span<const NamedTensor> state) {
  const std::vector<at::Tensor> taken = take_tensors(model, state, linear_scores::kState);
  const std::int64_t kept = taken[0].numel();
  const std::int64_t targets = taken[3].numel();
  linear_scores::check_tensor(model, "features", taken[0], at::kLong, {kept});
  linear_scores::check_tensor(model, "width", taken[1], at::kLong, {1});
  linear_scores::check_tensor(model, "coefficients", taken[2], at::kDouble, {kept, targets});
  linear_scores::check_tensor(model, "intercept", taken[3], at::kDouble, {targets});
  *this = {Columns(taken[0].clone(), taken[1].item<std::int64_t>()), taken[2].clone(), taken[3].clone()};
}

std::vector<at::Tensor> take_tensors(std::string_view model, std::span<const NamedTensor> state,
                                     std::span<const std::string_view> names) {
  std::vector<at::Tensor> taken;
  for (const std::string_view name : names) {
    const auto found = std::ranges::find(state, name, &NamedTensor::name);
    if (found == state.end()) throw InputError(fmt::format("{}: tensor '{}' is missing", model, name));
    taken.push_back(found->tensor);
  }
  for (const NamedTensor& entry : state) {
    if (std::ranges::find(names, entry.name) == names.end()) {
      throw InputError(fmt::format("{}: tensor '{}' is surplus", model, entry.name));
    }
  }
  return taken;
}

std::vector<double> to_vector(const at::Tensor& values) {
  const at::Tensor plain = values.contiguous();
  const double* data = plain.const_data_ptr<double>();
  return {data, data + plain.numel()};
}

std::vector<double> checked_strengths(std::string_view model, std::vector<double> strengths) {
  if (strengths.empty()) throw InputError(fmt::format("{}: 'strengths' must name at least one", model));
  for (const double strength : strengths) {
    if (!std::isfinite(strength) || strength <= 0) {
      throw InputError(fmt::format("{}: 'strengths' must be positive and finite, got {}", model, strength));
    }
  }
  std::ranges::sort(strengths, std::greater<>());
  const auto repeats = std::ranges::unique(strengths);
  strengths.erase(repeats.begin(), repeats.end());
  return strengths;
}

void check_fit_rows(std::string_view model, const FitRows& train, const FitRows& validation, std::size_t strengths) {
  if (train.rows.empty()) throw InputError(fmt::format("{}: there are no training rows", model));
  if (strengths > 1 && validation.rows.empty()) {
    throw InputError(fmt::format("{}: {} strengths to choose from, but no validation rows", model, strengths));
  }
}

}  // namespace seqbench::models
