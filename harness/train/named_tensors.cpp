#include "harness/train/named_tensors.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/ScalarType.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::train {
namespace named_tensors {
namespace {

using ByName = std::map<std::string, at::Tensor, std::less<>>;

/// "Float [3, 4]"
std::string form(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "));
}

bool same_form(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
}

}  // namespace
}  // namespace named_tensors

std::vector<NamedTensor> tensors_of(Network& network) {
  std::vector<NamedTensor> result = network.parameters();
  append(result, "", network.buffers());
  std::vector<std::string> names;
  for (const NamedTensor& entry : result) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  SEQBENCH_ASSERT(std::adjacent_find(names.begin(), names.end()) == names.end(),
                  "names of parameters and buffers are unique");
  return result;
}

std::vector<NamedTensor> copies(std::span<const NamedTensor> tensors) {
  std::vector<NamedTensor> result;
  result.reserve(tensors.size());
  for (const NamedTensor& entry : tensors) result.push_back({entry.name, entry.tensor.detach().clone()});
  return result;
}

void append(std::vector<NamedTensor>& into, const std::string& prefix, std::span<const NamedTensor> tensors) {
  for (const NamedTensor& entry : tensors) into.push_back({prefix + entry.name, entry.tensor});
}

const at::Tensor* find(std::span<const NamedTensor> tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& entry) { return entry.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}

void check_same(std::span<const NamedTensor> given, std::span<const NamedTensor> wanted, const std::string& what) {
  std::vector<std::string> faults;
  named_tensors::ByName present;
  for (const NamedTensor& entry : given) {
    if (!present.emplace(entry.name, entry.tensor).second) faults.push_back("twice '" + printable(entry.name) + "'");
  }
  for (const NamedTensor& entry : wanted) {
    const auto found = present.find(entry.name);
    if (found == present.end()) {
      faults.push_back("missing '" + entry.name + "'");
      continue;
    }
    if (!named_tensors::same_form(found->second, entry.tensor)) {
      faults.push_back(fmt::format("'{}' is {}, expected {}", entry.name, named_tensors::form(found->second),
                                   named_tensors::form(entry.tensor)));
    }
    present.erase(found);
  }
  for (const auto& [name, tensor] : present) faults.push_back("surplus '" + printable(name) + "'");
  if (!faults.empty()) throw InputError(what + ": " + join(faults, "; "));
}

void copy_values(std::span<const NamedTensor> from, std::span<const NamedTensor> into) {
  const at::NoGradGuard no_grad;
  named_tensors::ByName values;
  for (const NamedTensor& entry : from) values.emplace(entry.name, entry.tensor);
  for (const NamedTensor& entry : into) {
    const auto found = values.find(entry.name);
    SEQBENCH_ASSERT(found != values.end(), "check_same comes first");
    entry.tensor.copy_(found->second);
  }
}

}  // namespace seqbench::train
