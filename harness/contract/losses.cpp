#include "harness/contract/model.h"

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/mse_loss.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {
namespace {

at::Tensor squared_error(const at::Tensor& outputs, const at::Tensor& labels) {
  return at::mse_loss(outputs, labels, at::Reduction::None);
}

at::Tensor huber_error(const at::Tensor& outputs, const at::Tensor& labels) {
  return at::huber_loss(outputs, labels, at::Reduction::None, 1.0);
}

// Not spelled out with clamp and abs: their subgradients at logit 0 would add up to a wrong one.
at::Tensor logistic_error(const at::Tensor& logits, const at::Tensor& labels) {
  return at::binary_cross_entropy_with_logits(logits, labels, {}, {}, at::Reduction::None);
}

struct Loss {
  std::string_view name;
  at::Tensor (*each)(const at::Tensor& outputs, const at::Tensor& labels);  // [B, T] -> [B, T]
};
constexpr std::array<Loss, 3> kLosses = {
    {{"mse", &squared_error}, {"huber", &huber_error}, {"bce", &logistic_error}}};

const Loss& find_loss(std::string_view name) {
  const auto found =
      std::find_if(kLosses.begin(), kLosses.end(), [name](const Loss& loss) { return loss.name == name; });
  if (found != kLosses.end()) return *found;
  std::vector<std::string> names;
  for (const Loss& loss : kLosses) names.emplace_back(loss.name);
  throw InputError(fmt::format("unknown loss '{}'; known: {}", printable(name), join(names, ", ")));
}

}  // namespace

at::Tensor Batch::input_if_any(std::string_view name) const {
  const auto found = std::ranges::find(inputs, name, &NamedTensor::name);
  return found == inputs.end() ? at::Tensor() : found->tensor;
}

const at::Tensor& Batch::input(std::string_view name) const {
  const auto found = std::ranges::find(inputs, name, &NamedTensor::name);
  SEQBENCH_ASSERT(found != inputs.end(), fmt::format("the batch has no input '{}'", name).c_str());
  return found->tensor;
}

void Network::write_folder(const std::filesystem::path& folder, const TargetScale&) const {
  throw InputError(fmt::format("{}: this model has no folder form; the transformers have one", folder.string()));
}

LossSum loss_sum(std::string_view name, const at::Tensor& outputs, const Batch& batch) {
  const Loss& loss = find_loss(name);
  SEQBENCH_ASSERT(outputs.dim() == 2 && outputs.sizes() == batch.labels.sizes(), "outputs and labels are both [B, T]");
  const at::Tensor each_BT = loss.each(outputs, batch.labels);
  const at::Tensor each_B = each_BT.size(1) == 1 ? each_BT.squeeze(1) : each_BT.sum(1);
  if (!batch.weights.defined()) return {each_B.sum(), static_cast<double>(outputs.numel())};
  SEQBENCH_ASSERT(batch.weights.sizes() == each_B.sizes(), "weights are [B]");
  const double weight = batch.weights.sum(at::kDouble).item<double>();
  return {each_B.dot(batch.weights.to(each_B.scalar_type())), weight * static_cast<double>(outputs.size(1))};
}

}  // namespace seqbench
